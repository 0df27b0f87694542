"""Mazes seen in the first person: does the second episode remember where the goal was?

    python benchmarks/mazes.py rl2 random --seeds 0 --steps 1000000 --keep runs/kept

Trains on `meta/VisualMaze-v0` of 5 by 5 cells, and plays held-out mazes. Appends to
`results/mazes.csv`: success and mean steps of the first and the second episode (an episode that
does not reach the goal counts with all its 250 steps), with standard errors over mazes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from results_table import append, begins

import agents
from agents import evaluate

ID = "meta/VisualMaze-v0"
COLUMNS = "entry,seed,steps,seconds,mazes,success,success_error,length,length_error,reference"
ARGUMENTS: dict[str, Any] = {
    **{"n_envs": 32, "batch_size": 8, "n_epochs": 4, "learning_rate": 1e-3},
    **{"gae_lambda": 0.95, "preset": None},
}
REFERENCE = (
    "Duan et al. 2016, table 3, small mazes: success .993, .996, length of those 52.4, 39.1 (best)"
)


def run(name: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train one seed, play held-out mazes, and write a row."""
    env_kwargs = {"width": arguments.width, "height": arguments.width * 3 // 4}
    start = time.perf_counter()
    if name == "random":
        agent: Any = agents.baselines.Random()
    else:
        agent = agents.RL2("GruPolicy", ID, seed=seed, env_kwargs=env_kwargs, **ARGUMENTS)
        agent.learn(arguments.steps, log_interval=None)
        if arguments.keep is not None:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            agent.save(arguments.keep / f"rl2-mazes-{seed}.zip")
    seconds = time.perf_counter() - start
    curve = evaluate(agent, ID, num_tasks=arguments.mazes, env_kwargs=env_kwargs, seed=1)
    said = [name, seed, getattr(agent, "num_timesteps", 0), f"{seconds:.0f}", arguments.mazes]
    for values in (curve.success, curve.lengths.mean(axis=1)):
        assert values is not None  # each episode says whether it reached the goal
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        said += [" ".join(f"{one:.3g}" for one in part) for part in (values.mean(axis=0), error)]
    append("mazes.csv", COLUMNS, [*said, REFERENCE])


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="+", choices=("rl2", "random"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=48, help="of frames; heights are 3/4 of it")
    parser.add_argument("--mazes", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="folder for the trained agents")
    arguments = parser.parse_args()
    begins()
    for name in arguments.names:
        for seed in arguments.seeds:
            run(name, seed, arguments)


if __name__ == "__main__":
    main()
