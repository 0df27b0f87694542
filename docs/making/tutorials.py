"""Tutorials: the examples as pages. They are shown, not run: the tests run every one of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from . import listing, markdown


def overview() -> str:
    """Return the page with all tutorials."""
    rows = []
    for path, page in listing.example_pages().items():
        rows.append((f"[{title(path)}](/{page})", markdown.escaped(_about(path).split("\n")[0])))
    return "\n\n".join(
        [
            "# Tutorials",
            "The scripts of `examples/`: one screen and one idea each. The tests run all of them "
            "with a tiny budget (`METAZOO_TINY=1`); the pages show them, and building the site "
            "does not run them, because several train for minutes.",
            markdown.table(("tutorial", "what it shows"), rows),
            markdown.contents(listing.example_pages().values(), hidden=True),
        ]
    )


def page(path: Path) -> str:
    """Return the page of an example: what it says of itself, and its code."""
    source = path.read_text(encoding="utf-8")
    about = _about(path)
    code = source.split('"""', 2)[2].strip("\n")
    return "\n\n".join(
        [
            f"# {title(path)}",
            *_parts(about),
            f"```\n{_command(path)}\n```",
            f"```python\n{code}\n```",
        ]
    )


def title(path: Path) -> str:
    """Return the title of an example: its number and name."""
    number, _, name = path.stem.partition("_")
    return f"{int(number)}. {name.replace('_', ' ').capitalize()}"


def _command(path: Path) -> str:
    """Return the command that runs an example: the one that it names, if there is one."""
    named = re.search(rf"^ *(python examples/{re.escape(path.name)}.*)$", _about(path), re.M)
    return named[1] if named else f"python examples/{path.name}"


def _about(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _parts(docstring: str) -> list[str]:
    """Return paragraphs; what is indented is code."""
    parts = []
    for block in docstring.split("\n\n"):
        if block.startswith("    "):
            parts.append(f"```\n{re.sub('^    ', '', block, flags=re.M)}\n```")
        else:
            parts.append(markdown.escaped(" ".join(block.split())))
    return parts
