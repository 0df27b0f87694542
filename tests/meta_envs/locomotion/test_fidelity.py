"""With nominal bodies and Gymnasium's numbers, rows do what Gymnasium's environments do, exactly.

N rows; a row here is compared with a Gymnasium environment of its own.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
import pytest

from meta_envs.laws.case import same_bits
from meta_envs.locomotion.family import Locomotion

STEPS = 100
THEIRS = {
    "hopper": "Hopper-v5",
    "walker2d": "Walker2d-v5",
    "half_cheetah": "HalfCheetah-v5",
    "ant": "Ant-v5",
    "humanoid": "Humanoid-v5",
    "swimmer": "Swimmer-v5",
}
BODIES = pytest.mark.parametrize("body", THEIRS)


def _ours(body: str, **arguments: Any) -> Locomotion:
    return Locomotion(body=body, source="gymnasium", contact_forces=True, **arguments)


def _theirs(body: str) -> Any:
    return gym.make(THEIRS[body]).unwrapped


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo's warnings of Gymnasium's MJCF become a file in the working directory."""
    monkeypatch.chdir(tmp_path)


def _follow(body: str, num_envs: int, threads: int) -> np.ndarray:
    """Step both and compare everything; return which rows fell in which step, bool [T, N]."""
    ours = _ours(body, num_envs=num_envs, threads=threads)
    first, _ = ours.reset(seed=3)
    theirs = [_theirs(body) for _ in range(num_envs)]
    for row, one in enumerate(theirs):
        mujoco.mj_resetData(one.model, one.data)  # what its `reset` does, but for the noise
        one.set_state(ours.state["qpos"][row], ours.state["qvel"][row])
        assert same_bits(first[row], one._get_obs())
    ours.action_space.seed(3)
    ends = []
    for step in range(STEPS):
        # float32, as both spaces ask for; costs are sums of them in float64
        actions = ours.action_space.sample()
        observations, rewards, terminated, _, infos = ours.advance(actions)
        for row, one in enumerate(theirs):
            expected = one.step(actions[row].astype(np.float64))
            where = f"{body}, step {step}, row {row}"
            assert same_bits(ours.physics.data[row].qpos, one.data.qpos), where
            assert same_bits(ours.physics.data[row].qvel, one.data.qvel), where
            assert same_bits(observations[row], expected[0]), where
            assert same_bits(rewards[row], np.float64(expected[1])), where
            assert same_bits(infos["x_velocity"][row], np.float64(expected[4]["x_velocity"])), where
            assert bool(terminated[row]) == bool(expected[2]), where
        ends.append(terminated)
    ours.close()
    return np.array(ends)


@pytest.mark.parametrize(("num_envs", "threads"), [(1, 1), (17, 1), (17, 2)])
@BODIES
def test_rows_follow_gymnasium_bit_for_bit(body: str, num_envs: int, threads: int) -> None:
    fallen = _follow(body, num_envs, threads)
    if body in ("hopper", "walker2d", "humanoid"):
        assert fallen.any()  # so that falling has been compared


@BODIES
def test_nominal_models_are_those_of_gymnasium(body: str) -> None:
    ours, theirs = _ours(body), _theirs(body)
    assert ours.frame_skip == theirs.frame_skip and ours.dt == theirs.dt
    assert ours.single_action_space == theirs.action_space
    assert ours.single_observation_space.shape == theirs.observation_space.shape
    compared = 0
    for name in dir(theirs.model):
        expected = getattr(theirs.model, name)
        # textures are smaller here, so that thousands of rows fit
        if isinstance(expected, np.ndarray) and not name.startswith(("tex_", "_")):
            assert same_bits(getattr(ours.model, name), expected), name
            compared += 1
    assert compared > 200
    for name in ("gravity", "timestep", "integrator", "solver", "iterations", "density"):
        assert np.array_equal(getattr(ours.model.opt, name), getattr(theirs.model.opt, name)), name
    # solvers take their tolerance from it
    assert ours.model.stat.meaninertia == theirs.model.stat.meaninertia


@BODIES
def test_first_states_are_disturbed_as_gymnasium_does(body: str) -> None:
    ours, theirs = _ours(body, num_envs=400), _theirs(body)
    ours.reset(seed=0)
    scale = theirs._reset_noise_scale
    positions = ours.state["qpos"] - ours.model.qpos0
    velocities = ours.state["qvel"]
    assert np.abs(positions).max() <= scale * (1 + 1e-9)
    drawn = []
    for seed in range(400):
        theirs.reset(seed=seed)
        drawn.append(np.concatenate([theirs.data.qpos - ours.model.qpos0, theirs.data.qvel]))
    spread = np.std(drawn, axis=0)
    seen = np.concatenate([positions, velocities], axis=1)
    # the standard error of a standard deviation of 400 is below 3.6 %; of two, 5 %
    assert np.abs(seen.std(axis=0) / spread - 1).max() < 0.25
    assert np.abs(seen.mean(axis=0)).max() < 5 * scale / np.sqrt(400)
