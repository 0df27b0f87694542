"""The numbers of `benchmarks/results/` as tables: mean and spread over seeds, with commits."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from . import markdown
from .curves import RESULTS, rows

# File, what tells rows apart, the number, and what the number is.
_TABLES: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("learning", ("entry", "id", "split", "deterministic", "steps"), "score", "return of a trial"),
    ("gradient", ("entry", "id", "split", "steps"), "score", "return after a gradient step"),
    ("lifetimes", ("entry", "id", "steps"), "last_50_mean", "return of the last 50 episodes"),
    ("locomotion", ("agent", "id", "split", "steps", "deterministic"), "episode2", "episode 2"),
    ("metaworld", ("entry", "split", "deterministic", "steps"), "success_frozen", "success"),
    ("baselines", ("baseline", "id", "env_kwargs"), "score", "return of a trial"),
    ("speedruns", ("course", "agent", "machine"), "cpu_seconds", "seconds of the processor"),
)


def tables() -> str:
    """Return all of them, a heading each."""
    parts = []
    for name, keys, number, what in _TABLES:
        if not (RESULTS / f"{name}.csv").is_file():
            continue  # nobody has run it
        parts += [f"### {name}.csv", table(name, keys, number, what)]
    return "\n\n".join(parts)


def table(name: str, keys: Sequence[str], number: str, what: str) -> str:
    """Return one file as a table.

    Args:
        name: Of the file, without suffix.
        keys: Columns that tell its rows apart; rows that agree in them differ by seed.
        number: The column of the result.
        what: What the result is.
    """
    groups: dict[tuple[str, ...], list[tuple[float, str]]] = {}
    for row in rows(RESULTS / f"{name}.csv"):
        if row[number]:
            key = tuple(_rounded(one, row[one]) for one in keys)
            groups.setdefault(key, []).append((float(row[number]), row["commit"]))
    lines = []
    for key, found in groups.items():
        values = [value for value, _ in found]
        spread = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
        commits = ", ".join(f"`{one[:7]}`" for one in dict.fromkeys(commit for _, commit in found))
        told = [markdown.code(part) for part in key]
        lines.append((*told, f"{statistics.mean(values):.4g}{spread}", len(values), commits))
    return markdown.table((*keys, what, "rows", "commits"), lines)


def _rounded(key: str, value: str) -> str:
    """Return a value to group by: seeds end a few steps apart."""
    return f"{float(value):.2g}" if key == "steps" else value
