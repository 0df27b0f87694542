"""Score pretrained agents again by the whole protocol of their cards: `zoo.py --check`."""

from __future__ import annotations

import csv
import datetime
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agents.core.saving.provenance import provenance
from agents.zoo import Entry, scoring
from agents.zoo.card import NAME

TABLE = Path(__file__).resolve().parent / "results" / "zoo_check.csv"
COLUMNS = (
    "date,commit,machine,entry,num_tasks,seed,mean,standard_error,card,card_standard_error,"
    "distance,seconds"
).split(",")
FAR = 3.0  # standard errors


def check(folders: Sequence[Path]) -> None:
    """Score entries again, replace their rows of the table, and exit.

    Args:
        folders: Of entries; those that do not exist are left out, and so are, by name, those whose
            ids need what is not installed here (Meta-World).

    Raises:
        SystemExit: Always: with 1 if an entry is too far off, else with 0.
    """
    far = []
    for folder in folders:
        if not (folder / NAME).is_file():
            continue
        entry = Entry.read(folder)
        began = time.perf_counter()
        try:
            found, distance = scoring.again(entry)
        except ImportError as error:
            print(f"{entry.name:<50} left out: {str(error).partition(';')[0]}")
            continue
        card, taken = entry.card.score, time.perf_counter() - began
        _write([
            datetime.date.today().isoformat(), provenance()["commit"], platform.machine(),
            entry.name, card.protocol["num_tasks"], scoring.AGAIN, f"{found.mean:.5g}",
            f"{found.standard_error:.3g}", f"{card.mean:.5g}", f"{card.standard_error:.3g}",
            f"{distance:.2f}", f"{taken:.1f}",
        ])  # fmt: skip
        print(f"{entry.name:<50} {found.mean:>10.4g} card {card.mean:>10.4g} {distance:>5.2f}")
        if distance >= FAR:
            far.append(entry.name)
    print(f"{FAR:g} standard errors off or more: {', '.join(far) or 'none'}")
    sys.exit(bool(far))


def _write(row: list[object]) -> None:
    rows: dict[str, list[object]] = {}
    if TABLE.exists():
        with TABLE.open(newline="", encoding="utf-8") as stream:
            rows = {one["entry"]: list(one.values()) for one in csv.DictReader(stream)}
    rows[str(row[COLUMNS.index("entry")])] = row
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([COLUMNS, *(rows[name] for name in sorted(rows))])
