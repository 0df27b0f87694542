"""Write the tables of README.md from what is registered: `make docs-tables`.

Each table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`; a test compares them.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

import agents
import meta_envs
from agents import baselines

README = Path(__file__).parent.parent / "README.md"


def ids() -> str:
    """Return the table of task distributions, from their cards."""
    rows = []
    for name in meta_envs.list_distributions():
        card = meta_envs.card(name)
        if not name.startswith("meta/"):  # somebody else's
            continue
        kwargs = ", ".join(f"{key}={value!r}" for key, value in card.kwargs.items())
        rows.append((f"`{name}`", card.summary, card.episodes_per_trial, kwargs, card.source))
    return _table(("id", "tasks", "K", "arguments", "source"), rows)


def agent_classes() -> str:
    """Return the table of agents, from the first lines of their docstrings."""
    rows = []
    for name, place in agents.ALGORITHMS.items():
        module, _, cls = place.partition(":")
        made = getattr(import_module(module), cls)
        policies = ", ".join(f"`{policy}`" for policy in made.policy_aliases)
        rows.append((f"`{name}`", f"`agents.{cls}`", policies, _first_line(made)))
    return _table(("command", "class", "policies", "what it is"), rows)


def baseline_classes() -> str:
    """Return the table of baselines, from the first lines of their docstrings."""
    rows = [
        (f"`baselines.{name}`", _first_line(getattr(baselines, name))) for name in baselines.__all__
    ]
    return _table(("class", "what it does"), rows)


TABLES = {"ids": ids, "agents": agent_classes, "baselines": baseline_classes}


def updated(text: str) -> str:
    """Return `text` with every table as it should be.

    Raises:
        ValueError: If the markers of a table are missing.
    """
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not between.search(text):
            raise ValueError(f"README.md has no {begin} ... {end}; the table {name} goes there")
        written = f"{begin}\n{table()}\n{end}"
        text = between.sub(lambda _, written=written: written, text)
    return text


def _first_line(made: type) -> str:
    return (inspect.getdoc(made) or "").splitlines()[0]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = updated(old)
    README.write_text(new, encoding="utf-8")
    sys.stdout.write(f"{README.name}: {'updated' if new != old else 'up to date'}\n")
