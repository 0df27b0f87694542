"""Robots whose limbs fail: a factor of 0 moves nothing, and a factor scales torques."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("mujoco")

IDS = ("meta/CrippledAnt-v0", "meta/CrippledHalfCheetah-v0", "meta/CrippledWalker2d-v0")
RNG = np.random.default_rng


def played(id: str, pair: int, factor: float, actions: np.ndarray) -> tuple[np.ndarray, Any]:
    venv: Any = gym.make_vec(id, num_envs=2, threads=1)
    venv.reset(seed=1, options={"task": {"pair": pair, "factor": factor}})
    parts = [venv.step(action) for action in actions]
    return np.array([part[0] for part in parts]), parts


def drawn(id: str) -> np.ndarray:
    venv: Any = gym.make_vec(id, num_envs=2, threads=1)
    return RNG(0).uniform(-1, 1, (4, *venv.action_space.shape)).astype(np.float32)


@pytest.mark.parametrize("id", IDS)
def test_a_factor_of_0_moves_nothing_and_others_scale_torques(id):
    actions = drawn(id)
    each = actions.shape[2] // 6
    motors = np.r_[each : 2 * each, 4 * each : 5 * each]  # pair 7 of 15: limbs 1 and 4
    seen, parts = played(id, 7, 0.0, actions)
    only = np.zeros_like(actions)
    only[:, :, motors] = actions[:, :, motors]
    assert (played(id, 7, 0.0, only)[0] == played(id, 7, 0.0, 0 * only)[0]).all()
    without = actions - only
    healthy, _ = played(id, 7, 1.0, without)
    assert (seen == healthy).all()
    halved, _ = played(id, 7, 0.5, actions)
    assert (halved == played(id, 7, 1.0, without + only / 2)[0]).all()
    weight = {"meta/CrippledAnt-v0": 0.05, "meta/CrippledHalfCheetah-v0": 0.1}.get(id, 1e-3)
    costs = weight * np.square(actions[-1].astype(np.float64)).sum(axis=1)
    np.testing.assert_allclose(parts[-1][4]["reward_ctrl"], -costs)  # of what was asked for


def test_the_ant_has_fifteen_pairs_of_legs_and_three_are_held_out():
    env: Any = gym.make("meta/CrippledAnt-v0", split="test").unwrapped
    named = [env.task_labels["pair"][int(task["pair"])] for task in env.tasks_in_split]
    assert named == [f"left {one} + right {one}" for one in ("front", "middle", "back")]
    assert len(gym.make("meta/CrippledAnt-v0").unwrapped.tasks_in_split) == 12
    assert env.observation_space.shape == (37,) and env.action_space.shape == (12,)
    assert env.episodes_per_trial == 7
    model = env.model
    # six equal legs: the same mass on both sides, and in each leg
    masses = model.body_mass[2:].reshape(6, 3)
    np.testing.assert_allclose(masses, masses[:1].repeat(6, axis=0), rtol=1e-4)


def test_a_standing_ant_earns_nothing_and_stays_up():
    venv: Any = gym.make_vec("meta/CrippledAnt-v0", num_envs=2, threads=1)
    venv.reset(seed=0)
    total = np.zeros(2)
    for _ in range(60):
        _, rewards, terminated, *_ = venv.step(np.zeros((2, 12), np.float32))
        total += rewards
        assert not terminated.any()
    assert np.abs(total).max() < 5.0  # metres per second, summed over 3 s


def test_other_bodies_have_other_limbs():
    env: Any = gym.make("meta/CrippledAnt-v0", body="ant", limbs=4).unwrapped
    assert env.task_space["pair"].n == 6
    with pytest.raises(ValueError, match="limbs=3 must be an even number.* 4 or 6 or 12"):
        gym.make("meta/CrippledAnt-v0", limbs=3)
    with pytest.raises(ValueError, match="divides the 3 actuators: none does"):
        gym.make("meta/CrippledAnt-v0", body="hopper")


def test_pictures_name_the_failing_limbs():
    env: Any = gym.make("meta/CrippledHalfCheetah-v0", render_mode="rgb_array")
    frames = []
    for pair in (0, 1):
        env.reset(seed=0, options={"task": {"pair": pair, "factor": 0.5}})
        frames.append(env.render())
    assert (frames[0] != frames[1]).any()
    assert env.unwrapped.task_labels["pair"][0] == "bthigh + bshin"
