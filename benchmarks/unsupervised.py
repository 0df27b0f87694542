"""Unsupervised meta-RL: meta-train on tasks of several origins, evaluate on hand-made goals.

    python benchmarks/unsupervised.py random diayn handmade scratch --seeds 0 1 2

MAML (its arguments for points) is trained on random rewards, on the rewards of skills that DIAYN
learnt in the same box (`skills.py box` with the same seed makes them, or finds them), and on the
goals themselves; `scratch` is not trained at all. Trainings go on where they were interrupted. Each
agent then plays 20 episodes before and after 1, 2, 3 gradient steps on 200 held-out goals in the
box. Appends to `results/unsupervised.csv`.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skills import BOX, trained
from skills import RUNS as SKILLS

from agents import DIAYN, MAML, evaluate
from agents.maml.presets import MAML as PRESETS

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs", "benchmarks", "unsupervised")
TABLE = RESULTS / "unsupervised.csv"
COLUMNS = (
    "date,commit,machine,entry,agent,id,seed,steps,seconds,step_0,step_1,step_2,step_3,"
    "standard_error_3,reference"
).split(",")
_GOALS = "meta/PointNavigation-v0"
_BOX = {"bound": 1.0, "terminate": False}
_REFERENCE = "random and diayn above scratch by 3 standard errors after 1-3 steps"
STEPS = {"random": 4_000_000, "diayn": 4_000_000, "handmade": 4_000_000, "scratch": 0}


def tasks_of(entry: str, seed: int) -> tuple[str, dict[str, Any]]:
    """Return the id and the keyword arguments that an entry trains on."""
    if entry == "random":
        return "meta/PointRandomReward-v0", {}
    if entry == "diayn":
        return "meta/RewardTask-v0", {"bank": str(_bank(seed)), "split": "all"}
    return _GOALS, _BOX


def _bank(seed: int) -> Path:
    """Return the file of a discriminator that DIAYN trained with this seed."""
    agent, path = SKILLS / f"diayn-box-s{seed}.zip", RUNS / f"bank-s{seed}.safetensors"
    RUNS.mkdir(parents=True, exist_ok=True)
    if agent.exists():
        trained = DIAYN.load(agent)
    else:
        trained = DIAYN("MlpPolicy", _GOALS, env_kwargs=BOX, seed=seed).learn(60_000)
    trained.export_bank(path)
    return path


def run(entry: str, seed: int, steps: int | None) -> None:
    """Train one seed, evaluate it on goals, and write its row."""
    env_id, env_kwargs = tasks_of(entry, seed)
    arguments = PRESETS["point-navigation"]["arguments"]
    agent, seconds = trained(
        lambda: MAML(
            "MlpPolicy", env_id, env_kwargs=env_kwargs, seed=seed, preset=None, **arguments
        ),
        MAML,
        RUNS / f"maml-{entry}-s{seed}.zip",
        0 if entry == "scratch" else steps or STEPS[entry],
    )
    curve = evaluate(
        agent, _GOALS, env_kwargs=_BOX, num_tasks=200, episodes=4, rows_per_task=20, seed=1
    )
    means = curve.mean()
    by_task = np.asarray(curve.returns)[:, 3]
    by_task = by_task.reshape(len(by_task), -1).mean(axis=1)
    described = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    row = {
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.run(described, capture_output=True, text=True).stdout.strip(),
        "machine": platform.machine(),
        "entry": entry,
        "agent": "MAML",
        "id": env_id,
        "seed": seed,
        "steps": agent.num_timesteps,
        "seconds": round(seconds),
        **{f"step_{step}": round(float(value), 2) for step, value in enumerate(means)},
        "standard_error_3": round(float(by_task.std(ddof=1) / np.sqrt(len(by_task))), 3),
        "reference": _REFERENCE,
    }
    fresh = not TABLE.exists()
    with TABLE.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=STEPS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for entry in arguments.entries:
        for seed in arguments.seeds:
            run(entry, seed, arguments.steps)


if __name__ == "__main__":
    main()
