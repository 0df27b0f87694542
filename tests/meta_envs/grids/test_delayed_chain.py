"""The delayed chain: exact returns, and what is seen on the way."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

ID = "meta/DelayedChain-v0"


def play(env: Any, first: int) -> tuple[list[Any], list[float], list[bool]]:
    seen, rewards, success, ended = [env.reset(seed=3)[0]], [], [], False
    while not ended:
        observation, reward, ended, _, info = env.step(first if not rewards else 0)
        seen.append(observation)
        rewards.append(reward)
        success.append(bool(info["success"]))
    return seen, rewards, success


@pytest.mark.parametrize("correct", [0, 1])
@pytest.mark.parametrize("first", [0, 1])
def test_the_first_action_decides(first, correct):
    env: Any = gym.make(ID).unwrapped
    env.set_task({"length": 6, "correct": correct})
    seen, rewards, success = play(env, first)
    assert rewards == [0, 0, 0, 0, 0, 1 if first == correct else -1]
    assert success == [False] * 5 + [first == correct]
    assert [int(one) for one in seen] == [0, *(1 + 2 * step + first for step in range(6))]


def test_noise_has_a_mean_of_zero_and_leaves_the_end_alone():
    venv: Any = gym.make_vec(ID, num_envs=800, level="short_noisy")
    venv.reset(seed=0, options={"task": {"length": 5, "correct": 1}})
    steps = [venv.step(np.ones(800, dtype=int))[1] for _ in range(5)]
    assert (steps[-1] == 1).all()
    on_the_way = np.stack(steps[:-1])
    assert set(np.unique(on_the_way)) == {-1.0, 1.0}
    assert abs(on_the_way.mean()) < 4 / np.sqrt(on_the_way.size)


def test_distractors_are_new_in_each_step():
    env: Any = gym.make(ID, level="distractor").unwrapped
    env.set_task({"length": 9, "correct": 0})
    seen, _, _ = play(env, 1)
    assert [one[:2].tolist() for one in seen] == [[1, 0], *[[0, 1]] * 9]
    assert len({tuple(one[2:]) for one in seen}) == 10


def test_splits_hold_out_a_quarter_of_the_lengths_with_either_action():
    tasks = {
        split: gym.make(ID, split=split).unwrapped.tasks_in_split
        for split in ("train", "test", "all")
    }
    assert {split: len(found) for split, found in tasks.items()} == {
        **{"train": 40, "test": 12, "all": 52}
    }
    lengths = {split: {int(one["length"]) for one in found} for split, found in tasks.items()}
    assert not lengths["train"] & lengths["test"]
    for found in tasks.values():  # else a policy that always goes one way would look adapted
        assert np.mean([int(one["correct"]) for one in found]) == 0.5
