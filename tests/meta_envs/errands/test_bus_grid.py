"""The city of buses: where they go, exact values, splits, and what is seen."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401

_ID = "meta/BusGrid-v0"
_LEFT, _UP, _RIGHT, _DOWN, _STAY, _RIDE = range(6)


def single(**kwargs: Any) -> Any:
    return gym.make(_ID, **kwargs)


def play(env: Any, problem: int, instruction: int, actions: list[int]) -> tuple[list[float], bool]:
    """Play an execution episode from its start; return its rewards and whether it succeeded."""
    env.reset(seed=0, options={"task": {"problem": problem, "instruction": instruction}})
    rewards, success = [], False
    for number, action in enumerate(actions, 1):
        _, reward, ended, _, info = env.step(action)
        rewards.append(reward)
        success = info["success"]
        assert ended == (number == len(actions))
    return rewards, success


def place(observation: np.ndarray, size: int = 9) -> tuple[int, int]:
    return int(observation[:size].argmax()), int(observation[size : 2 * size].argmax())


def test_buses_go_where_the_source_sends_them() -> None:
    # problem 8 of permutations of (0, 1), (0, 7), (8, 1), (8, 7): the fifth that begin with (0, 7)
    ends = list(itertools.permutations([(0, 1), (0, 7), (8, 1), (8, 7)]))
    assert ends[8] == ((0, 7), (8, 1), (0, 1), (8, 7))
    for problem in (0, 8, 23):
        env = single(episodes_per_trial=1)
        for bus, move in enumerate((_UP, _RIGHT, _LEFT, _DOWN)):
            env.reset(options={"task": {"problem": problem, "instruction": 0}})
            observation, *_ = env.step(move)
            there, *_ = env.step(_RIDE)
            assert place(there) == ends[problem][bus] and there[18] == 1.0
            back, *_ = env.step(_RIDE)
            assert np.array_equal(back, observation)


def test_grey_buses_go_to_the_middles_of_the_sides() -> None:
    sides = list(itertools.permutations([(0, 4), (4, 0), (8, 4), (4, 8)]))
    ways = ((_UP, _RIGHT), (_DOWN, _LEFT), (_UP, _LEFT), (_DOWN, _RIGHT))
    env = single(variant="distracting")
    for bus, way in enumerate(ways):
        env.reset(options={"task": {"problem": 24 * 7 + 3, "instruction": 0}})
        for move in way:
            env.step(move)
        observation, *_ = env.step(_RIDE)
        assert place(observation) == sides[7][bus]


def test_known_buses_are_worth_eight_tenths_and_walking_three() -> None:
    env = single(exploration_episodes=0)
    rewards, success = play(env, 0, 1, [_UP, _RIDE, _DOWN])
    assert rewards == [-0.1, -0.1, 1.0] and success
    rewards, success = play(env, 0, 4, [_UP] * 4 + [_RIGHT] * 4)
    assert rewards == [-0.1] * 7 + [1.0] and success
    rewards, success = play(env, 0, 4, [_STAY] * 20)
    assert rewards == [-0.1] * 20 and not success


def test_exploring_pays_nothing_and_ends_nowhere() -> None:
    env = single()
    observation, info = env.reset(seed=3)
    assert info["task"]["instruction"] == 0 and not observation[19:].any()
    total = 0.0
    for step in range(20):
        _, reward, ended, _, info = env.step([_UP, _RIDE, _DOWN][step] if step < 3 else _STAY)
        total += reward
        assert ended == (step == 19) and not info["success"]
    assert total == 0.0
    observation, info = env.reset()
    told = int(info["task"]["instruction"])
    assert told > 0 and observation[19:].argmax() == told - 1 and observation[19:].sum() == 1.0
    kept = env.reset()[1]
    assert kept["trial_start"] and kept["task"]["instruction"] == 0


@functools.cache
def steps_needed(size: int, buses: int, goal: tuple[int, int]) -> float:
    """Return the least mean number of steps to a goal where rides are tried out on the way.

    An exact recursion over where one is and which permutations are possible: walk to the goal, or
    walk to a stop, ride, and learn where it leads. The horizon never binds.
    """
    last, middle = size - 1, size // 2
    starts = [(middle, middle + 1), (middle + 1, middle), (middle - 1, middle)]
    starts = [*starts, (middle, middle - 1)][:buses]
    ends = [(0, 1), (0, last - 1), (last, 1), (last, last - 1)][:buses]

    def far(one: tuple[int, int], other: tuple[int, int]) -> int:
        return abs(one[0] - other[0]) + abs(one[1] - other[1])

    @functools.cache
    def best(at: tuple[int, int], possible: frozenset, rides: int) -> float:
        found = float(far(at, goal))
        if rides == 0:
            return found
        for bus, start in enumerate(starts):
            outcomes: dict[int, list] = {}
            for order in possible:
                outcomes.setdefault(order[bus], []).append(order)
            mean = sum(
                len(orders) * best(ends[end], frozenset(orders), rides - 1)
                for end, orders in outcomes.items()
            )
            found = min(found, far(at, start) + 1 + mean / len(possible))
        for end, stop in enumerate(ends):
            outcomes = {}
            for order in possible:
                outcomes.setdefault(order.index(end), []).append(order)
            mean = sum(
                len(orders) * best(starts[bus], frozenset(orders), rides - 1)
                for bus, orders in outcomes.items()
            )
            found = min(found, far(at, stop) + 1 + mean / len(possible))
        return found

    every = frozenset(itertools.permutations(range(buses)))
    return best((middle, middle), every, 2 * buses - 1)


@pytest.mark.parametrize(
    ("size", "values"),
    [(9, (0.6, 0.4, 0.3)), (11, (0.6, 0.4, 0.2))],
)
def test_what_acting_without_exploring_is_worth(size: int, values: tuple[float, ...]) -> None:
    last = size - 1
    corners = [(0, 0), (0, last), (last, 0), (last, last)]
    for buses, value in zip((2, 3, 4), values, strict=True):
        steps = [steps_needed(size, buses, goal) for goal in corners[:buses]]
        assert 1.0 - 0.1 * (np.mean(steps) - 1.0) == pytest.approx(value)


def test_published_splits() -> None:
    tasks = {
        split: {int(task["problem"]) for task in single(variant="distracting", split=split)
                .unwrapped.tasks_in_split}
        for split in ("train", "test")
    }  # fmt: skip
    assert tasks["train"] == set(range(0, 576, 11)) and len(tasks["train"]) == 53
    assert tasks["test"] == set(range(576)) - tasks["train"] and len(tasks["test"]) == 523
    for variant in ("vanilla", "map"):
        env = single(variant=variant).unwrapped
        assert env.splits == ("all",) and len(env.tasks_in_split) == 24
    assert len(single(buses=3).unwrapped.tasks_in_split) == 6


def test_the_map_shows_the_problem_in_its_own_cell_only() -> None:
    env = single(variant="map")
    observation, _ = env.reset(options={"task": {"problem": 17, "instruction": 0}})
    for move in (_DOWN, _RIGHT, _RIGHT):
        assert not observation[19:43].any()
        observation, *_ = env.step(move)
    observation, *_ = env.step(_RIGHT)
    assert place(observation) == (7, 3)
    assert observation[19:43].argmax() == 17 and observation[19:43].sum() == 1.0


def test_what_makes_no_city_is_refused() -> None:
    for wrong, said in (
        ({"variant": "maps"}, "did you mean 'map'"),
        ({"size": 8}, "size=8 has no cell in its middle"),
        ({"size": 3}, "size=3 must be an integer of at least 5"),
        ({"buses": 5}, "buses=5 must be an integer from 2 to 4"),
        ({"steps": 0}, "steps=0"),
        ({"exploration_episodes": -1}, "exploration_episodes=-1"),
    ):
        with pytest.raises(ValueError, match=said):
            single(**wrong)
    env = single(buses=3).unwrapped
    with pytest.raises(ValueError, match="instruction"):
        env.set_task({"problem": 0, "instruction": 4})
    with pytest.raises(ValueError, match="holds no tasks out"):
        single(split="test")


@pytest.mark.parametrize("variant", ["vanilla", "distracting", "map"])
def test_the_picture_shows_the_instruction(variant: str) -> None:
    env = single(variant=variant, render_mode="rgb_array", exploration_episodes=0)
    pictures = []
    for told in (1, 2):
        env.reset(seed=0, options={"task": {"problem": 5, "instruction": told}})
        env.step(_UP)
        pictures.append(env.render())
    assert pictures[0].shape == pictures[1].shape and (pictures[0] != pictures[1]).any()
