"""PEARL's and VariBAD's points: published tasks, rewards and horizons."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_GOAL, _SPARSE = "meta/PointGoal-v0", "meta/SparsePoint-v0"


def members(id, split, **kwargs):
    env: Any = gym.make(id, split=split, **kwargs).unwrapped
    return env.tasks_in_split


@pytest.mark.parametrize("id", [_GOAL, _SPARSE])
def test_eighty_tasks_train_and_the_last_twenty_test(id):
    train, test, every = (members(id, split) for split in ("train", "test", "all"))
    assert (len(train), len(test), len(every)) == (80, 20, 100)
    for one, other in zip(every, (*train, *test), strict=True):
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_goals_in_the_square_are_the_published_ones():
    numbers = np.random.RandomState(1337)
    # One number after the other, as the source draws them.
    goals = [[numbers.uniform(-1.0, 1.0), numbers.uniform(-1.0, 1.0)] for _ in range(100)]
    assert [task["goal"].tolist() for task in members(_GOAL, "all")] == goals


def test_angles_are_shuffled_as_the_source_shuffles_its_goals():
    angles = np.linspace(0, np.pi, 100)
    goals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.random.RandomState(1337).shuffle(goals)
    ours = np.array([task["angle"] for task in members(_SPARSE, "all")])
    assert np.allclose(np.stack([np.cos(ours), np.sin(ours)], axis=1), goals, atol=1e-12)
    assert sorted(ours.tolist()) == angles.tolist()


def test_varibads_angles_are_continuous():
    assert members(_SPARSE, "all", source="varibad") is None
    env: Any = gym.make_vec(_SPARSE, num_envs=1, source="varibad")
    angles = env.sample_tasks(1000, seed=0)["angle"]
    assert len(np.unique(angles)) == 1000
    assert angles.mean() == pytest.approx(np.pi / 2, abs=4.5 * np.pi / np.sqrt(12 * 1000))
    assert (np.floor(angles / np.pi * 1024) % 2 == 0).all()


def test_starts_of_point_goal_are_uniform_in_the_square():
    starts, _ = gym.make_vec(_GOAL, num_envs=2000).reset(seed=0)
    assert np.abs(starts).max() <= 1
    assert np.abs(starts.mean(axis=0)).max() < 4.5 / np.sqrt(3 * 2000)
    assert starts.std(axis=0) == pytest.approx([1 / np.sqrt(3)] * 2, rel=0.05)


def test_point_goal_pays_minus_the_distance():
    env: Any = gym.make(_GOAL)
    env.reset(seed=0, options={"task": {"goal": [0.5, -0.5]}})
    env.unwrapped.state["position"][0] = [0.2, -0.2]
    position, reward, terminated, _, info = env.step(np.array([0, 1]))
    assert position == pytest.approx([0.2, -0.1])
    assert reward == pytest.approx(-0.5) == -info["distance"]
    env.unwrapped.state["position"][0] = [0.5, -0.5]
    assert env.step(np.zeros(2))[1:3] == (0, False)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_sparse_point_by_hand(kind):
    """The goal is (0, 1), the way straight up: 0.2 is reached with the eighth step."""
    env: Any = gym.make(_SPARSE, source="varibad", reward=kind)
    first, _ = env.reset(seed=0, options={"task": {"angle": np.pi / 2}})
    assert first.tolist() == [0, 0]
    dense = [-0.9, -0.8, -0.7, -0.6, -0.5, -0.4, -0.3]
    for distance in dense:
        _, reward, _, _, info = env.step(np.array([0, 1]))
        assert reward == pytest.approx(distance if kind == "dense" else 0)
        assert info["sparse_reward"] == 0
        assert info["dense_reward"] == pytest.approx(distance)
        assert not info["success"]
    env.step(np.array([0, 1]))
    _, reward, terminated, _, info = env.step(np.array([0, 1]))
    assert reward == pytest.approx(-0.1 if kind == "dense" else 0.9)
    assert info["sparse_reward"] == pytest.approx(0.9)
    assert info["success"]
    assert not terminated


@pytest.mark.parametrize(("distance", "paid"), [(0.2001, 0.0), (0.1999, 0.8001), (0.0, 1.0)])
def test_the_goal_pays_within_two_tenths(distance, paid):
    env: Any = gym.make(_SPARSE)
    env.reset(seed=0, options={"task": {"angle": 0.0}})
    env.unwrapped.state["position"][0] = [1 - distance, 0]
    assert env.step(np.zeros(2))[1] == pytest.approx(paid)


@pytest.mark.parametrize(
    ("kwargs", "steps"),
    [
        ({}, 20),
        ({"source": "pearl"}, 20),
        ({"source": "varibad"}, 100),
        ({"source": "varibad", "steps": 7}, 7),
        ({"source": "varibad", "max_episode_steps": 5}, 5),
    ],
)
def test_each_source_has_its_horizon(kwargs, steps):
    env, venv = gym.make(_SPARSE, **kwargs), gym.make_vec(_SPARSE, num_envs=2, **kwargs)
    env.reset(seed=0)
    venv.reset(seed=0)
    for step in range(1, steps + 1):
        *_, terminated, truncated, _ = env.step(np.zeros(2))
        assert (terminated, truncated) == (False, step == steps)
        *_, terminated, truncated, _ = venv.step(np.zeros((2, 2)))
        assert truncated.tolist() == [step == steps] * 2
        assert not terminated.any()


@pytest.mark.parametrize("wrong", [{"source": "maesn"}, {"reward": "dense_squared"}, {"steps": 0}])
def test_bad_arguments_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        gym.make(_SPARSE, **wrong)
