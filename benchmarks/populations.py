"""Populations: who computes changes nothing; speed of Terrain; evolution of agents and tasks.

    python benchmarks/populations.py workers             # 1, 2, 4 processes, and Ray if installed
    python benchmarks/populations.py terrain-speed       # beside raw mj_step
    python benchmarks/populations.py es-terrain pbt-bandit --seeds 0 1 2
    python benchmarks/populations.py poet-terrain --minutes 120 --workers 2

Appends to `results/populations.csv`. `--keep FOLDER` saves the final agents there.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import platform
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
import torch

import agents
import meta_envs  # noqa: F401  registers the ids

RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "populations.csv"
COLUMNS = ("date", "commit", "machine", "entry", "seed", "seconds", "what", "value")
FLAT = {
    **{"ground_roughness": 0.0, "stair_steps": 1, "terrain_seed": 0},
    **{name: [0.0, 0.0] for name in ("pit_gap", "stump_height", "stair_height")},
}
Rows = Iterator[tuple[str, Any]]


def workers(seed: int, wishes: Any) -> Rows:
    """The same ES by 1, 2 and 4 processes and Ray: parameters must be equal, bit for bit."""
    given = {"population": 16, "n_envs": 4, "seed": seed, "env_kwargs": {"max_episode_steps": 60}}
    centers: dict[Any, torch.Tensor] = {}
    counts: list[Any] = [1, 2, 4]
    if importlib.util.find_spec("ray") is not None:
        counts.append("ray")
    for count in counts:
        agent = agents.ES("MlpPolicy", "meta/Terrain-v0", workers=count, **given)
        agent.learn(1, log_interval=None)  # workers are started
        began = time.perf_counter()
        agent.learn(1, reset_num_timesteps=False, log_interval=None)
        yield f"seconds with workers={count}", round(time.perf_counter() - began, 3)
        centers[count] = agent.center
        yield f"workers={count} equals workers=1", bool(torch.equal(centers[count], centers[1]))


def terrain_speed(seed: int, wishes: Any) -> Rows:
    """Steps of Terrain a second, beside raw `mj_step` of the same models, frame skip and rows."""
    for threads in (1, 2):
        yield from _speed(seed, 256, 40, threads)


def _speed(seed: int, rows: int, steps: int, threads: int) -> Rows:
    venv = gym.make_vec("meta/Terrain-v0", num_envs=rows, threads=threads)
    venv.reset(seed=seed)
    physics = venv.unwrapped.physics
    random = np.random.default_rng(seed)
    actions = random.uniform(-1, 1, (steps, rows, 4)).astype(np.float32)
    ratios = []
    for _ in range(3):  # paired: the machine may be busy
        began = time.perf_counter()
        for action in actions:
            venv.step(action)
        ours = rows * steps / (time.perf_counter() - began)
        states = physics.get_state()
        began = time.perf_counter()
        for model, data in zip(physics.models, physics.data, strict=True):
            data.ctrl[:] = (4.0, -6.0, -4.0, 6.0)
            for _ in range(steps):
                mujoco.mj_step(model, data, physics.frame_skip)
        raw = rows * steps / (time.perf_counter() - began)
        physics.set_state(states)
        ratios.append(ours / (raw * threads))
        yield f"steps/s, {threads} threads", round(ours)
        yield "raw steps/s, 1 thread", round(raw)
    yield f"ratio to raw x {threads} threads, median of 3", round(float(np.median(ratios)), 3)


def es_terrain(seed: int, wishes: Any) -> Rows:
    """ES on flat ground for some minutes: its fitness, generation by generation."""
    agent = agents.ES(
        *("MlpPolicy", "meta/Terrain-v0"),
        **{"env_kwargs": {"split": "all"}, "population": 64, "seed": seed},
        policy_kwargs={"net_arch": (40, 40)},
        workers=wishes.workers,
    )
    agent.venv.unwrapped.set_tasks([FLAT] * agent.n_envs)
    yield from _trained(agent, wishes, "fitness_mean", lambda: agent.latest["ep_rew_mean"])


def pbt_bandit(seed: int, wishes: Any) -> Rows:
    """PBT over RL2 from learning rates 100 times too small, on the dependent bandit."""
    agent = agents.PBT(
        *("rl2", "meta/DependentBandit-v0"),
        **{"policy": "GruPolicy", "members": 8, "ready": 100_000, "seed": seed},
        member_kwargs={"learning_rate": 1e-5, "n_epochs": 4},
        explore={"learning_rate": ("log", 1e-6, 1e-1), "ent_coef": ("log", 1e-4, 1e-1)},
        factors=(0.3, 3.0),
        workers=wishes.workers,
    )
    yield from _trained(agent, wishes, "score_best", lambda: agent.latest["score_best"])


def poet_terrain(seed: int, wishes: Any) -> Rows:
    """POET with few niches, 600 steps and scaled thresholds."""
    agent = agents.POET(
        *("MlpPolicy", "meta/Terrain-v0"),
        **{"env_kwargs": {"max_episode_steps": 600}, "seed": seed, "workers": wishes.workers},
        **{"population": 32, "capacity": 8, "transfer_interval": 5, "reproduction_interval": 10},
        **{"reproduce_at": 20.0, "lowest": -20.0, "highest": 120.0, "solved_at": 60.0},
        **{"eval_episodes": 1, "sigma_decay": 1.0, "learning_rate_decay": 1.0},
    )
    yield from _trained(agent, wishes, "best score", lambda: _best(agent))
    yield "niches ever", len(agent.archive)
    yield "transfers", sum(one["kind"] == "transfer" for one in agent.history)


def _best(agent: Any) -> float:
    return max(one.score for one in agent.niches)


def _trained(agent: Any, wishes: Any, name: str, figure: Any) -> Rows:
    """Train for the time that was asked for; yield the figure after each tenth of it."""
    began, told = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < 60 * wishes.minutes:
        agent.learn(1, reset_num_timesteps=not agent.iteration, log_interval=None)
        if passed >= told * 6 * wishes.minutes:
            told += 1
            yield f"{name} after {agent.num_timesteps} steps", round(float(figure()), 3)
    yield f"{name} at the end, {agent.num_timesteps} steps", round(float(figure()), 3)
    if wishes.keep is not None:
        agent.save(wishes.keep / f"{type(agent).__name__.lower()}-{wishes.entry}-{agent.seed}.zip")


ENTRIES = {
    "workers": workers,
    "terrain-speed": terrain_speed,
    "es-terrain": es_terrain,
    "pbt-bandit": pbt_bandit,
    "poet-terrain": poet_terrain,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None)
    wishes = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    new = not TABLE.exists()
    RESULTS.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    for entry in wishes.entries:
        wishes.entry = entry
        for seed in wishes.seeds:
            began = time.perf_counter()
            for what, value in ENTRIES[entry](seed, wishes):
                row = (datetime.date.today(), commit, platform.machine(), entry, seed)
                seconds = round(time.perf_counter() - began, 1)
                print(entry, seed, what, value, flush=True)
                with TABLE.open("a", newline="", encoding="utf-8") as stream:
                    writer = csv.writer(stream)
                    if new:
                        writer.writerow(COLUMNS)
                        new = False
                    writer.writerow((*row, seconds, what, value))


if __name__ == "__main__":
    main()
