"""Unsupervised meta-RL: meta-train on tasks of several origins, evaluate on hand-made goals.

    python benchmarks/unsupervised.py random diayn handmade scratch --seeds 0 1 2
    python benchmarks/unsupervised.py cheetah-random cheetah-diayn cheetah-handmade \
        cheetah-scratch --seeds 0

MAML (its arguments for points) is trained on random rewards, on the rewards of skills that DIAYN
learnt in the same box (`skills.py box` with the same seed makes them, or finds them), and on the
goals themselves; `scratch` is not trained at all. Trainings go on where they were interrupted. Each
agent then plays 20 episodes before and after 1, 2, 3 gradient steps on 200 held-out goals in the
box. `cheetah-…` is the same for 50 running speeds. Appends to `results/unsupervised.csv`.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from results_table import add, commit
from skills import ENTRIES as SKILL_ENTRIES
from skills import RUNS as SKILLS
from skills import trained

from agents import DIAYN, MAML, evaluate
from agents.maml.presets import MAML as PRESETS

RESULTS = Path(__file__).parent / "results"
RUNS = Path("runs", "benchmarks", "unsupervised")
TABLE = RESULTS / "unsupervised.csv"
_BOX = {"bound": 1.0, "terminate": False}
_BEYOND = "random and diayn above scratch by 3 standard errors after 1-3 steps"


@dataclass(frozen=True)
class Where:
    """A world whose goals are what agents are evaluated on.

    Args:
        goals: Its id.
        env_kwargs: Its keyword arguments, of the goals and of DIAYN's training.
        random: Id of its random rewards.
        preset: MAML's arguments.
        skills: Name of DIAYN's entry in `skills.py`.
        num_tasks: Held-out goals.
        reference: What is wanted.
    """

    goals: str
    env_kwargs: dict[str, Any]
    random: str
    preset: str
    skills: str
    num_tasks: int
    reference: str


_WORLDS = {
    "point": Where(
        *("meta/PointNavigation-v0", _BOX, "meta/PointRandomReward-v0"),
        *("point-navigation", "box", 200, _BEYOND),
    ),
    "cheetah": Where(
        *("meta/HalfCheetahVel-v0", {}, "meta/HalfCheetahRandomReward-v0"),
        *("half-cheetah-vel", "cheetah", 50, "none"),
    ),
}
# name: the world, where its tasks come from
ENTRIES = {
    (origin if world == "point" else f"{world}-{origin}"): (world, origin)
    for world in _WORLDS
    for origin in ("random", "diayn", "handmade", "scratch")
}
STEPS = 4_000_000


def tasks_of(where: Where, origin: str, seed: int) -> tuple[str, dict[str, Any]]:
    """Return the id and the keyword arguments that an entry trains on."""
    if origin == "random":
        return where.random, {}
    if origin == "diayn":
        bank = str(_bank(where, seed))
        return "meta/RewardTask-v0", {"base": where.goals, "bank": bank, "split": "all"}
    return where.goals, where.env_kwargs


def _bank(where: Where, seed: int) -> Path:
    """Return the file of a discriminator that DIAYN trained with this seed."""
    agent = SKILLS / f"diayn-{where.skills}-s{seed}.zip"
    path = RUNS / f"bank-{where.skills}-s{seed}.safetensors"
    RUNS.mkdir(parents=True, exist_ok=True)
    if agent.exists():
        trained = DIAYN.load(agent)
    else:
        learnt = SKILL_ENTRIES[where.skills]
        given = {"env_kwargs": learnt["env_kwargs"], **learnt["arguments"]}
        trained = DIAYN("MlpPolicy", where.goals, seed=seed, **given).learn(learnt["steps"])
    trained.export_bank(path)
    return path


def run(entry: str, seed: int, steps: int | None) -> None:
    """Train one seed, evaluate it on goals, and write its row."""
    world, origin = ENTRIES[entry]
    where = _WORLDS[world]
    env_id, env_kwargs = tasks_of(where, origin, seed)
    arguments = PRESETS[where.preset]["arguments"]
    agent, seconds = trained(
        lambda: MAML(
            "MlpPolicy", env_id, env_kwargs=env_kwargs, seed=seed, preset=None, **arguments
        ),
        MAML,
        RUNS / f"maml-{entry}-s{seed}.zip",
        0 if origin == "scratch" else steps or STEPS,
    )
    curve = evaluate(
        agent, where.goals, env_kwargs=where.env_kwargs, num_tasks=where.num_tasks,
        episodes=4, rows_per_task=20, seed=1,
    )  # fmt: skip
    means = curve.mean()
    by_task = np.asarray(curve.returns)[:, 3]
    by_task = by_task.reshape(len(by_task), -1).mean(axis=1)
    row = {
        "commit": commit(dirty=True),
        "machine": platform.machine(),
        "entry": entry,
        "agent": "MAML",
        "id": env_id,
        "seed": seed,
        "steps": agent.num_timesteps,
        "seconds": round(seconds),
        **{f"step_{step}": round(float(value), 2) for step, value in enumerate(means)},
        "standard_error_3": round(float(by_task.std(ddof=1) / np.sqrt(len(by_task))), 3),
        "reference": where.reference,
    }
    add(TABLE, row)
    print(row, flush=True)


def main() -> None:
    """Run entries."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("entries", nargs="+", choices=ENTRIES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="another budget than the entries'")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for entry in arguments.entries:
        for seed in arguments.seeds:
            run(entry, seed, arguments.steps)


if __name__ == "__main__":
    main()
