"""Measure random actions and an oracle on every id as it is registered, for plots and `describe`.

    python benchmarks/references.py            # all ids that can be made here
    python benchmarks/references.py meta/GridNavi-v0

Writes `assets/references.csv`: the return of an episode on test tasks (all, where there is no such
split), and the reward of a step where it does not change within the episode.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import platform
from pathlib import Path

import numpy as np
from results_table import commit

import meta_envs
from agents import baselines, evaluate

TABLE = Path(__file__).parent.parent / "assets" / "references.csv"
COLUMNS = "id,split,kind,agent,num_tasks,mean,standard_error,per_step,of,date,commit,machine".split(
    ","
)
ORACLES = (
    baselines.BanditOracle(),
    baselines.BanditOracle(key="target"),
    baselines.MDPOracle(),
    baselines.GridOracle(),
    baselines.Expert(),
)
_STEADY = 4.0  # standard errors by which the two halves of an episode may differ


def measure(id: str, kind: str, agent: object, num_tasks: int) -> dict[str, object]:
    curve = evaluate(agent, id, num_tasks=num_tasks)
    of = "returns" if curve.expected_returns is None else "expected_returns"
    returns = curve.series(of).mean(axis=1)
    return {
        "id": id,
        "split": curve.protocol["split"],
        "kind": kind,
        "agent": curve.protocol["agent"],
        "num_tasks": num_tasks,
        "mean": f"{returns.mean():.6g}",
        "standard_error": f"{returns.std(ddof=1) / np.sqrt(len(returns)):.2g}",
        "per_step": per_step(curve, of),
        "of": of,
    }


def per_step(curve, of: str) -> str:
    """Return the mean reward of a step; nothing where episodes differ in length or it changes."""
    series = of.replace("returns", "rewards")
    if curve.protocol["episodes"] > 1 or getattr(curve, series) is None:
        return ""
    rewards = curve.series(series)
    half = rewards.shape[1] // 2
    change = rewards[:, half:].mean(axis=1) - rewards[:, :half].mean(axis=1)
    error = change.std(ddof=1) / np.sqrt(len(change))
    return f"{rewards.mean().round(9):.6g}" if abs(change.mean()) <= _STEADY * error + 1e-9 else ""


def oracle_of(id: str):
    """Return the first oracle that plays an id; None where there is none."""
    for oracle in ORACLES:
        try:
            evaluate(oracle, id, num_tasks=1)
        except (TypeError, ValueError, NotImplementedError, AttributeError):
            continue
        return oracle
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", default=meta_envs.list_distributions())
    parser.add_argument("--num-tasks", type=int, default=1000)
    arguments = parser.parse_args()
    about = {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": platform.machine(),
    }
    rows = list(csv.DictReader(TABLE.open(newline=""))) if TABLE.exists() else []
    for id in arguments.ids:
        steps = meta_envs.card(id).max_episode_steps or 0
        num_tasks = arguments.num_tasks if steps < 100 else max(arguments.num_tasks // 10, 2)
        try:
            found = [measure(id, "random", baselines.Random(), num_tasks)]
        except (ImportError, ValueError) as error:
            print(f"{id}: left out: {error}")
            continue
        oracle = oracle_of(id)
        if oracle is not None:
            found.append(measure(id, "oracle", oracle, num_tasks))
        rows = [row for row in rows if row["id"] != id] + [{**one, **about} for one in found]
        with TABLE.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(rows, key=lambda row: (row["id"], row["kind"])))
        for one in found:
            print(one, flush=True)


if __name__ == "__main__":
    main()
