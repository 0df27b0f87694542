"""RL2 on locomotion and the agents it must beat: adaptation curves on the same tasks.

    python benchmarks/locomotion.py dir --agents rl2 mixture oracle random --seeds 0 1 2
    python benchmarks/locomotion.py --summary

`mixture` is SB3's PPO on the training tasks without memory, `oracle` the same with the task in its
observation, both with normalised observations and rewards; `sac-mixture` and `sac-oracle` are
SB3's SAC with its defaults, for PEARL (`--agents pearl --steps 1000000`). Every agent is scored by
`agents.evaluate` on the same tasks, acting as it was trained (sampled actions), PEARL, whose paper
scores so, also with the most probable actions (`deterministic`), and SB3's SAC with those only, as
`evaluate` has it play. Rows are appended to `benchmarks/results/locomotion.csv`, learning curves to
`locomotion-*.progress.csv`; `--saved` scores the checkpoints of an earlier run again. To run two at
a time, give each a core: `taskset -c 0 python ...`.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from learning import Progress
from results_table import add
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import VecNormalize

import meta_envs  # noqa: F401  registers the ids
from agents import PEARL, RL2, SB3VecEnv, VariBAD, baselines, evaluate
from meta_envs.core.rng import fold
from meta_envs.wrappers import VectorOracleObservation

_RESULTS = Path(__file__).parent / "results"
_EPISODES = 2
_EPISODES_OF = {"pearl": 4}  # which infers from whole episodes: two are for that
_MOST = 4
_COLUMNS = [
    *("cores", "threads", "id", "split", "agent", "seed", "steps"),
    *("train_seconds", "num_tasks", "deterministic"),
    *(f"{of}{k}" for k in range(1, _MOST + 1) for of in ("episode", "standard_error")),
]
ENTRIES: dict[str, dict[str, Any]] = {
    "dir": {"id": "meta/HalfCheetahDir-v0", "steps": 5_000_000, "tasks": 100},
    "vel": {"id": "meta/HalfCheetahVel-v0", "steps": 2_000_000, "tasks": 200},
    "hopper": {"id": "meta/RandomHopper-v0", "steps": 2_000_000, "tasks": 100},
}
_N_ENVS = 64
_CLASSES = {"rl2": RL2, "varibad": VariBAD, "pearl": PEARL}
_ACTS = {"pearl": (False, True), "sac-mixture": (True,), "sac-oracle": (True,)}  # deterministic


class EpisodeProgress(Progress):
    """As `Progress`, of SB3's own agents, whose trials are the episodes of its last hundred."""

    every = 5_000  # steps

    def _on_rollout_start(self) -> None:
        return

    def _on_step(self) -> bool:
        recent = self.model.ep_info_buffer
        if recent and self.model.num_timesteps - (self.points or [(0, 0.0)])[-1][0] >= self.every:
            mean = float(np.mean([episode["r"] for episode in recent]))
            self.points.append((self.model.num_timesteps, mean))
        return True


def train(kind: str, entry: dict[str, Any], seed: int, steps: int) -> Any:
    """Train one agent and return it."""
    progress = Progress()
    if kind == "random":
        return baselines.Random()
    if kind in _CLASSES:
        algorithm = _CLASSES[kind]
        agent = algorithm(next(iter(algorithm.policy_aliases)), entry["id"], seed=seed)
        agent.learn(steps, callback=progress)
        agent.save(_checkpoint(kind, entry["name"], seed))
        progress.write(_RESULTS / f"locomotion-{kind}-{entry['name']}.progress.csv", seed)
        return agent
    venv: Any = gym.make_vec(entry["id"], num_envs=_N_ENVS if "sac" not in kind else 8)
    if "oracle" in kind:
        venv = VectorOracleObservation(venv)
    episodes = EpisodeProgress()
    curve = _RESULTS / f"locomotion-{kind}-{entry['name']}.progress.csv"
    if "sac" in kind:  # a gradient step for eight transitions: as many as PEARL takes
        model = SAC("MlpPolicy", SB3VecEnv(venv), gradient_steps=1, seed=seed, device="cpu")
        model.learn(steps, callback=episodes)
        episodes.write(curve, seed)
        return model
    normalised = VecNormalize(SB3VecEnv(venv), gamma=0.98)
    normalised.seed(fold(seed, "environment"))
    model = PPO(
        "MlpPolicy",
        normalised,
        n_steps=200,
        batch_size=1600,
        n_epochs=6,
        learning_rate=lambda left: 1e-4 + 9e-4 * left,
        gamma=0.98,
        gae_lambda=0.95,
        policy_kwargs={"log_std_init": -0.5},
        seed=seed,
        device="cpu",
    )
    model.learn(steps, callback=episodes)
    episodes.write(curve, seed)
    normalised.training = False
    return model


