"""Rows of results: the day, commit and machine, and then what was found."""

from __future__ import annotations

import csv
import datetime
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


def begins() -> None:
    """Compute with one thread, so that times can be compared."""
    torch.set_num_threads(1)


def append(
    name: str,
    columns: str,
    first: Sequence[Any],
    figures: Sequence[float] = (),
    last: Sequence[Any] = (),
) -> None:
    """Append a row to a table of `results/`, and print it.

    Args:
        name: Name of the file.
        columns: Names of what follows, joined by commas.
        first: First columns.
        figures: Numbers, of which three decimals are kept.
        last: Last columns.
    """
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    head = ["date", "commit", "machine", *columns.split(","), "command"]
    numbers = [f"{one:.3f}" for one in figures]
    day, machine = datetime.date.today().isoformat(), platform.machine()
    row = [day, commit, machine, *first, *numbers, *last, command]
    path = RESULTS / name
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(head)
        writer.writerow(row)
    print(*row, flush=True)
