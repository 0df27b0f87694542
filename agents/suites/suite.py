"""A suite: agents x ids x seeds x budgets, read from a YAML file.

name: quick
seeds: [0, 1]
eval_tasks: 200
cells:
  - {agent: rl2, id: meta/DependentBandit-v0, steps: 200_000}
  - agent: [ucb1, random]           # baselines have no steps
    id: [meta/DependentBandit-v0, meta/BernoulliBandit-v0]
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .. import ALGORITHMS

_SUITE = {"name": str, "seeds": list, "eval_tasks": int, "cells": list}
_CELL = {
    "agent": (str, list),
    "id": (str, list),
    "steps": int,
    "seeds": list,
    "eval_tasks": int,
    "env_kwargs": dict,
    "arguments": dict,
    "rows_per_task": int,
    "tag": str,
    "recorded": str,
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=,-]*")
_TASKS = 1000
_LARGEST = 10**6  # bytes


@dataclass(frozen=True)
class Cell:
    """A training and its evaluation, or the evaluation of a baseline.

    Args:
        agent: Name of an algorithm or a baseline.
        id: What it is trained on and measured on.
        seed: Of the training; of the evaluation for baselines.
        steps: Environment steps; 0 for baselines.
        eval_tasks: Held-out tasks.
        env_kwargs: Of the id.
        arguments: Of the algorithm or the baseline.
        rows_per_task: Of the evaluation of a baseline; trained agents have their own.
        tag: Tells apart what agent, id and seed do not.
        recorded: File and entry (that of the agent by default) in `benchmarks/results` whose row of
            this seed is the result.
    """

    agent: str
    id: str
    seed: int
    steps: int
    eval_tasks: int
    env_kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    rows_per_task: int = 1
    tag: str = ""
    recorded: str = ""

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        parts = [self.agent, self.id, *([self.tag] if self.tag else [])]
        text = "-".join(re.sub(r"[^A-Za-z0-9_.=,-]", "-", part) for part in parts)
        return f"{text}-s{self.seed}"

    @property
    def trains(self) -> bool:
        """Return whether it is of an algorithm, not of a baseline."""
        return self.agent in ALGORITHMS


@dataclass(frozen=True)
class Suite:
    """Cells with different names, in order."""

    name: str
    cells: tuple[Cell, ...]


def read(path: str | os.PathLike[str]) -> Suite:
    """Read a suite.

    Args:
        path: A YAML file, or the name of one of ours: `quick`, `classics`, `metaworld`.

    Raises:
        ImportError: PyYAML is not installed.
        OSError: The file cannot be read.
        ValueError: It is no suite; names the place and what is allowed.
    """
    file = found(path)
    if file.stat().st_size > _LARGEST:
        raise ValueError(f"{file} is larger than {_LARGEST:,} bytes, so it is no suite")
    return parsed(_yaml().safe_load(file.read_text(encoding="utf-8")), str(file))


def found(path: str | os.PathLike[str]) -> Path:
    """Return the file of a suite.

    Raises:
        FileNotFoundError: There is none; names those of ours.
    """
    own = {file.stem: file for file in sorted((Path(__file__).parent / "files").glob("*.yaml"))}
    given = Path(path)
    if not given.is_file() and str(path) in own:
        return own[str(path)]
    if not given.is_file():
        raise FileNotFoundError(f"there is no suite {path}; give a YAML file, or {', '.join(own)}")
    return given


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as missing:
        raise ImportError(
            'suites need what pip install "metazoo[suite]" installs (PyYAML)'
        ) from missing
    return yaml


def parsed(document: Any, place: str) -> Suite:
    """Return a suite from what a file holds.

    Args:
        document: Dicts, lists, texts and numbers.
        place: The file, for messages.

    Raises:
        ValueError: Something is missing, unknown or of another kind.
    """
    _check(document, _SUITE, place, needs=("name", "cells"))
    cells: list[Cell] = []
    for number, one in enumerate(document["cells"], 1):
        where = f"{place}: cell {number}"
        _check(one, _CELL, where, needs=("agent", "id"))
        cells += _cells(
            {**{key: document[key] for key in _SHARED if key in document}, **one}, where
        )
    if not cells:
        raise ValueError(f"{place}: cells is empty")
    names = [cell.name for cell in cells]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{place}: {twice[:3]} come twice; give one of each pair a tag")
    return Suite(_name(document["name"], place), tuple(cells))


_SHARED = ("seeds", "eval_tasks")


def _cells(one: Mapping[str, Any], place: str) -> Iterator[Cell]:
    agents, ids = _list(one["agent"]), _list(one["id"])
    seeds = one.get("seeds", [0])
    if not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ValueError(f"{place}: seeds={seeds} must be whole numbers from 0 on")
    if "tag" in one:
        _name(one["tag"], place)
    for agent, id, seed in itertools.product(agents, ids, seeds):
        steps = one.get("steps", 0)
        trains = _known(agent, place)
        if trains and steps < 1:
            raise ValueError(f"{place}: {agent} is trained, so it needs steps of at least 1")
        yield Cell(
            agent=agent,
            id=id,
            seed=seed,
            steps=steps if trains else 0,
            eval_tasks=one.get("eval_tasks", _TASKS),
            env_kwargs=dict(one.get("env_kwargs", {})),
            arguments=dict(one.get("arguments", {})),
            rows_per_task=one.get("rows_per_task", 1),
            tag=one.get("tag", ""),
            recorded=one.get("recorded", ""),
        )


def _known(agent: str, place: str) -> bool:
    """Return whether a name is an algorithm's; a baseline's is none."""
    from ..runs.baseline_names import class_of_baseline

    if agent in ALGORITHMS:
        return True
    if class_of_baseline(agent) is None:
        near = get_close_matches(agent, ALGORITHMS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"{place}: no agent {agent!r}; {hint}there are {sorted(ALGORITHMS)}, and baselines"
        )
    return False


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _name(text: str, place: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{place}: {text!r} must match {_NAME.pattern}, for it names a folder")
    return text


def _check(value: Any, kinds: Mapping[str, Any], place: str, needs: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{place} must have {sorted(kinds)}, not {json.dumps(value)[:60]}")
    for key, part in value.items():
        if key not in kinds:
            near = get_close_matches(str(key), kinds, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"{place}: unknown {key!r}; {hint}it takes {sorted(kinds)}")
        texts = not isinstance(part, list) or key == "cells" or key == "seeds"
        fine = isinstance(part, kinds[key]) and not isinstance(part, bool)
        if not fine or not (texts or all(isinstance(one, str) for one in part)):
            raise ValueError(f"{place}: {key}={part!r} is of another kind than it should be")
        if isinstance(part, int) and part < 0:
            raise ValueError(f"{place}: {key}={part} must be at least 0")
    if missing := [key for key in needs if key not in value]:
        raise ValueError(f"{place}: {missing} is missing")
