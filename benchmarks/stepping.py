"""Stepping one native batch against Gymnasium's SyncVectorEnv over the same dynamics, paired.

Run from the repository's root, on a machine that does little else:

    python -m benchmarks.stepping            # DependentBandit; must print a ratio of at least 50
    python -m benchmarks.stepping --grid     # GridNavi too

Both run in this process, in one thread, with the same seeds and actions; before the clock starts,
their rewards are compared. Repeats alternate between the two, so that whatever else the machine
does hits both. Each run appends its medians to `benchmarks/results/stepping.csv`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

import meta_envs
from benchmarks.results_table import add
from tests import reference

_COLUMNS = ("cores", "what", "rows", "steps_per_second", "ratio")
_MUST_REACH = 50.0
_SEED = 0


@dataclass(frozen=True)
class Case:
    """An id and the scalar environment (a class in tests/reference.py) of the same dynamics."""

    id: str
    scalar: str


CASES = (Case("meta/DependentBandit-v0", "ScalarDependentBandit"),)
GRID = Case("meta/GridNavi-v0", "ScalarGridNavi")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--native-steps", type=int, default=1000, help="vector steps a repeat")
    parser.add_argument("--scalar-steps", type=int, default=100, help="vector steps a repeat")
    parser.add_argument("--grid", action="store_true", help="GridNavi too, where it is registered")
    parser.add_argument("--dry", action="store_true", help="write no CSV")
    arguments = parser.parse_args()
    cases = [*CASES]
    if arguments.grid and GRID.id in meta_envs.list_distributions():
        cases.append(GRID)
    for case in cases:
        records = compare(
            case,
            arguments.rows,
            arguments.repeats,
            arguments.native_steps,
            arguments.scalar_steps,
        )
        if not arguments.dry:
            append(records)


def compare(
    case: Case, rows: int, repeats: int, native_steps: int, scalar_steps: int
) -> list[dict[str, object]]:
    """Time both ways in turns, print what came out, and return the CSV's rows."""
    native = gym.make_vec(case.id, num_envs=rows)
    scalar = scalar_rows(case, rows)
    actions = np.random.default_rng(_SEED).integers(
        gym.spaces.flatdim(native.single_action_space), size=(max(native_steps, scalar_steps), rows)
    )
    check_equal(native, scalar, actions[:3])
    speeds: dict[str, list[float]] = {"native": [], "scalar": []}
    for _ in range(repeats):
        speeds["native"].append(steps_per_second(native, actions[:native_steps]))
        speeds["scalar"].append(steps_per_second(scalar, actions[:scalar_steps]))
    ratios = np.divide(speeds["native"], speeds["scalar"])
    ratio = float(np.median(ratios))
    print(f"{case.id}, {rows} rows, {repeats} repeats, steps per second")
    for name, numbers in speeds.items():
        print(f"  {name:7s} min {min(numbers):12,.0f}   median {np.median(numbers):12,.0f}")
    verdict = "reached" if ratio >= _MUST_REACH else "MISSED"
    print(
        f"  ratio   min {ratios.min():12.1f}   median {ratio:12.1f}   ({_MUST_REACH:g} {verdict})"
    )
    shared = {"cores": os.cpu_count(), "rows": rows}
    names = {"native": f"{case.id} make_vec", "scalar": f"{case.id} SyncVectorEnv"}
    return [
        {
            **shared,
            "what": names[name],
            "steps_per_second": round(float(np.median(numbers))),
            "ratio": round(ratio, 1) if name == "native" else 1,
        }
        for name, numbers in speeds.items()
    ]


def scalar_rows(case: Case, rows: int) -> VectorEnv:
    """Put the scalar environment of a case into Gymnasium's SyncVectorEnv."""
    make: Callable[[], gym.Env] = getattr(reference, case.scalar)
    return SyncVectorEnv([make] * rows, autoreset_mode=AutoresetMode.SAME_STEP)


def check_equal(native: VectorEnv, scalar: VectorEnv, actions: np.ndarray) -> None:
    """Refuse to compare two environments that do not do the same."""
    native.reset(seed=_SEED)
    scalar.reset(seed=_SEED)
    for step in actions:
        one, other = native.step(step), scalar.step(step)
        if not (np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])):
            raise RuntimeError("the batch and the scalar environments differ; nothing was timed")


def steps_per_second(rows: VectorEnv, actions: np.ndarray) -> float:
    """Step with these actions [T, rows], autoresets included."""
    begun = time.perf_counter()
    for step in actions:
        rows.step(step)
    return actions.size / (time.perf_counter() - begun)


def append(records: list[dict[str, object]]) -> None:
    """Add rows to the CSV."""
    for record in records:
        add("stepping.csv", record, _COLUMNS)


if __name__ == "__main__":
    main()
