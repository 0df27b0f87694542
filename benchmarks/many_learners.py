"""Learners of one loop, each with a lifetime of its own: how benchmarks play and record them."""

from __future__ import annotations

import csv
import platform
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from results_table import RESULTS, add, command

from agents import Player
from meta_envs.core.rng import fold

TABLE = RESULTS / "meta_gradients.csv"
ENDLESS = 10**9


def record(entry: str, learner: str, id_: str, seed: int, steps: int, seconds: float, **measures):
    """Append measured numbers; a value may come as (value, reference)."""
    about = {"entry": entry, "learner": learner, "id": id_, "seed": seed, "steps": steps}
    about["seconds"] = f"{seconds:.0f}"
    for name, value in measures.items():
        value, reference = value if isinstance(value, tuple) else (value, "")
        row = {**about, "measure": name, "value": f"{value:.4g}", "reference": reference}
        add(TABLE, {"machine": platform.machine(), "command": command(), **row})
        print(*row.values(), flush=True)


def append_to(path: Path, columns: list[str], rows: list[list[Any]]) -> None:
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *rows] if fresh else rows)


def player_of(agent: Any, id_: str, tasks: list[Any], rows: int, seed: int) -> Player:
    """Return a player of new learners, each with its own rows, whose trial never ends."""
    venv = gym.make_vec(id_, num_envs=len(tasks) * rows, episodes_per_trial=ENDLESS)
    venv.set_tasks([task for task in tasks for _ in range(rows)])
    loop = agent.inner_loop(venv, rows_per_task=rows, seed=fold(seed, "learners"))
    player = Player(venv, loop)
    player.reset(fold(seed, "episodes"))
    return player


def rewards_of(player: Player, steps: int) -> np.ndarray:
    """Play, and return each row's sum of rewards."""
    return np.sum([player.step().reward for _ in range(steps)], axis=0)


def returns_of_episodes(player: Player, steps: int, learners: int) -> list[float]:
    """Play, and return each learner's mean return of the episodes that ended."""
    returns = np.zeros(player.venv.num_envs)
    ended: list[list[float]] = [[] for _ in range(learners)]
    for _ in range(steps):
        step = player.step()
        returns += step.reward
        for row in np.flatnonzero(step.terminated | step.truncated):
            ended[row * learners // len(returns)].append(returns[row])
            returns[row] = 0.0
    return [float(np.mean(some)) for some in ended]
