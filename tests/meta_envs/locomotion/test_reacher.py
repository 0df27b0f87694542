"""Arms with links of other lengths are what MuJoCo makes of an MJCF with those lengths."""

import importlib.util
from pathlib import Path

import gymnasium as gym
import mujoco
import numpy as np
import pytest

import meta_envs  # noqa: F401
from agents import baselines, evaluate
from meta_envs.locomotion.family import Locomotion

ID = "meta/RandomReacher-v0"


def edited(upper: float, lower: float) -> mujoco.MjModel:
    """Compile Gymnasium's reacher with links of these lengths (m)."""
    package = Path(importlib.util.find_spec("gymnasium").origin).parent
    mjcf = (package / "envs" / "mujoco" / "assets" / "reacher.xml").read_text()
    for old, new in (
        ('fromto="0 0 0 0.1 0 0" name="link0"', f'fromto="0 0 0 {upper!r} 0 0" name="link0"'),
        ('name="body1" pos="0.1 0 0"', f'name="body1" pos="{upper!r} 0 0"'),
        ('fromto="0 0 0 0.1 0 0" name="link1"', f'fromto="0 0 0 {lower!r} 0 0" name="link1"'),
        ('name="fingertip" pos="0.11 0 0"', f'name="fingertip" pos="{lower + 0.01!r} 0 0"'),
    ):
        assert mjcf.count(old) == 1
        mjcf = mjcf.replace(old, new)
    return mujoco.MjModel.from_xml_string(mjcf)


def arrays(model: mujoco.MjModel) -> dict[str, np.ndarray]:
    names = [name for name in dir(model) if name[0] != "_" and not name.startswith("tex_")]
    found = {name: getattr(model, name) for name in names}
    found = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
    scalars = {f"stat.{name}": getattr(model.stat, name) for name in ("extent", "meaninertia")}
    return {name: np.array(value) for name, value in {**found, **scalars}.items()}


def assert_same_model(ours: mujoco.MjModel, theirs: mujoco.MjModel) -> None:
    expected = arrays(theirs)
    for name, value in arrays(ours).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("values", [(1.0, 1.0), (0.5, 1.5), (1.31, 0.77), (0.25, 1.75)])
def test_models_are_those_of_an_edited_mjcf(values):
    env = gym.make(ID, split="all")
    env.reset(seed=0, options={"task": {"link_length": [1.4, 0.6]}})  # which leaves no trace
    env.reset(seed=0, options={"task": {"link_length": values}})
    assert_same_model(env.unwrapped.model, edited(0.1 * values[0], 0.1 * values[1]))


def test_the_comparison_can_fail():
    with pytest.raises(AssertionError, match="body_"):
        assert_same_model(edited(0.1, 0.1), edited(0.1, 0.1 + 1e-8))


def test_setting_a_task_twice_equals_once():
    env = gym.make(ID, split="all")
    task = {"link_length": [1.3, 0.6]}
    env.reset(seed=0, options={"task": task})
    once = arrays(env.unwrapped.model)
    env.reset(seed=0, options={"task": task})
    for name, value in arrays(env.unwrapped.model).items():
        np.testing.assert_array_equal(value, once[name], err_msg=name)


def test_steps_follow_gymnasium_with_links_of_its_lengths():
    ours = gym.make(ID, split="all", render_mode=None)
    theirs = gym.make("Reacher-v5").unwrapped
    theirs.reset(seed=0)
    first, _ = ours.reset(seed=5, options={"task": {"link_length": [1.0, 1.0]}})
    data = ours.unwrapped.data
    mujoco.mj_resetData(theirs.model, theirs.data)
    theirs.set_state(data.qpos.copy(), data.qvel.copy())
    np.testing.assert_allclose(first, theirs._get_obs(), rtol=0, atol=1e-15)
    ours.action_space.seed(0)
    for _ in range(50):
        action = ours.action_space.sample()
        observation, reward, terminated, truncated, info = ours.step(action)
        expected, expected_reward, *_, parts = theirs.step(action.astype(np.float64))
        np.testing.assert_allclose(observation, expected, rtol=1e-9, atol=1e-12)
        assert reward == pytest.approx(expected_reward, rel=1e-9)
        assert info["reward_goal"] == pytest.approx(parts["reward_dist"], rel=1e-9)
        assert not terminated
    assert truncated


def test_links_change_the_dynamics():
    venv = gym.make_vec(ID, num_envs=3, split="all").unwrapped
    lengths = np.array([[1.0, 1.0], [1.5, 1.0], [1.0, 0.5]])
    venv.reset(seed=[1, 1, 1], options={"tasks": {"link_length": lengths}})
    for _ in range(10):
        venv.step(np.full((3, 2), 0.5, np.float32))
    angles = venv.state["qpos"][:, :2]
    assert min(np.ptp(angles[[0, row]], axis=0).max() for row in (1, 2)) > 1e-3


def test_targets_are_uniform_in_a_disc_and_change_within_a_trial():
    venv = gym.make_vec(ID, num_envs=400, threads=1, episodes_per_trial=2).unwrapped
    before, infos = venv.reset(seed=0)
    radius = np.hypot(before[:, 4], before[:, 5])
    assert radius.max() < 0.2
    # uniform over the area: the mean of the squared radius is half its largest
    error = 0.04 / np.sqrt(12 * 400)
    assert abs(np.mean(radius**2) - 0.02) < 4 * error
    assert np.abs(before[:, 4:6].mean(axis=0)).max() < 4 * 0.1 / np.sqrt(400)
    after, again = venv.reset()
    np.testing.assert_array_equal(infos["task"]["link_length"], again["task"]["link_length"])
    assert np.all(before[:, 4:6] != after[:, 4:6])


def test_bodies_without_such_links_are_refused():
    with pytest.raises(ValueError, match="bodies of one capsule"):
        Locomotion(body="half_cheetah", randomization="link_lengths")


def test_without_randomization_there_is_one_task():
    env = gym.make(ID, randomization="none")
    _, info = env.reset(seed=0)
    assert info["task"] == {} and env.unwrapped.splits == ("all",)


def test_its_expert_reaches_and_who_stays_still_does_not():
    told: dict = {"num_tasks": 16, "episodes": 1, "env_kwargs": {"threads": 1}}
    still = np.zeros(2, np.float32)
    assert evaluate(baselines.Expert(), ID, **told).returns.mean() > -7.5
    assert evaluate(lambda seen: still, ID, **told).returns.mean() < -9
