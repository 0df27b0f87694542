"""Learners of one lifetime: learn from scratch, and report the last fifty episodes.

    python benchmarks/lifetimes.py impala-cartpole sb3-a2c-cartpole sb3-ppo-cartpole --seeds 0 1 2
    python benchmarks/lifetimes.py impala-pong --seeds 0 --minutes 60

`sb3-*` are Stable-Baselines3's agents with its defaults (A2C: 5 steps in 8 environments).

Appends to `results/lifetimes.csv`; learning curves are `results/lifetimes-NAME-sSEED.progress.csv`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import stable_baselines3
from results_table import RESULTS, append, begins
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import CSVOutputFormat, Logger

import agents

COLUMNS = "entry,agent,id,seed,steps,seconds,last_50_mean,last_50_min,reference"
_CATCH: dict[str, Any] = {
    "id": "meta/Catch-v0",
    "steps": 60_000,
    "arguments": {
        "n_envs": 16,
        "n_steps": 16,
        "learning_rate": 2e-3,
        "policy_kwargs": {"net_arch": [64]},
        "eta_start": {"gamma": 0.5},
        "meta_learning_rate": 1e-2,
    },
}
_PIXELS: dict[str, Any] = {
    **_CATCH,
    "steps": 30_000,
    "env_kwargs": {"pixels": True},
    "arguments": {
        "n_envs": 16,
        "n_steps": 16,
        "learning_rate": 1e-3,
        "policy_kwargs": {"torso": "cnn"},
        "meta_learning_rate": 5e-3,
    },
}
ENTRIES: dict[str, dict[str, Any]] = {
    "a2c-cartpole": {
        "agent": "A2C",
        "id": "CartPole-v1",
        "steps": 60_000,
        "reference": "at least 150 over the last 50 episodes, every seed",
    },
    "ppo-cartpole": {
        "agent": "PPO",
        "id": "CartPole-v1",
        "steps": 60_000,
        "reference": "beside dpo-cartpole",
    },
    "dpo-cartpole": {
        "agent": "DPO",
        "id": "CartPole-v1",
        "steps": 60_000,
        "reference": "at least 150, every seed, and at least .7 of ppo-cartpole's",
    },
    "impala-cartpole": {
        "agent": "IMPALA",
        "id": "CartPole-v1",
        "steps": 100_000,
        "reference": "at least 195, every seed, and at least the mean of SB3's A2C",
    },
    "sb3-a2c-cartpole": {
        "agent": "SB3:A2C",
        "id": "CartPole-v1",
        "steps": 100_000,
        "reference": "beside impala-cartpole",
    },
    "sb3-ppo-cartpole": {
        "agent": "SB3:PPO",
        "id": "CartPole-v1",
        "steps": 100_000,
        "reference": "beside impala-cartpole",
    },
    "impala-pong": {
        "agent": "IMPALA",
        "id": "meta/Atari-v0",
        "env_kwargs": {"game": "Pong"},
        "steps": 5_000_000,
        "reference": "a mean of at least 0 in 5 M steps of four frames",
    },
    # With the paper's updates policies are still nearly uniform after 2 M steps.
    "impala-pong-paper": {
        "agent": "IMPALA",
        "id": "meta/Atari-v0",
        "env_kwargs": {"game": "Pong"},
        "arguments": {"rms_eps": 0.01, "n_envs": 32, "n_steps": 20},
        "steps": 5_000_000,
        "reference": "beside impala-pong",
    },
    "meta-gradient-pong": {
        "agent": "MetaGradient",
        "id": "meta/Atari-v0",
        "env_kwargs": {"game": "Pong"},
        "steps": 2_000_000,
        "reference": "beside impala-pong",
    },
    "stac-catch": {
        **_CATCH,
        "agent": "STAC",
        "reference": "gamma rises from .5 beyond .7; more than stac-catch-still",
    },
    "stac-catch-still": {
        **_CATCH,
        "agent": "STAC",
        "arguments": {**_CATCH["arguments"], "meta_learning_rate": 0.0},
        "reference": "beside stac-catch: gamma stays .5",
    },
    "stac-catch-pixels": {
        **_PIXELS,
        "agent": "STAC",
        "reference": "beside stacx-catch-pixels; no threshold",
    },
    "stacx-catch-pixels": {
        **_PIXELS,
        "agent": "STACX",
        "reference": "beside stac-catch-pixels; no threshold",
    },
}


def run(name: str, seed: int, minutes: float | None, keep: Path | None) -> None:
    entry = ENTRIES[name]
    agent = _made(entry, seed)
    progress = RESULTS / f"lifetimes-{name}-s{seed}.progress.csv"
    agent.set_logger(Logger(None, [CSVOutputFormat(str(progress))]))
    start = time.perf_counter()
    agent.learn(entry["steps"], log_interval=50, callback=_Until(start, minutes))
    seconds = time.perf_counter() - start
    if keep is not None:
        agent.save(keep / f"{entry['agent']}-{name}-{seed}.zip")
    last = [episode["r"] for episode in agent.ep_info_buffer]
    row = [
        name, entry["agent"],
        entry["id"], seed, agent.num_timesteps, f"{seconds:.0f}", f"{np.mean(last):.1f}",
        f"{np.min(last):.0f}", entry["reference"],
    ]  # fmt: skip
    append("lifetimes.csv", COLUMNS, row)


class _Until(BaseCallback):
    """Stops after some minutes; None does not."""

    def __init__(self, start: float, minutes: float | None):
        super().__init__()
        self.end = float("inf") if minutes is None else start + 60 * minutes

    def _on_step(self) -> bool:
        return time.perf_counter() < self.end


def _made(entry: dict[str, Any], seed: int) -> Any:
    """Make an agent of ours, or `SB3:NAME` with eight environments."""
    identity = entry["id"]
    library, _, of_sb3 = entry["agent"].rpartition(":")
    if not library:
        more = {"env_kwargs": entry.get("env_kwargs", {}), "seed": seed, "stats_window_size": 50}
        more |= entry.get("arguments", {})
        return getattr(agents, of_sb3)("MlpPolicy", identity, **more)
    env = make_vec_env(identity, n_envs=8, seed=seed)
    cls = getattr(stable_baselines3, of_sb3)
    return cls("MlpPolicy", env, seed=seed, stats_window_size=50, device="cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, help="stop each run after so many")
    parser.add_argument("--keep", type=Path, help="save the agents in this folder")
    arguments = parser.parse_args()
    begins()
    for name in arguments.names:
        for seed in arguments.seeds:
            run(name, seed, arguments.minutes, arguments.keep)


if __name__ == "__main__":
    main()
