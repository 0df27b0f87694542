"""The family's own expert as an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import agents
from agents import baselines
from tests.agents import manipulators, toys  # noqa: F401  registers toy/...

evaluate: Any = agents.evaluate


def test_it_acts_by_the_familys_expert_in_the_task_of_each_row():
    arguments: dict[str, Any] = {"num_tasks": 9, "env_kwargs": {"max_episode_steps": 12}}
    curve = evaluate(baselines.Expert(), "toy/Arms-v0", **arguments)
    np.testing.assert_array_equal(curve.success, np.ones((9, 10)))
    assert curve.protocol["agent"] == "Expert()"
    few = evaluate(baselines.Expert(), "toy/Arms-v0", num_envs=2, **arguments)
    np.testing.assert_array_equal(few.returns, curve.returns)
    random = evaluate(baselines.Random(), "toy/Arms-v0", **arguments)
    assert (random.returns < curve.returns).all()


def test_it_knows_navigation():
    curve = evaluate(baselines.Expert(), "meta/PointNavigation-v0", num_tasks=5, episodes=1)
    lost = evaluate(baselines.Random(), "meta/PointNavigation-v0", num_tasks=5, episodes=1)
    assert (curve.returns > lost.returns).all()


def test_a_family_without_an_expert_is_named():
    with pytest.raises(ValueError, match=r"Expert\(\) plays by a family's expert\(observation"):
        evaluate(baselines.Expert(), "toy/Lengths-v0", num_tasks=2)


def test_a_batched_expert_takes_one_method():
    class Loop(baselines.Expert.loop):  # type: ignore[name-defined]
        def actions(self, observations: Any, tasks: dict[str, np.ndarray]) -> np.ndarray:
            way = (tasks["goal"][:, :3] - observations[:, :3]) / 0.1
            hand = np.zeros((len(way), 1))
            return np.concatenate([np.clip(way, -1, 1), hand], axis=1)

    class Batched(baselines.Expert):
        loop = Loop

    arguments: dict[str, Any] = {"num_tasks": 5, "env_kwargs": {"max_episode_steps": 12}}
    one, other = (
        evaluate(agent, "toy/Arms-v0", **arguments) for agent in (baselines.Expert(), Batched())
    )
    np.testing.assert_array_equal(one.returns, other.returns)
