"""Which generated pages there are: one for each family, id, agent and example.

A page is named by its path in the site, without suffix. Whatever is registered has one.
"""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import agents
import meta_envs

ROOT = Path(__file__).resolve().parents[2]
OWN = "meta/"  # namespace of the ids that are the project's


def families() -> dict[str, list[str]]:
    """Return the ids of each family, a package of `meta_envs`; both in order."""
    found: dict[str, list[str]] = {}
    for name in meta_envs.list_distributions():
        if name.startswith(OWN):
            package = meta_envs.card(name).family.partition(":")[0].split(".")[1]
            found.setdefault(package, []).append(name)
    return dict(sorted(found.items()))


def family_pages() -> dict[str, str]:
    """Return the page of each family."""
    return {family: f"environments/{family}" for family in families()}


def id_pages() -> dict[str, str]:
    """Return the page of each id."""
    return {
        name: f"environments/{family}/{short(name)}"
        for family, names in families().items()
        for name in names
    }


def agent_pages() -> dict[str, str]:
    """Return the page of each agent, by its name on the command line."""
    return {name: f"agents/{name}" for name in agents.ALGORITHMS}


def example_pages() -> dict[Path, str]:
    """Return the page of each example."""
    found = sorted((ROOT / "examples").glob("[0-9]*.py"))
    return {path: f"tutorials/{path.stem}" for path in found}


def short(id: str) -> str:
    """Return an id without its namespace: a name for files."""
    return id.rpartition("/")[2]


def agent_class(name: str) -> Any:
    """Return the class of an agent."""
    module, _, cls = agents.ALGORITHMS[name].partition(":")
    return getattr(import_module(module), cls)


def agent_named(class_name: str) -> str | None:
    """Return the agent whose class or command has a name, in any case; None if there is none."""
    for name, place in agents.ALGORITHMS.items():
        if class_name.lower() in (name, place.partition(":")[2].lower()):
            return name
    return None


def first_line(made: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(made) or "").split("\n")[0]


def docstring(place: str) -> str:
    """Return a docstring without importing anything, which may need what is not installed.

    Args:
        place: `"package.module:Class"`, or a package or module.
    """
    module, _, name = place.partition(":")
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not name:
        return ast.get_docstring(tree) or ""
    (made,) = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    return ast.get_docstring(made) or ""
