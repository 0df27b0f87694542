"""What chance and an oracle reach on each id, measured once: `assets/references.csv`.

`benchmarks/references.py` writes the file. Its numbers are of ids as they are registered.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
from typing import Any

from ..core.evaluation.curve_data import CurveData


@functools.cache
def table() -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Return the lines of the file: by (id, split), then by `"random"` and `"oracle"`.

    A line has `agent`, `num_tasks`, `mean` and `standard_error` of the return of an episode, and
    `per_step`, the mean reward of a step where it is the same at every step, else None.
    """
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    source = importlib.resources.files("assets") / "references.csv"
    for row in csv.DictReader(source.read_text(encoding="utf-8").splitlines()):
        found.setdefault((row["id"], row["split"]), {})[row["kind"]] = {
            "agent": row["agent"],
            "num_tasks": int(row["num_tasks"]),
            "mean": float(row["mean"]),
            "standard_error": float(row["standard_error"]),
            "per_step": float(row["per_step"]) if row["per_step"] else None,
        }
    return found


def references(curve: CurveData) -> dict[str, float]:
    """Return chance and oracle in the units in which a curve is drawn, where they are known.

    Args:
        curve: A curve; of changed `env_kwargs`, or of a lifetime, nothing is known.
    """
    protocol = curve.protocol
    if protocol.get("env_kwargs") or protocol.get("steps"):
        return {}
    lines = table().get((protocol["env"], protocol["split"]), {})
    by_step = protocol["episodes"] == 1 and curve.per_step() is not None
    key = "per_step" if by_step else "mean"
    return {kind: line[key] for kind, line in lines.items() if line[key] is not None}
