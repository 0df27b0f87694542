"""Environment steps a second of learners of one lifetime, updates included, beside SB3's A2C.

    python benchmarks/lifetimes_speed.py cartpole --repeats 5

Paired: the agents run in turn, with the same network, rows, steps between updates and therefore
updates. Appends to `results/lifetimes_speed.csv`: each agent's median, and its ratio to SB3's A2C.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from stable_baselines3 import A2C
from stable_baselines3.common.env_util import make_vec_env

import agents

TABLE = Path(__file__).parent / "results" / "lifetimes_speed.csv"
COLUMNS = "date,commit,machine,cores,entry,agent,rows,n_steps,repeats,steps_per_second,ratio".split(
    ","
)
ROWS, N_STEPS = 64, 20
_SHAPE = {"net_arch": [64, 64], "separate": ["value"]}  # as SB3's MlpPolicy


def ours(name: str, **more: Any) -> Callable[[], Any]:
    def make() -> Any:
        return getattr(agents, name)(
            "MlpPolicy", "meta/RandomCartPole-v0", preset=None, n_envs=ROWS, n_steps=N_STEPS,
            policy_kwargs=_SHAPE, seed=0, **more,
        )  # fmt: skip

    return make


def sb3() -> A2C:
    env = make_vec_env("CartPole-v1", n_envs=ROWS, seed=0)  # a DummyVecEnv
    return A2C("MlpPolicy", env, n_steps=N_STEPS, seed=0, device="cpu")


ENTRIES: dict[str, dict[str, Callable[[], Any]]] = {
    "cartpole": {"SB3:A2C": sb3, "IMPALA": ours("IMPALA")},
}


def measured(agent: Any, steps: int) -> float:
    """Return environment steps a second of `steps` steps of learning."""
    before, started = agent.num_timesteps, time.perf_counter()
    agent.learn(steps, log_interval=None, reset_num_timesteps=False)
    return (agent.num_timesteps - before) / (time.perf_counter() - started)


def run(entry: str, repeats: int, steps: int, commit: str) -> None:
    made = {name: make() for name, make in ENTRIES[entry].items()}
    for agent in made.values():
        agent.learn(ROWS * N_STEPS * 5, log_interval=None)  # warm
    rates: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(repeats):
        for name, agent in made.items():
            rates[name].append(measured(agent, steps))
    fresh = not TABLE.exists()
    with TABLE.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        for name, found in rates.items():
            pairs = zip(found, rates["SB3:A2C"], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            row = [
                datetime.date.today().isoformat(), commit, platform.machine(), os.cpu_count(),
                entry, name, ROWS, N_STEPS, repeats, f"{statistics.median(found):.0f}",
                f"{ratio:.2f}",
            ]  # fmt: skip
            writer.writerow(row)
            print(*row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50_000, help="of each measurement")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    for entry in arguments.entries:
        run(entry, arguments.repeats, arguments.steps, commit)


if __name__ == "__main__":
    main()
