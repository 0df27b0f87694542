"""The kitchen: what is in the drawers, stages and mistakes, exact values, the published split."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/Cooking-v0"
_LEFT, _UP, _RIGHT, _DOWN, _STAY, _PICK, _DROP = range(7)


def single(**kwargs: Any) -> Any:
    return gym.make(_ID, **kwargs)


def told(first: int, second: int) -> int:
    return 1 + 4 * first + second


def rewards_of(env: Any, problem: int, instruction: int, actions: list[int]) -> tuple[list, Any]:
    env.reset(seed=0, options={"task": {"problem": problem, "instruction": instruction}})
    rewards, last = [], None
    for action in actions:
        last = env.step(action)
        rewards.append(round(float(last[1]), 6))
    return rewards, last


def fetch(drawer: int) -> list[int]:
    """Return the way from the bowl to a drawer, picking up, and back, dropping."""
    side = {0: [_DOWN], 1: [], 2: [_UP]}[drawer]
    back = {0: [_UP], 1: [], 2: [_DOWN]}[drawer]
    return [_RIGHT, *side, _PICK, *back, _LEFT, _DROP]


def test_drawers_hold_the_digits_of_the_problem() -> None:
    env = single()
    for problem in (10, 27, 63):
        for drawer in range(3):
            env.reset(options={"task": {"problem": problem, "instruction": 0}})
            for action in fetch(drawer)[:-2]:
                observation, *_ = env.step(action)
                held = observation[8:12]
                if action == _PICK:
                    assert held.argmax() == problem // 4**drawer % 4 and held.sum() == 1.0


def test_the_best_return_of_every_problem() -> None:
    env = single(exploration_episodes=0)
    family = env.unwrapped
    means = {}
    for problem in range(64):
        drawers = [problem // 4**drawer % 4 for drawer in range(3)]
        if problem not in (10, 27):
            continue
        values = []
        for first in drawers:
            for second in drawers:
                # the nearest drawer that has it: the middle one first
                ways = [min((d != 1, d) for d in range(3) if drawers[d] == k)[1]
                        for k in (first, second)]  # fmt: skip
                actions = [*fetch(ways[0]), *fetch(ways[1])]
                rewards, last = rewards_of(env, problem, told(first, second), actions)
                assert last[2] and last[4]["success"] and rewards.count(0.25) == 4
                worth = 1.0 - sum(0.2 if way == 1 else 0.4 for way in ways)
                assert sum(rewards) == pytest.approx(worth)
                values.append(worth)
        means[problem] = np.mean(values)
    assert means[10] == pytest.approx(0.4667, abs=1e-4)
    assert family.drawers(np.array([10])).tolist() == [[2, 2, 0]]


def test_mistakes_cost_and_go_back() -> None:
    env = single(exploration_episodes=0)
    problem, task = 1 + 4 * 2 + 16 * 3, told(2, 1)  # drawers 1, 2, 3; first 2 from the middle
    rewards, _ = rewards_of(env, problem, task, [_RIGHT, _DOWN, _PICK, _UP, _PICK, _DROP, _PICK])
    # the wrong one, then the right one, which is lost, and fetched again
    assert rewards == [-0.1, -0.1, -0.35, -0.1, 0.25, -0.35, 0.25]
    rewards, _ = rewards_of(env, problem, task, [_PICK, _STAY, _RIGHT, _PICK, _PICK])
    assert rewards == [-0.35, -0.1, -0.1, 0.25, -0.1]  # empty hands; again the same is no loss
    spoilt = [*fetch(0), *fetch(1)]  # the wrong one comes first into the bowl
    rewards, last = rewards_of(env, problem, task, spoilt)
    assert rewards[2] == -0.35 and rewards[-1] == -0.35 and not last[2]
    assert last[0][12:20].reshape(2, 4).argmax(axis=1).tolist() == [1, 2]


def test_exploring_pays_nothing() -> None:
    env = single()
    observation, info = env.reset(seed=0)
    assert info["task"]["instruction"] == 0 and not observation[-16:].any()
    actions = [*fetch(1), *fetch(0), *fetch(2)]
    for step in range(20):
        observation, reward, ended, *_ = env.step(actions[step] if step < 16 else _STAY)
        assert reward == 0.0 and ended == (step == 19)
    assert observation[12:24].reshape(3, 4).sum() == 3.0  # a full bowl
    observation, info = env.reset()
    drawers = env.unwrapped.task["problem"] // 4 ** np.arange(3) % 4
    pair = divmod(int(observation[-16:].argmax()), 4)
    assert set(pair) <= set(drawers.tolist())
    assert not observation[8:24].any() and info["task"]["instruction"] == 1 + 4 * pair[0] + pair[1]


def test_the_published_split_and_impossible_instructions() -> None:
    problems = {
        split: [int(task["problem"]) for task in single(split=split).unwrapped.tasks_in_split]
        for split in ("train", "test")
    }
    assert problems["test"] == [10] and problems["train"] == [*range(10), *range(11, 64)]
    env = single(exploration_episodes=0, split="test").unwrapped
    assert [int(task["instruction"]) for task in env.tasks_in_split] == [1, 3, 9, 11]
    with pytest.raises(ValueError, match=r"instruction'\]=2 cannot be carried out in problem 10"):
        env.set_task({"problem": 10, "instruction": 2})


def test_the_picture_shows_what_is_held() -> None:
    env = single(render_mode="rgb_array")
    pictures = []
    env.reset(seed=0)
    for action in (_RIGHT, _PICK):
        env.step(action)
        pictures.append(env.render())
    assert pictures[0].shape == pictures[1].shape and (pictures[0] != pictures[1]).any()
