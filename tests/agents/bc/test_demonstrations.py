"""Demonstrations: what is recorded, files, datasets of others, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

import meta_envs  # noqa: F401
from agents import Demonstration, DemonstrationSet, baselines, record

ROOMS, GOAL = "meta/FourRooms-v0", "meta/PointGoal-v0"


def rows(id: str = ROOMS, count: int = 3, **kwargs: Any) -> Any:
    return gym.make_vec(id, num_envs=count, **kwargs)


def some(**changes: Any) -> Demonstration:
    given = {"observations": np.zeros((4, 2), np.float32), "actions": np.ones((3, 2), np.float32)}
    return Demonstration(**{**given, "rewards": np.arange(3.0), **changes})


SEEN, DONE = spaces.Box(-1, 1, (2,)), spaces.Box(-1, 1, (2,))


def test_what_is_recorded_is_what_was_played() -> None:
    tasks = [{"goal": goal} for goal in (0, 60, 103)]
    found = record(baselines.Expert(), rows(slip=0.0), count=2, seed=1, tasks=tasks)
    assert len(found) == 6 and found.about["id"] == ROOMS
    again = record(baselines.Expert(), rows(slip=0.0), count=2, seed=1, tasks=tasks)
    assert again.hash == found.hash
    env: Any = gym.make(ROOMS, slip=0.0)
    for index, one in enumerate(found):
        assert one.task is not None and one.actions is not None and one.rewards is not None
        assert int(one.task["goal"]) == tasks[index // 2]["goal"]
        seen, _ = env.reset(seed=0, options={"task": dict(one.task)})
        for t in range(len(one)):
            assert seen == one.observations[t]
            seen, reward, ended, *_ = env.step(int(one.actions[t]))
            assert reward == one.rewards[t] and ended == (t == len(one) - 1)
        assert seen == one.observations[-1] and one.terminated
        assert env.unwrapped.task_space.contains(dict(one.task))


def test_steps_are_those_that_inner_loops_observe() -> None:
    one = some(terminated=False)
    steps = one.steps()
    assert len(steps) == len(one) == 3
    assert [bool(step.ended[0]) for step in steps] == [False, False, True]
    assert steps[2].truncated[0] and not steps[2].terminated[0]
    assert steps[1].reward.tolist() == [1.0] and steps[1].observation.shape == (1, 2)
    watched = DemonstrationSet([one], SEEN, DONE).without(actions=True, rewards=True)
    assert watched.episodes[0].steps()[0].action is None


@pytest.mark.parametrize("kind", ["vectors", "dicts"])
def test_files_hold_all_of_it(kind: str, tmp_path: Any) -> None:
    space: spaces.Space = SEEN
    episodes = [some(), some(actions=None, terminated=False), some(rewards=None)]
    if kind == "dicts":
        space = spaces.Dict({"a": SEEN, "b": spaces.Dict({"c": spaces.Discrete(3)})})
        seen = {"a": np.ones((4, 2), np.float32), "b": {"c": np.arange(4) % 3}}
        tasks = [{"goal": np.array(k)} for k in range(3)]
        episodes = [some(observations=seen, task=task) for task in tasks]
    whole = DemonstrationSet(episodes, space, DONE, {"note": "by hand", "number": 3})
    whole.save(tmp_path / "shown")
    read = DemonstrationSet.load(tmp_path / "shown.zip")
    assert read.hash == whole.hash and read.about == whole.about
    assert (read.observation_space, read.action_space) == (space, DONE)
    for one, other in zip(read, whole, strict=True):
        assert one.terminated == other.terminated and len(one) == len(other)
        for name in ("actions", "rewards"):
            left, right = getattr(one, name), getattr(other, name)
            assert (left is None) == (right is None)
            np.testing.assert_array_equal(left, right)
        assert (one.task is None) == (other.task is None)
    assert whole.hash != DemonstrationSet(episodes[:2], space, DONE).hash


def test_minari_datasets_are_read() -> None:
    @dataclass
    class Episode:
        observations: np.ndarray
        actions: np.ndarray
        rewards: np.ndarray
        terminations: np.ndarray

    class Dataset:
        observation_space, action_space = SEEN, DONE

        def iterate_episodes(self) -> Any:
            for ended in (True, False):
                seen, done = np.zeros((3, 2), np.float32), np.ones((2, 2), np.float32)
                yield Episode(seen, done, np.ones(2), np.array([False, ended]))

    found = DemonstrationSet.from_minari(Dataset())
    assert [one.terminated for one in found] == [True, False] and len(found.pairs()[1]) == 4
    with pytest.raises(TypeError, match="is not a Minari dataset"):
        DemonstrationSet.from_minari(3)


def test_what_cannot_be_is_refused(tmp_path: Any) -> None:
    for wrong, said in (
        ([], "at least one episode"),
        ([some(observations=np.zeros((1, 2)))], "episode 0 has no steps"),
        ([some(), some(observations=np.zeros((4, 3)))], "episode 1 has observations like"),
        ([some(actions=np.ones((2, 2)))], "has 2 actions for 3 steps"),
        ([some(actions=np.ones((3, 5)))], r"actions of the shape \(5,\)"),
        ([some(rewards=np.ones(4))], r"rewards \(4,\) for 3 steps"),
    ):
        with pytest.raises(ValueError, match=said):
            DemonstrationSet(wrong, SEEN, DONE)
    with pytest.raises(TypeError, match="not a Demonstration"):
        DemonstrationSet([3], SEEN, DONE)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="episode 1 has no actions"):
        DemonstrationSet([some(), some(actions=None)], SEEN, DONE).pairs()
    with pytest.raises(ValueError, match="count=0"):
        record(baselines.Expert(), rows(), count=0)
    with pytest.raises(ValueError, match="checkpoint|zip"):
        (tmp_path / "x.zip").write_bytes(b"nothing")
        DemonstrationSet.load(tmp_path / "x.zip")