def run(kind: str, name: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train, evaluate on the tasks that all agents share, and append the results."""
    entry = {**ENTRIES[name], "name": name}
    started = time.perf_counter()
    if arguments.saved:
        agent = _CLASSES[kind].load(_checkpoint(kind, name, seed))
    else:
        agent = train(kind, entry, seed, arguments.steps or entry["steps"])
    seconds = round(time.perf_counter() - started, 1)
    for deterministic in _ACTS.get(kind, (False,)):
        curve = evaluate(
            agent,
            entry["id"],
            num_tasks=entry["tasks"],
            episodes=_EPISODES_OF.get(kind, _EPISODES),
            seed=1,
            deterministic=deterministic,
        )
        modes = "-modes" if deterministic else ""
        curve.to_csv(_RESULTS / f"locomotion-{kind}-{name}-s{seed}{modes}.curve.csv")
        row = {
            "cores": os.cpu_count(),
            "threads": arguments.threads,
            "id": entry["id"],
            "split": curve.protocol["split"],
            "agent": kind,
            "seed": seed,
            "steps": getattr(agent, "num_timesteps", 0),
            "train_seconds": "" if arguments.saved else seconds,
            "num_tasks": entry["tasks"],
            "deterministic": deterministic,
        }
        for episode, (mean, error) in enumerate(
            zip(curve.mean(), curve.standard_error(), strict=True), 1
        ):
            row[f"episode{episode}"] = round(float(mean), 2)
            row[f"standard_error{episode}"] = round(float(error), 2)
        add("locomotion.csv", row, _COLUMNS)
        print(row, flush=True)


def _checkpoint(kind: str, name: str, seed: int) -> Path:
    return Path("runs", "benchmarks", f"locomotion-{kind}-{name}-s{seed}.zip")


def summarise() -> None:
    """Print the mean over seeds of every agent, episode by episode, with its spread."""
    with (_RESULTS / "locomotion.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = ("id", "agent", "deterministic", "steps")  # runs of other budgets stay apart
    for row in rows:
        row["steps"] = f"{float(row['steps']):.2g}"  # iterations and trials end where they end
    for key in dict.fromkeys(tuple(row[column] for column in columns) for row in rows):
        mine = [row for row in rows if tuple(row[column] for column in columns) == key]
        figures = [
            np.array([float(row[f"episode{episode}"]) for row in mine])
            for episode in range(1, _MOST + 1)
            if mine[0][f"episode{episode}"]
        ]
        shown = "  ".join(f"{each.mean():9.1f} +- {each.std():6.1f}" for each in figures)
        acts = "modes" if key[2] == "True" else "drawn"
        budget = f"{float(key[3]):>9,.0f} steps {len(mine)} seeds"
        print(f"{key[0]:24s} {key[1]:11s} {acts} {budget} {shown}")


def main() -> None:
    """Run the requested entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="*", help=f"of {list(ENTRIES)}")
    parser.add_argument("--agents", nargs="+", default=["rl2", "mixture", "oracle", "random"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entry's")
    parser.add_argument(
        "--threads", type=int, default=1, help="of torch; the physics takes every CPU it may"
    )
    parser.add_argument("--saved", action="store_true", help="score checkpoints of a run before")
    parser.add_argument("--summary", action="store_true")
    arguments = parser.parse_args()
    if arguments.saved and not set(arguments.agents) <= set(_CLASSES):
        parser.error(f"--saved: checkpoints are kept of {list(_CLASSES)} only")
    torch.set_num_threads(arguments.threads)
    for name in arguments.entries:
        for kind in arguments.agents:
            for seed in arguments.seeds if kind != "random" else [0]:
                run(kind, name, seed, arguments)
    if arguments.summary:
        summarise()


if __name__ == "__main__":
    main()
