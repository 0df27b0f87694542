"""Stepping ML10's fifteen environments, and one mixed batch, against EnvPool's, paired in turns.

EnvPool needs an environment of its own, as it and `metaworld` ask for other packages; its Python is
given, and its rows are played by it in a process that waits while ours step. Run from the
repository's root, where `metazoo[metaworld]` is installed, on a machine that does little else:

    python -m venv peer && peer/bin/pip install envpool==1.2.5
    python -m benchmarks.metaworld_envpool peer/bin/python
    python -m benchmarks.metaworld_envpool peer/bin/python --names reach-v3 push-v3

Each environment has 64 rows and 2 threads on both sides, random actions, resets and autoresets at
500 steps; ours have 50 different goals, as in ML1, EnvPool's draw their own. Windows alternate, the
median of the ratios of each pair counts; `mean` is over the names given. `--mixed` adds one batch
of ours, rows of ML10's ten training environments, against the mean of theirs. EnvPool brings a
MuJoCo of its own; ours is the 3.3.0 that `metaworld` asks for.
Runs append to `benchmarks/results/metaworld_envpool.csv`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_MUST = 1.2  # times EnvPool's, in the mean of ML10's fifteen
_ACTIONS = 50  # different ones, in turn


def peer_id(name: str) -> str:
    """Return EnvPool's id of an environment: MetaWorld/ButtonPress-v3 for button-press-v3."""
    return "MetaWorld/" + "".join(part.capitalize() for part in name[:-3].split("-")) + name[-3:]


def player(env: Any, rows: int) -> Callable[[float], float]:
    """Return a function that steps for so many seconds and returns steps a second, of all rows."""
    actions = np.random.default_rng(0).uniform(-1, 1, (_ACTIONS, rows, 4)).astype(np.float32)

    def measure(seconds: float) -> float:
        start, count = time.perf_counter(), 0
        while (spent := time.perf_counter() - start) < seconds:
            env.step(actions[count % _ACTIONS])
            count += 1
        return rows * count / spent

    measure(0.1)
    return measure


def serve(name: str, rows: int, threads: int) -> None:
    """Play EnvPool's rows for as many seconds as each line of the input says."""
    import envpool

    env = envpool.make(peer_id(name), env_type="gymnasium", num_envs=rows, num_threads=threads)
    env.reset()
    measure = player(env, rows)
    print(envpool.__version__, flush=True)
    for line in sys.stdin:
        print(measure(float(line)), flush=True)


def ours(name: str | None, rows: int, threads: int) -> Any:
    """Make our rows of an environment; of ML10's training environments alike if it is None."""
    import gymnasium as gym

    import meta_envs  # noqa: F401  registers the ids
    from meta_envs.manipulation import benchmarks

    if name is not None:
        parts = benchmarks.goals("ML1", name, 0)["train"]
        venv = gym.make_vec("meta/ML1-v0", num_envs=rows, threads=threads, task_name=name)
    else:
        parts = benchmarks.goals("ML10", None, 0)["train"]
        venv = gym.make_vec("meta/ML10-v0", num_envs=rows, threads=threads)
    tasks = []
    for row in range(rows):
        one, goals = parts[row % len(parts)]
        tasks.append({"environment": benchmarks.NAMES.index(one), "goal": goals[row % len(goals)]})
    venv.reset(seed=0, options={"tasks": tasks})
    return venv


def compare(python: str, name: str, options: argparse.Namespace) -> tuple[list[float], str]:
    """Measure one environment: steps a second of ours and EnvPool's, the ratio; and its version."""
    from benchmarks.peers import Peer

    venv = ours(name, options.rows, options.threads)
    rows, threads = str(options.rows), str(options.threads)
    command = [python, __file__, "--serve", name, "--rows", rows, "--threads", threads]
    peer = Peer("EnvPool", command)
    measure, seconds = player(venv, options.rows), options.seconds
    pairs = np.array([(measure(seconds), peer.measure(seconds)) for _ in range(options.windows)])
    venv.close()
    peer.close()
    ratios = pairs[:, 0] / pairs[:, 1]
    return [*np.median(pairs, axis=0).tolist(), float(np.median(ratios))], peer.said


def record(name: str, options: argparse.Namespace, figures: Sequence[float], last: str) -> None:
    """Append a row to the CSV: steps a second of ours and EnvPool's, and the ratio."""
    from benchmarks.results_table import append

    columns = "environment,rows,threads,windows,seconds,must,load,ours,envpool,ratio,version"
    setting = [name, options.rows, options.threads, options.windows, options.seconds, _MUST]
    load = f"{os.getloadavg()[0]:.1f}"
    append("metaworld_envpool.csv", columns, [*setting, load], figures, [last])


def main() -> None:
    """Compare the environments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", nargs="?", help="of an environment with EnvPool")
    parser.add_argument("--names", nargs="+", help="environments (default: ML10's fifteen)")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.4, help="of a window")
    parser.add_argument("--windows", type=int, default=5)
    parser.add_argument("--mixed", action="store_true", help="play a mixed batch, too")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.rows, options.threads)
        return
    from meta_envs.manipulation.benchmarks import SPLITS

    names = options.names or [name for split in SPLITS["ML10"].values() for name in split]
    results = []
    for name in names:
        figures, version = compare(options.python, name, options)
        record(name, options, figures, version)
        results.append(figures)
    if len(names) > 1:
        record("mean", options, np.mean(results, axis=0).tolist(), version)
    if options.mixed:
        venv = ours(None, options.rows, options.threads)
        measure = player(venv, options.rows)
        mine = float(np.median([measure(options.seconds) for _ in range(options.windows)]))
        theirs = float(np.mean(results, axis=0)[1])
        record("ml10-mixed", options, [mine, theirs, mine / theirs], version)
        venv.close()


if __name__ == "__main__":
    main()
