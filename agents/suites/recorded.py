"""Cells that need not be run: their result stands in a CSV file of `benchmarks/results`.

A suite names file and entry, `recorded: learning/rl2-gridnavi`; without an entry it is the cell's
agent. The seed of the cell chooses the row. Wheels have no such files: there, every cell is run.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .suite import Cell

_LESS = 0.99  # of the steps asked for: budgets are in whole iterations


@dataclass(frozen=True)
class Record:
    """A row of a file.

    Args:
        score: The return of the last episode of a trial.
        steps: Environment steps of the training.
        source: File and commit, in words.
    """

    score: float
    steps: int
    source: str


def folder() -> Path:
    """Return where a clone has its results; wheels have no such folder."""
    return Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def record_of(cell: Cell) -> Record | None:
    """Return the newest row of a cell with at least its steps, None if there is none."""
    if not cell.recorded:
        return None
    name, _, entry = cell.recorded.partition("/")
    entry, path = entry or cell.agent, folder() / f"{name}.csv"
    if not path.is_file():
        return None
    found = None
    for row in _rows(path, path.stat().st_mtime_ns):
        same = (row.get("entry", row["agent"]), row["id"]) == (entry, cell.id)
        if not same or int(row["seed"]) != cell.seed or row["deterministic"] == "True":
            continue
        if int(row["steps"]) >= _LESS * cell.steps:
            source = f"{path.name}, {row['commit']}"
            found = Record([*_episodes(row)][-1], int(row["steps"]), source)
    return found


@functools.lru_cache(maxsize=8)
def _rows(path: Path, changed: int) -> tuple[dict[str, str], ...]:
    with path.open(newline="", encoding="utf-8") as stream:
        return tuple(csv.DictReader(stream))


def _episodes(row: dict[str, str]) -> Iterator[float]:
    """Yield the mean return of each episode of a trial."""
    if "episodes" in row:
        yield from json.loads(row["episodes"])
        return
    for key, value in row.items():
        if key.removeprefix("episode").isdigit() and value:
            yield float(value)
