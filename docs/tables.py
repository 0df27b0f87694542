"""Write the tables of README.md and CATALOGUE.md from what is registered: `make docs-tables`.

README.md has a line for each family and setting; CATALOGUE.md has one for each id, agent and
baseline. Each table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`; a test compares
them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import agents
import meta_envs
from agents import baselines

from .making import listing, settings

ROOT = Path(__file__).parent.parent
_CATALOGUE = "docs/CATALOGUE.md"


def families() -> str:
    """Return the table of families: what they are, and their ids by short names."""
    rows = []
    for family, names in listing.families().items():
        shown = ", ".join(f"`{listing.short(name).removesuffix('-v0')}`" for name in names)
        about = listing.docstring(f"meta_envs.{family}").split("\n")[0]
        rows.append((f"[{family}]({_CATALOGUE}#{family})", about, shown))
    return _table(("family", "what it is", "ids, `meta/…-v0`"), rows)


def ids() -> str:
    """Return a table of task distributions for each family, from their cards."""
    parts = []
    for family, names in listing.families().items():
        rows = []
        for name in names:
            card = meta_envs.card(name)
            kwargs = ", ".join(f"{key}={value!r}" for key, value in card.kwargs.items())
            rows.append((f"`{name}`", card.summary, card.episodes_per_trial, kwargs, card.source))
        parts += [f"### {family}", _table(("id", "tasks", "K", "arguments", "source"), rows)]
    return "\n\n".join(parts)


def agents_by_setting() -> str:
    """Return the table of settings with their agents, by their names on the command line."""
    rows = [
        (f"**{title}**", when, ", ".join(f"`{name}`" for name in names))
        for title, when, names in settings.by_setting()
    ]
    return _table(("setting", "when", "agents"), rows)


def agent_classes() -> str:
    """Return the table of agents, from the first lines of their docstrings."""
    rows = []
    for name in agents.ALGORITHMS:
        made = listing.agent_class(name)
        policies = ", ".join(f"`{policy}`" for policy in made.policy_aliases)
        rows.append((f"`{name}`", f"`agents.{made.__name__}`", policies, listing.first_line(made)))
    return _table(("command", "class", "policies", "what it is"), rows)


def baseline_classes() -> str:
    """Return the table of baselines, from the first lines of their docstrings."""
    rows = [
        (f"`baselines.{name}`", listing.first_line(getattr(baselines, name)))
        for name in baselines.__all__
    ]
    return _table(("class", "what it does"), rows)


TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"families": families, "settings": agents_by_setting},
    _CATALOGUE: {"ids": ids, "agents": agent_classes, "baselines": baseline_classes},
}


def updated(file: str, text: str) -> str:
    """Return the text of a file of `TABLES` with every table as it should be.

    Raises:
        ValueError: If the markers of a table are missing.
    """
    for name, table in TABLES[file].items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not between.search(text):
            raise ValueError(f"{file} has no {begin} ... {end}; the table {name} goes there")
        written = f"{begin}\n{table()}\n{end}"
        text = between.sub(lambda _, written=written: written, text)
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    for file in TABLES:
        old = (ROOT / file).read_text(encoding="utf-8")
        new = updated(file, old)
        (ROOT / file).write_text(new, encoding="utf-8")
        sys.stdout.write(f"{file}: {'updated' if new != old else 'up to date'}\n")
