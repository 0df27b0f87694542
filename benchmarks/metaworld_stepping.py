"""Stepping ML10's training environments against upstream's own vector environments, paired.

Run from the repository's root, where `metazoo[metaworld]` is installed, on a machine that does
little else:

    python -m benchmarks.metaworld_stepping            # 20 and 200 rows
    python -m benchmarks.metaworld_stepping --rows 20 --threads 1

Ours is `gym.make_vec("meta/ML10-v0")`, upstream `metaworld.make_ml_envs_train("ML10")` of 20 rows,
sync (in this process) and async (20 processes); all play random actions, with resets and autoresets
at 500 steps, rows of every environment alike. Repeats alternate between the sides, medians count,
and ours is compared with the better of upstream's. Runs append to
`benchmarks/results/metaworld_stepping.csv`; `raw` is `mj_step` of the same rows, one thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import metaworld
import mujoco
import numpy as np

import meta_envs  # noqa: F401  registers the ids
from benchmarks.results_table import add
from meta_envs.manipulation import benchmarks

_PEER_ROWS = 20  # 10 environments, two of each
_MUST = 4.0
_FRAME_SKIP = 5


def ours(rows: int, threads: int) -> Any:
    """Make our rows, as many of each environment."""
    goals = benchmarks.goals("ML10", None, 0)["train"]
    tasks = []
    for row in range(rows):
        name, drawn = goals[row * len(goals) // rows]
        tasks.append({"environment": benchmarks.NAMES.index(name), "goal": drawn[row % len(drawn)]})
    venv = gym.make_vec("meta/ML10-v0", num_envs=rows, threads=threads)
    venv.reset(seed=0, options={"tasks": tasks})
    return venv


def upstream(strategy: str) -> Any:
    """Make upstream's rows."""
    venv = metaworld.make_ml_envs_train(
        "ML10", seed=0, meta_batch_size=_PEER_ROWS, vector_strategy=strategy
    )
    venv.call("sample_tasks")
    venv.reset(seed=0)
    return venv


def player(venv: Any, rows: int) -> Callable[[float], float]:
    """Return a function that steps for so many seconds and says steps a second, of all rows."""
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (50, rows, 4)).astype(np.float32)

    def measure(seconds: float) -> float:
        start, count = time.perf_counter(), 0
        while (spent := time.perf_counter() - start) < seconds:
            venv.step(actions[count % 50])
            count += 1
        return rows * count / spent

    measure(0.2)
    return measure


def raw(venv: Any) -> Callable[[float], float]:
    """Return a function that only steps the physics of our rows, in one thread."""
    seats = venv.unwrapped.seats

    def measure(seconds: float) -> float:
        start, count = time.perf_counter(), 0
        while (spent := time.perf_counter() - start) < seconds:
            for seat in seats:
                mujoco.mj_step(seat.model, seat.data, _FRAME_SKIP)
            count += 1
        return len(seats) * count / spent

    return measure


def compare(rows: int, threads: int, seconds: float, repeats: int) -> None:
    """Measure all sides in turns and write a row."""
    made = {"ours": ours(rows, threads), "sync": upstream("sync"), "async": upstream("async")}
    sides = {
        name: player(venv, rows if name == "ours" else _PEER_ROWS) for name, venv in made.items()
    }
    sides["raw"] = raw(ours(rows, 1))
    rounds = [{name: side(seconds) for name, side in sides.items()} for _ in range(repeats)]
    for venv in made.values():
        venv.close()
    rates = {name: float(np.median([one[name] for one in rounds])) for name in sides}
    ratio = float(np.median([one["ours"] / max(one["sync"], one["async"]) for one in rounds]))
    print(f"{rows} rows, {threads} threads: {rates}, {ratio:.2f} times the better of upstream's")
    row = {
        "cores": os.cpu_count(),
        "mujoco": mujoco.__version__,
        "rows": rows,
        "threads": threads,
        **{name: f"{rates[name]:.0f}" for name in ("ours", "sync", "async", "raw")},
        "ratio": f"{ratio:.2f}",
        "must": _MUST,
    }
    add("metaworld_stepping.csv", row)


def main() -> None:
    """Compare for each number of rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[20, 200])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for rows in arguments.rows:
        compare(rows, arguments.threads, arguments.seconds, arguments.repeats)


if __name__ == "__main__":
    main()
