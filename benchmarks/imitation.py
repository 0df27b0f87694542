"""Imitation from one demonstration: MIL, what it is compared to, and how fast its steps are.

    python benchmarks/imitation.py mil-two bc-two --seeds 0 1 2
    python benchmarks/imitation.py mil-reach --seeds 0 --minutes 180
    python benchmarks/imitation.py speed

Agents learn from the expert's demonstrations of a fixed list of tasks. Then each task is shown once
more, in new places, and played `ROWS` times (`success_trained`); likewise 200 tasks whose looks are
held out (`success_held_out`). `speed` times MIL's outer step on 16 tasks, batched and in a loop.

Appends to `results/imitation.csv`, and `results/imitation_speed.csv`.
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
from results_table import RESULTS, add
from stable_baselines3.common.callbacks import BaseCallback

import agents
from agents import DemonstrationSet, baselines, evaluate, record
from agents.core.evaluation.curve import AdaptationCurve
from meta_envs.core.rng import fold

TABLE, SPEED = RESULTS / "imitation.csv", RESULTS / "imitation_speed.csv"
ROWS = 20  # of each task

_FEATURES: dict[str, Any] = {
    "id": "meta/FeatureReach-v0",
    "env_kwargs": {"steps": 14},  # to reach takes ten at most
    "pairs": 12,  # of colours; each makes a task of each of its targets
    "episodes": 100,
    "steps": 10_800_000,  # 8,000 outer steps
    "arguments": {"preset": "feature-reach"},
    "reference": "no threshold",
}
_CLONE = {**_FEATURES, "agent": "ConditionalBC"}
_LEARNT = {"two_heads": True, "demo_actions": False}
_IMAGES: dict[str, Any] = {
    "id": "meta/Reach2D-v0",
    "env_kwargs": {"steps": 12},
    "pairs": 100,
    "episodes": 8,
    "steps": 100_000_000,
    "policy": "CnnPolicy",
    "arguments": {"preset": "reach2-d"},
    "reference": "no threshold; reaching in the paper: high 80s",
}
_VIDEO = {"preset": "reach2-d", **_LEARNT, "demo_states": False}
_PUSH = {**_IMAGES, "id": "meta/Push2D-v0", "env_kwargs": {"steps": 40}}
_PUSH |= {"arguments": {"preset": "push2-d"}, "reference": "no threshold; paper 85.8"}

_SORTED = {**_FEATURES, "env_kwargs": {"steps": 14, "shuffled": False}, "steps": 5_400_000}

ENTRIES: dict[str, dict[str, Any]] = {
    "mil-two": {**_SORTED, "reference": "at least .65 on trained colours"},
    "bc-two": {
        **_SORTED,
        "arguments": {"preset": "feature-reach", "inner_steps": 0},
        "reference": "at most .55 on trained colours",
    },
    "mil-two-shuffled": _FEATURES,
    "mil-two-no-actions": {**_FEATURES, "arguments": {"preset": "feature-reach", **_LEARNT}},
    "contextual-two": {**_CLONE, "arguments": {"preset": "feature-reach", "context": "final"}},
    "lstm-two": {**_CLONE, "arguments": {"preset": "feature-reach"}},
    "attention-two": {
        **_CLONE,
        "arguments": {"preset": "feature-reach", "context": "attention"},
    },
    "mil-four": {**_FEATURES, "env_kwargs": {"steps": 14, "targets": 4}},
    "mil-reach": _IMAGES,
    "mil-reach-video": {**_IMAGES, "arguments": _VIDEO},
    "mil-push": _PUSH,
    "mil-push-video": {
        **_PUSH,
        "arguments": {**_PUSH["arguments"], **_LEARNT, "demo_states": False},
        "reference": "no threshold; paper 66.4",
    },
}


def tasks_of(entry: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """Return the tasks for training: looks of the training split, with every target."""
    env: Any = gym.make_vec(entry["id"], num_envs=1, split="train", **entry["env_kwargs"]).unwrapped
    drawn = env.sample_tasks(entry["pairs"], seed=fold(seed, "looks"))
    looks = [key for key in drawn if key != "target"]
    count = int(env.single_task_space["target"].n)
    return [
        {**{key: drawn[key][pair] for key in looks}, "target": target}
        for pair in range(entry["pairs"])
        for target in range(count)
    ]


def shown(entry: dict[str, Any], tasks: list[Any], episodes: int, seed: int) -> DemonstrationSet:
    """Return what the expert does in some tasks."""
    venv = gym.make_vec(entry["id"], num_envs=len(tasks), split="train", **entry["env_kwargs"])
    return record(baselines.Expert(), venv, episodes, seed, tasks)


def run(name: str, seed: int, minutes: float | None, steps: int | None, keep: Path | None) -> None:
    """Train one agent, measure it, and append a row."""
    entry = ENTRIES[name]
    tasks, kwargs = tasks_of(entry, seed), entry["env_kwargs"]
    cls = getattr(agents, entry.get("agent", "MIL"))
    agent = cls(
        entry.get("policy", "MlpPolicy"),
        entry["id"],
        seed=seed,
        env_kwargs=kwargs,
        demonstrations=shown(entry, tasks, entry["episodes"], fold(seed, "train")),
        **entry["arguments"],
    )
    start = time.perf_counter()
    agent.learn(steps or entry["steps"], callback=_Until(start, minutes), log_interval=None)
    seconds = time.perf_counter() - start
    if keep is not None:
        agent.save(keep / f"{cls.__name__.lower()}-{name}-{seed}.zip")
    again = shown(entry, tasks, 1, fold(seed, "new places"))
    played: dict[str, Any] = {"episodes": 1, "env_kwargs": kwargs, "seed": seed}
    trained = evaluate(agent, entry["id"], demonstrations=again, rows_per_task=ROWS, **played)
    held_out = evaluate(agent, entry["id"], demonstrations=1, num_tasks=200, **played)
    row = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "entry": name,
        "agent": cls.__name__,
        "id": entry["id"],
        "seed": seed,
        "steps": agent.num_timesteps,
        "train_seconds": round(seconds),
        "loss": round(agent.latest["loss"], 4),
        "success_trained": round(_success(trained), 3),
        "success_held_out": round(_success(held_out), 3),
        "reference": entry["reference"],
    }
    add(TABLE, row)
    print(row, flush=True)


class _Until(BaseCallback):
    """Stops training after some minutes."""

    def __init__(self, start: float, minutes: float | None):
        super().__init__()
        self._end = float("inf") if minutes is None else start + 60 * minutes

    def _on_step(self) -> bool:
        return time.perf_counter() < self._end


def _success(curve: AdaptationCurve) -> float:
    assert curve.success is not None
    return float(np.mean(curve.success))


def speed(tasks: int = 16, repeats: int = 30) -> None:
    """Time MIL's outer step, with all tasks batched and one after the other."""
    arguments: dict[str, Any] = {"preset": None, "n_envs": 2 * tasks, "n_episodes": 2, "seed": 0}
    agent = agents.MIL("MlpPolicy", "meta/FeatureReach-v0", n_tasks=tasks, **arguments)
    agent._ready()
    drawn = agent._scenes.draw(np.random.default_rng(0), tasks, 2)
    given, asked = (agent._scenes.scenes.take(drawn[:, [one]]) for one in (0, 1))

    def step(parts: list[Any]) -> None:
        agent.optimizer.zero_grad()
        for part in parts:
            loss = agent.outer_loss(given.tasks(part), asked.tasks(part)) * len(part) / tasks
            loss.backward()
        agent.optimizer.step()

    ways = {
        "batched": [torch.arange(tasks)],
        "loop": [torch.tensor([task]) for task in range(tasks)],
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(repeats):
        for way, parts in ways.items():
            start = time.perf_counter()
            step(parts)
            best[way] = min(best[way], time.perf_counter() - start)
    row = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "tasks": tasks,
        **{f"{way}_ms": round(1000 * seconds, 2) for way, seconds in best.items()},
        "ratio": round(best["loop"] / best["batched"], 2),
    }
    add(SPEED, row)
    print(row)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=[*ENTRIES, "speed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, help="stop training after this")
    parser.add_argument("--steps", type=int, help="another budget than the entry's")
    parser.add_argument("--keep", type=Path, help="folder for the trained agents")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.entries:
        if name == "speed":
            speed()
            continue
        for seed in given.seeds:
            run(name, seed, given.minutes, given.steps, given.keep)


if __name__ == "__main__":
    main()
