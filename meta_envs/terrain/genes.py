"""Genes of a terrain: their ranges, how they mutate, and how hard they are.

Lengths are in terrain steps of 14/30 m. An interval of genes is (lowest, highest); (0, 0) means
that there is no such obstacle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

INTERVALS = ("pit_gap", "stump_height", "stair_height")
SEEDS = 2**20  # number of terrain seeds

# Largest values: code and paper differ in the width of pits alone.
LARGEST: dict[str, dict[str, float]] = {
    "release": {"ground_roughness": 10, "pit_gap": 8, "stump_height": 5, "stair_height": 5},
    "paper": {"ground_roughness": 10, "pit_gap": 10, "stump_height": 5, "stair_height": 5},
}
_MOST_STAIRS = 9
_FIRST = {"pit_gap": (0.0, 0.8), "stump_height": (0.0, 0.4), "stair_height": (0.0, 0.4)}
_STEP = {"pit_gap": 0.4, "stump_height": 0.2, "stair_height": 0.2}
_ROUGHER = 0.6  # a mutation changes the roughness by up to this
# Thresholds of the paper: 1, 2 or 3 of them make a terrain challenging, very and extremely so.
HARD = {"stump_height": 2.4, "pit_gap": 6.0, "ground_roughness": 4.5}
LABELS = ("easy", "challenging", "very challenging", "extremely challenging")


def task_space(source: str) -> spaces.Dict:
    """Return the space of genes and seeds."""
    most = LARGEST[source]
    return spaces.Dict(
        {
            "ground_roughness": spaces.Box(0.0, most["ground_roughness"], (), np.float64),
            **{name: spaces.Box(0.0, most[name], (2,), np.float64) for name in INTERVALS},
            "stair_steps": spaces.Discrete(_MOST_STAIRS, start=1),
            "terrain_seed": spaces.Discrete(SEEDS),
        }
    )


def flat() -> dict[str, Any]:
    """Return the genes of flat ground."""
    return {
        "ground_roughness": 0.0,
        **{name: np.zeros(2) for name in INTERVALS},
        "stair_steps": 1,
        "terrain_seed": 0,
    }


def difficulty(task: Mapping[str, Any]) -> int:
    """Return how many of the paper's three thresholds a terrain reaches, 0 to 3; see `LABELS`."""
    return sum(float(np.max(task[name])) >= least for name, least in HARD.items())


def spelled(task: Mapping[str, Any]) -> str:
    """Return the genes in words."""
    rough = f"roughness {float(task['ground_roughness']):.1f}"
    words = {"pit_gap": "pits", "stump_height": "stumps", "stair_height": "stairs"}
    there = [
        f"{word} {task[name][0]:.1f}-{task[name][1]:.1f}"
        for name, word in words.items()
        if task[name][1] > 0
    ]
    return ", ".join([rough, *there, f"seed {int(task['terrain_seed'])}"])


def draw(source: str, hard: bool, stairs: bool, rng: np.random.Generator) -> dict[str, Any]:
    """Draw genes and a seed.

    Args:
        source: A key of `LARGEST`.
        hard: Draw up to the largest values, else below the thresholds of `HARD`.
        stairs: Whether there may be stairs.
        rng: Source of randomness. Each kind of obstacle is there in half of the terrains.
    """
    most = dict(LARGEST[source]) if hard else {**LARGEST[source], **HARD}
    there = {name: rng.random() < 0.5 for name in ("ground_roughness", *INTERVALS)}
    there["stair_height"] &= stairs
    task: dict[str, Any] = {
        "ground_roughness": rng.uniform(0, most["ground_roughness"]) * there["ground_roughness"]
    }
    for name in INTERVALS:
        task[name] = np.sort(rng.uniform(0, most[name], size=2)) * there[name]
    task["stair_steps"] = int(rng.integers(1, _MOST_STAIRS + 1)) if there["stair_height"] else 1
    return {**task, "terrain_seed": int(rng.integers(SEEDS))}


def mutate(
    task: Mapping[str, Any], source: str, stairs: bool, rng: np.random.Generator
) -> dict[str, Any]:
    """Return a terrain whose kinds of obstacles have all changed by a step, with another seed.

    An obstacle that is not there appears with its first values; an interval that is moves to one
    of its neighbours, all equally probable.

    Source:
        reproduce_ops.py of the release; there the number of stairs is fixed, too.
    """
    most = LARGEST[source]
    rough = float(task["ground_roughness"]) + rng.uniform(-_ROUGHER, _ROUGHER)
    child: dict[str, Any] = {
        **{name: np.array(task[name], dtype=np.float64) for name in INTERVALS},
        "ground_roughness": float(np.clip(round(rough, 1), 0.0, most["ground_roughness"])),
        "stair_steps": int(task["stair_steps"]),
        "terrain_seed": int(rng.integers(SEEDS)),
    }
    for name in INTERVALS if stairs else INTERVALS[:2]:
        child[name] = _moved(child[name], name, most[name], rng)
    return child


def _moved(interval: np.ndarray, name: str, most: float, rng: np.random.Generator) -> np.ndarray:
    if interval[1] <= 0:
        return np.array(_FIRST[name])
    step, (least_low, least_high) = _STEP[name], _FIRST[name]
    changes = (step, 0.0, -step)
    neighbours = [
        (low, high)
        for low in (round(float(interval[0]) + change, 1) for change in changes)
        for high in (round(float(interval[1]) + change, 1) for change in changes)
        if least_low <= low <= high and least_high <= high <= most
        and not np.allclose((low, high), interval)
    ]  # fmt: skip
    return np.array(neighbours[rng.integers(len(neighbours))]) if neighbours else interval
