"""Sparse rewards after dense training: MAESN beside MAML, on the half circle and on wheels.

    python benchmarks/sparse_points.py maesn maml --seeds 0 1 2

Trains an entry with dense rewards, then meets test tasks whose rewards are sparse, with 20 episodes
a gradient step. `near` is the share of unadapted episodes that end within .3 of the half circle's
training goals, `parts` how many eighths of it they end in. `before` and `after_1`, ... are mean
sparse returns. Appends to `results/sparse_points.csv`.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from results_table import add, commit

import agents
from agents.core.play.player import Player
from agents.core.play.unrolls import unroll
from agents.core.play.view import open_loop

RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "sparse_points.csv"
UPDATES, ROWS = 10, 20
_POINT = ("meta/SparsePoint-v0", {"reward": "dense"}, {"reward": "sparse"})
_WHEELS: tuple[str, Any, Any] = ("meta/WheeledGoal-v0", {}, {"sparse_radius": 0.8})
_ARC = "near at least .7, parts at least 5; one adaptation at least doubles `before`"
# name: agent, (id, its arguments in training, in tests), arguments of the agent, steps, reference
ENTRIES: dict[str, tuple[str, tuple[str, Any, Any], dict[str, Any], int, str]] = {
    "maesn": ("MAESN", _POINT, {}, 450_000, _ARC),  # after more, fewer parts are reached
    "maml": ("MAML", _POINT, {"n_envs": 400, "sub_sampling_factor": 1}, 1_000_000, "fails"),
    "maesn-wheels": ("MAESN", _WHEELS, {}, 4_000_000, "one run"),
}


def ends(agent: Any, id: str, kwargs: dict[str, Any], rows: int = 400) -> np.ndarray:
    """Return where unadapted episodes end, [rows, 2]."""
    venv: Any = gym.make_vec(id, num_envs=rows, **kwargs)
    loop = open_loop(agent, venv, 1, 7)
    player = Player(venv, loop)
    player.reset(11)
    loop.reset()
    steps = int(venv.unwrapped.max_episode_steps)
    last = list(unroll(player, steps))[-1]
    return np.asarray(last.next_observation)[:, :2]


def coverage(places: np.ndarray) -> tuple[float, int]:
    """Return the share of places near the half circle, and how many of its eighths they are in."""
    angles = np.linspace(0.0, np.pi, 200)
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    near = np.linalg.norm(places[:, None] - arc, axis=2).min(axis=1) <= 0.3
    angle = np.arctan2(places[near, 1], places[near, 0]).clip(0.0, np.pi - 1e-9)
    parts = np.bincount((angle / np.pi * 8).astype(int), minlength=8)
    return float(near.mean()), int((parts >= 0.01 * len(places)).sum())


def run(entry: str, seed: int, steps: int | None, keep: Path | None) -> None:
    """Train one seed, evaluate it, and write its row."""
    name, (id, dense, sparse), arguments, total, reference = ENTRIES[entry]
    cls = getattr(agents, name)
    begun = time.perf_counter()
    agent = cls("MlpPolicy", id, env_kwargs=dense, seed=seed, **arguments)
    agent.learn(steps or total, log_interval=None)
    seconds = time.perf_counter() - begun
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        agent.save(keep / f"{name.lower()}-{id.partition('/')[2]}-{seed}.zip")
    near, parts = coverage(ends(agent, id, sparse)) if "SparsePoint" in id else ("", "")
    curve = agents.evaluate(
        agent, id, env_kwargs={**sparse, "split": "test"}, num_tasks=20, rows_per_task=ROWS,
        episodes=UPDATES + 1, seed=1,
    )  # fmt: skip
    returns = curve.mean()
    row = {
        "commit": commit(dirty=True),
        "machine": platform.machine(),
        "entry": entry,
        "agent": name,
        "id": id,
        "seed": seed,
        "steps": agent.num_timesteps,
        "seconds": round(seconds),
        "near": near if near == "" else f"{near:.3f}",
        "parts": parts,
        "before": f"{returns[0]:.3f}",
        **{f"after_{count}": f"{returns[count]:.3f}" for count in (1, 2, 3, UPDATES)},
        "standard_error": f"{curve.standard_error()[-1]:.3f}",
        "reference": reference,
    }
    add(TABLE, row)
    print(row, flush=True)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    parser.add_argument("--keep", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for entry in arguments.entries:
        for seed in arguments.seeds:
            run(entry, seed, arguments.steps, arguments.keep)


if __name__ == "__main__":
    main()
