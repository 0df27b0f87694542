"""Experts earn what is known to be the most."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import networkx
import numpy as np
import pytest

from agents import baselines, evaluate
from meta_envs.core import tasks as _tasks

EXPERT = baselines.Expert()


def test_grids_whose_goal_is_known() -> None:
    curve = evaluate(EXPERT, "meta/GridNavi-v0", split="all", num_tasks=21, episodes=2)
    assert curve.mean() == pytest.approx([11.071, 11.071], abs=5e-4)
    curve = evaluate(EXPERT, "meta/DarkRoom-v0", split="all", num_tasks=80, episodes=1)
    assert curve.mean()[0] == pytest.approx(16.5)
    gate: Any = gym.make("meta/GridNavi-v0", gate=True).unwrapped
    seen, _ = gate.reset(seed=0)
    with pytest.raises(ValueError, match="which is not seen"):
        gate.expert(seen, gate.task)


def test_a_maze_is_crossed_by_its_only_way() -> None:
    env: Any = gym.make_vec("meta/RandomMaze-v0", num_envs=1).unwrapped
    tasks = env.sample_tasks(12, seed=0)
    venv: Any = gym.make_vec("meta/RandomMaze-v0", num_envs=12).unwrapped
    venv.set_tasks(tasks)
    seen, _ = venv.reset(seed=0)
    earned, going = np.zeros(12), np.ones(12, bool)
    for _ in range(60):
        each = [_tasks.at(tasks, row) for row in range(12)]
        actions = np.stack([venv.expert(seen[row], each[row]) for row in range(12)])
        seen, rewards, ended, _, _ = venv.step(actions)
        earned += going * rewards
        going &= ~ended
    for row in range(12):
        free = networkx.grid_2d_graph(env.size, env.size)
        free.remove_nodes_from(map(tuple, np.argwhere(tasks["walls"][row]).tolist()))
        ends = (tuple(tasks[key][row].tolist()) for key in ("start", "goal"))
        steps = networkx.shortest_path_length(free, *ends)
        assert earned[row] == pytest.approx(1 - 0.01 * (steps - 1))


def test_a_lake_is_crossed_without_a_fall() -> None:
    curve = evaluate(EXPERT, "meta/FrozenLake-v0", num_tasks=40, episodes=1)
    assert (curve.returns == 1.0).all() and curve.lengths.max() < 25
    slippery: dict[str, Any] = {"env_kwargs": {"slip": 0.4}, "episodes": 1, "num_tasks": 16}
    told = evaluate(EXPERT, "meta/FrozenLake-v0", **slippery)
    drawn = evaluate(baselines.Random(), "meta/FrozenLake-v0", **slippery)
    assert told.returns.mean() > 0.3 > 0.1 > drawn.returns.mean()


@pytest.mark.parametrize("active", [False, True])
def test_a_fork_is_taken_rightly(active: bool) -> None:
    kwargs = {"active": active, "length": 4}
    curve = evaluate(EXPERT, "meta/TMaze-v0", num_tasks=4, env_kwargs=kwargs)
    assert (curve.returns == 4.0).all()
