"""`metazoo list`: what there is, read from cards and source files without importing any of it."""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import functools
import importlib.util
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tyro

import meta_envs

from .. import ALGORITHMS
from . import find
from .baselines import baseline_names
from .values import unless

# Keyword arguments that say how long an episode is, where that is part of the problem.
_HORIZONS = ("pulls", "steps", "horizon", "rounds")
_WIDE = 300  # columns, where there is no terminal


def list_(
    pattern: Annotated[str | None, tyro.conf.Positional, unless("everything", "[PATTERN]")] = None,
    json: bool = False,
) -> int:
    """List task distributions, algorithms and baselines.

    For example:
      metazoo list
      metazoo list bandit
      metazoo list 'meta/*Maze*' --json

    Args:
        pattern: Only what contains this text, or matches it as a glob.
        json: Write JSON.
    """
    tables = {
        "distributions": distributions(),
        "algorithms": algorithms(),
        "baselines": baselines(),
    }
    if pattern is not None:
        chosen = {name: _matching(rows, pattern) for name, rows in tables.items()}
        if not any(chosen.values()):
            names = [_name(row) for rows in tables.values() for row in rows]
            near = find.nearest(pattern, names) or "`metazoo list` shows all"
            raise find.UsageError(f"nothing matches {pattern!r}; {near}")
        tables = chosen
    if json:
        _print_json(tables)
    else:
        _print_tables(tables)
    return 0


def distributions() -> list[dict[str, Any]]:
    """Return the card of every id as JSON-able dicts."""
    return [
        {**vars(card), "kwargs": dict(card.kwargs)}
        for card in map(meta_envs.card, meta_envs.list_distributions())
    ]


def algorithms() -> list[dict[str, Any]]:
    """Return name, class and paper of every algorithm, in the order of `ALGORITHMS`."""
    rows = []
    for name, place in ALGORITHMS.items():
        module, _, class_name = place.partition(":")
        rows.append(
            {"name": name, "class": place, "paper": _first_lines(module).get(class_name, "")}
        )
    return rows


def baselines() -> list[dict[str, Any]]:
    """Return name, class, parameters and first line of every baseline that has a name."""
    import agents.baselines as module

    rows = []
    for name, class_name in baseline_names().items():
        cls = getattr(module, class_name)
        parameters = {one.name: one.default for one in dataclasses.fields(cls) if one.init}
        summary = (cls.__doc__ or "").strip().split("\n")[0]
        place = f"agents.baselines:{class_name}"
        row = {"name": name, "class": place, "parameters": parameters, "summary": summary}
        rows.append(row)
    return rows


@functools.cache  # a package may have a dozen agents
def _first_lines(package: str) -> Mapping[str, str]:
    """Return the first line of the docstring of every class in a package's files."""
    found: dict[str, str] = {}
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return found
    for file in sorted(Path(spec.origin).parent.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = (ast.get_docstring(node) or "").split("\n")[0]
    return found


def _name(row: dict[str, Any]) -> str:
    return row.get("id") or row["name"]


def _matching(rows: list[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    sought = pattern.lower()
    return [
        row
        for row in rows
        if sought in (name := _name(row).lower()) or fnmatch.fnmatchcase(name, sought)
    ]


def _print_json(tables: dict[str, list[dict[str, Any]]]) -> None:
    print(json.dumps(tables, indent=2, ensure_ascii=False))


def _horizon(row: dict[str, Any]) -> str:
    for key in _HORIZONS:
        if key in row["kwargs"]:
            return f"{row['kwargs'][key]} {'steps' if key == 'horizon' else key}"
    steps = row["max_episode_steps"]
    return "" if steps is None else f"{steps} steps"


def _print_tables(tables: dict[str, list[dict[str, Any]]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    console = Console(width=columns, highlight=False)
    heads = {
        "distributions": ("task distribution", "episodes a trial", "an episode", "what", "source"),
        "algorithms": ("algorithm", "class", "paper"),
        "baselines": ("baseline", "parameters", "what"),
    }
    for name, rows in tables.items():
        if not rows:
            continue
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for i, head in enumerate(heads[name]):
            right = head == "episodes a trial"
            table.add_column(head, no_wrap=i == 0, justify="right" if right else "left")
        for row in rows:
            table.add_row(*_cells(name, row))
        with console.capture() as captured:
            console.print(table)
        # without the blanks that pad every line to the full width
        print("\n".join(line.rstrip() for line in captured.get().strip("\n").splitlines()))


def _cells(name: str, row: dict[str, Any]) -> list[str]:
    if name == "distributions":
        episodes = str(row["episodes_per_trial"])
        return [row["id"], episodes, _horizon(row), row["summary"], row["source"]]
    if name == "algorithms":
        return [row["name"], row["class"], row["paper"]]
    parameters = ",".join(f"{key}={value}" for key, value in row["parameters"].items())
    return [row["name"], parameters, row["summary"]]
