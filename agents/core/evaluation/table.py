"""A table of curves: agent, id, mean, interquartile mean, 95 % interval, seeds and protocol."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .curve_data import CurveData

COLUMNS = ("agent", "id", "mean", "iqm", "low", "high", "seeds", "tasks", "of", "protocol")
_HEADS = ("agent", "id", "mean", "IQM", "95 % interval", "seeds", "what", "protocol")
_NUMBERS = ("mean", "IQM", "95 % interval", "seeds")  # columns that end alike


@dataclass(frozen=True)
class Table:
    """Rows of results; `str` is text for a terminal.

    Args:
        rows: One a curve, with the keys of `COLUMNS`; numbers are not rounded.
    """

    rows: tuple[dict[str, Any], ...]

    def to_csv(self) -> str:
        """Return comma-separated lines, with a head."""
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return stream.getvalue()

    def to_markdown(self) -> str:
        """Return a table of GitHub's Markdown."""
        rule = ["---:" if head in _NUMBERS else "---" for head in _HEADS]
        lines = [_HEADS, rule, *(_cells(row) for row in self.rows)]
        return "".join(
            "| " + " | ".join(one.replace("|", r"\|") for one in line) + " |\n" for line in lines
        )

    def __str__(self) -> str:
        """Return the text."""
        return self.to_text().rstrip("\n")

    def to_text(self) -> str:
        """Return aligned columns; what all rows share in the last two stands below them once."""
        cells = [_cells(row) for row in self.rows]
        heads = list(_HEADS)
        shared: list[str] = []
        for column in (7, 6):
            if len({row[column] for row in cells}) == 1:
                shared.insert(0, cells[0][column])
                heads.pop(column)
                cells = [row[:column] + row[column + 1 :] for row in cells]
        widths = [max(len(row[i]) for row in [heads, *cells]) for i in range(len(heads))]
        lines = []
        for row in [heads, *cells]:
            parts = [
                one.rjust(width) if head in _NUMBERS else one.ljust(width)
                for one, width, head in zip(row, widths, heads, strict=True)
            ]
            lines.append("  ".join(parts).rstrip())
        return "".join(f"{line}\n" for line in [*lines, *([", ".join(shared)] if shared else [])])


def tabulate(named: Sequence[tuple[str, CurveData]], of: str | None = None) -> Table:
    """Tabulate curves by the last episode of their trials.

    Args:
        named: Names and curves.
        of: A series; None takes expected returns where they are known, else returns.

    Raises:
        ValueError: A curve lacks the series.
    """
    return Table(tuple(_row(name, curve, of) for name, curve in named))


def _row(name: str, curve: CurveData, of: str | None) -> dict[str, Any]:
    if of is None:
        of = "returns" if curve.expected_returns is None else "expected_returns"
    mean, (low, high) = curve.mean(of), curve.interval(of=of)
    protocol = curve.protocol
    kwargs = "".join(f" {key}={value}" for key, value in (protocol.get("env_kwargs") or {}).items())
    where = f"in episode {len(mean)} of {len(mean)}" if len(mean) > 1 else "an episode"
    if protocol.get("steps") and not of.startswith("frozen"):
        where = f"in the last of {len(mean)} parts of {protocol['steps']:,} steps"
    return {
        "agent": name,
        "id": f"{protocol['env']}{kwargs}",
        "mean": float(mean[-1]),
        "iqm": float(curve.iqm(of)[-1]),
        "low": float(low[-1]),
        "high": float(high[-1]),
        "seeds": curve.n_seeds,
        "tasks": protocol["num_tasks"],
        "of": f"{of.replace('_', ' ').removesuffix('s') if of != 'success' else of} {where}",
        "protocol": _protocol(protocol),
    }


def _protocol(protocol: dict[str, Any]) -> str:
    """Return how the numbers arose, in words; what is usual is left out."""
    words = [f"split {protocol['split']}", f"{protocol['num_tasks']:,} tasks"]
    if protocol["rows_per_task"] > 1:
        words.append(f"{protocol['rows_per_task']} rows a task")
    if protocol["frozen_episodes"]:
        words.append(f"{protocol['frozen_episodes']} frozen episodes")
    deterministic = protocol.get("deterministic")
    words.append(
        {True: "most probable actions", "frozen": "most probable actions once frozen"}.get(
            deterministic if not isinstance(deterministic, list) else None, "drawn actions"
        )
    )
    words.append(f"evaluation seed {json.dumps(protocol['seed'])}")
    return ", ".join(words)


def _cells(row: dict[str, Any]) -> list[str]:
    low, high = (f"{row[key]:.4g}" for key in ("low", "high"))
    return [
        row["agent"], row["id"], f"{row['mean']:.4g}", f"{row['iqm']:.4g}", f"[{low}, {high}]",
        str(row["seeds"]), row["of"], row["protocol"],
    ]  # fmt: skip
