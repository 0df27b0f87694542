"""How far VariBAD's belief about GridNavi's goal is from Bayes, step by step.

    python benchmarks/belief.py runs/benchmarks/varibad-gridnavi-s0.zip

Every goal is played in 16 rows, by the trained policy. After each step Bayes knows the goal
if it was found; until then every cell that may hold a goal and was not seen empty is equally
likely. N rows, T steps.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch

import meta_envs  # noqa: F401  registers the ids
from agents import Player, VariBAD

TABLE = Path(__file__).parent / "results" / "belief.csv"
ID, ROWS_PER_GOAL = "meta/GridNavi-v0", 16


def measure(agent: VariBAD) -> dict[str, float]:
    """Return the distances, means over rows and steps of whole trials."""
    probe = gym.make_vec(ID, num_envs=1, split="all")
    goals = np.array([task["goal"] for task in probe.unwrapped.all_tasks()])
    goal = np.repeat(goals, ROWS_PER_GOAL, axis=0)
    rows = np.arange(len(goal))
    venv = gym.make_vec(ID, num_envs=len(goal), split="all")
    venv.set_tasks({"goal": goal})
    loop = agent.inner_loop(venv, seed=0)
    player = Player(venv, loop)
    player.reset(1)
    possible = np.zeros((len(goal), 5, 5), dtype=bool)
    possible[:, goals[:, 0], goals[:, 1]] = True
    visited = np.zeros_like(possible)
    found = np.zeros(len(goal), dtype=bool)
    on_empty, on_unseen, distance = [], [], []
    for _ in range(15 * venv.episodes_per_trial - 1):  # the last step begins another trial
        step = player.step()
        rewards = step.reward
        x, y = step.next_observation.astype(int).T
        visited[rows, x, y] = True
        possible[rows, x, y] &= rewards > 0
        found |= rewards > 0
        possible[found] = False
        possible[rows[found], goal[found, 0], goal[found, 1]] = True
        cells = loop.belief.cells
        bayes = possible / possible.sum(axis=(1, 2), keepdims=True)
        distance.append(0.5 * np.abs(cells - bayes).sum(axis=(1, 2)))
        on_empty.append((cells * (visited & ~possible)).max(axis=(1, 2)))
        on_unseen.append((cells * ~visited).sum(axis=(1, 2))[~found])
    empty, unseen = np.array(on_empty), np.concatenate(on_unseen)
    figures = {
        "likeliest_empty_cell_mean": empty.mean(),
        "likeliest_empty_cell_at_most_.05": (empty <= 0.05).mean(),
        "unseen_sum_mean": unseen.mean(),
        "unseen_sum_within_.3_of_1": (np.abs(unseen - 1) <= 0.3).mean(),
        "total_variation_from_bayes": np.mean(distance),
    }
    return {name: round(float(figure), 4) for name, figure in figures.items()}


def record(agent: VariBAD, commit: str) -> dict[str, float]:
    """Measure, and append a row to the table."""
    figures = measure(agent)
    row = {"commit": commit, "seed": agent.seed, "steps": agent.num_timesteps, **figures}
    new = not TABLE.exists()
    with TABLE.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
    return figures


if __name__ == "__main__":
    torch.set_num_threads(1)
    for path in sys.argv[1:]:
        print(path, measure(VariBAD.load(path)))
