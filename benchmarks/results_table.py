"""Rows of results: the day, the commit and the machine, what was found, and the command."""

from __future__ import annotations

import csv
import datetime
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).resolve().parent / "results"
_ROOT = RESULTS.parents[1]
_DESCRIBED = subprocess.run(  # when the process begins: HEAD may move while a long run goes on
    ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"],
    cwd=_ROOT, capture_output=True, text=True, check=False,
).stdout.strip()  # fmt: skip


def begins() -> None:
    """Compute with one thread, so that times can be compared."""
    torch.set_num_threads(1)


def commit(dirty: bool = False) -> str:
    """Return the commit with which this process began.

    Args:
        dirty: Add `-dirty` to it where files had been edited since.
    """
    return _DESCRIBED if dirty else _DESCRIBED.removesuffix("-dirty")


def machine(threads: int) -> str:
    """Describe the machine by its cores and the threads of them that compute."""
    return f"{os.cpu_count()} cores {platform.machine()}, {threads} threads"


def command() -> str:
    """Return the command that began this process, without folders that only this machine has."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    script = ["-m", module.name] if module else [f"benchmarks/{Path(sys.argv[0]).name}"]
    return shlex.join(["python", *script, *map(_anywhere, sys.argv[1:])])


def add(table: str | Path, row: Mapping[str, Any], columns: Sequence[str] = ()) -> None:
    """Append a row to a table, between day and commit on its left and the command on its right.

    A row that has one of these itself keeps it, and `command` in its place. The table gets its
    header with its first row; one of older rows without `command` gets that column, empty.

    Args:
        table: Name of a file in `results/`, or a path.
        row: What was found, by column.
        columns: The columns in order, where rows have them in another or may lack some.

    Raises:
        ValueError: The table has other columns; it is left as it is.
    """
    day = datetime.date.today().isoformat()
    empty = dict.fromkeys(("date", "commit", *columns), "")
    whole = {**empty, "date": day, "commit": commit(), **row}
    whole.setdefault("command", command())
    path = RESULTS / table
    _prepare(path, list(whole))
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerow(whole.values())


def append(
    table: str | Path,
    columns: str,
    first: Sequence[Any],
    figures: Sequence[float] = (),
    last: Sequence[Any] = (),
) -> None:
    """Append a row to a table whose third column is the machine, and print it.

    Args:
        table: Name of a file in `results/`, or a path.
        columns: Names of what follows, joined by commas.
        first: First columns.
        figures: Numbers, of which three decimals are kept.
        last: Last columns.

    Raises:
        ValueError: There are more or fewer columns than values, or the table has others.
    """
    values = [*first, *(f"{one:.3f}" for one in figures), *last]
    row = {"machine": platform.machine(), **dict(zip(columns.split(","), values, strict=True))}
    add(table, row)
    print(datetime.date.today(), commit(), *row.values(), command(), flush=True)


def _prepare(path: Path, header: list[str]) -> None:
    """Begin a table that is new, and give one of older rows the column `command`."""
    rows: list[list[str]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    if rows and rows[0] == header:
        return
    if rows and rows[0] != [name for name in header if name != "command"]:
        raise ValueError(
            f"{path} has the columns {','.join(rows[0])}, and the row has {','.join(header)}; "
            "write rows of other columns to a table of another name"
        )
    place = header.index("command")
    older = [[*row[:place], "", *row[place:]] for row in rows[1:]]
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with whole.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *older])
    whole.replace(path)


def _anywhere(word: str) -> str:
    """Return a word of a command; of a path outside the repository, what tells the file."""
    option, equals, value = word.rpartition("=") if word.startswith("-") else ("", "", word)
    path = Path(value)
    if not path.is_absolute():
        return word
    if path.is_relative_to(_ROOT):
        shown = path.relative_to(_ROOT)
    else:  # an interpreter's as the README has it: peer/bin/python
        shown = Path(*path.parts[-3:] if path.parent.name == "bin" else path.parts[-1:])
    return f"{option}{equals}{shown}"
