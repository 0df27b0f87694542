"""Text of docstrings as Markdown (MyST)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\*_<>\[\]#|~^${}])")  # what Markdown would take for its own


def escaped(text: str) -> str:
    """Return text that means itself in Markdown, but for what stands in backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part.replace("|", r"\|") if part.startswith("`") else _SPECIAL.sub(r"\\\1", part)
        for part in parts
    )


def paragraphs(docstring: str) -> list[str]:
    """Return the paragraphs of a docstring, those before its first section; lines are joined."""
    before = re.split(r"^[A-Z][A-Za-z ]*:\n(?=    )", docstring, flags=re.MULTILINE)[0]
    return [" ".join(part.split()) for part in before.split("\n\n") if part.strip()]


def section(docstring: str, name: str) -> dict[str, str]:
    """Return the entries of a Google section such as `Raises`: text by name."""
    found = re.search(rf"^{name}:\n((?:    .*\n?|\n)*)", docstring, flags=re.MULTILINE)
    if found is None:
        return {}
    entries = re.findall(r"^    (\S[^:]*): ((?:.*\n?)(?:^        .*\n?)*)", found[1], re.MULTILINE)
    return {key: " ".join(text.split()) for key, text in entries}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [list(head), ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def code(value: object) -> str:
    """Return a value as code for a cell of a table."""
    text = str(value).replace("|", r"\|")
    return f"`{text}`" if text else ""


def contents(entries: Iterable[str], depth: int = 1, hidden: bool = False) -> str:
    """Return a table of contents of pages, given by their paths from the root of the site."""
    hide = "\n:hidden:" if hidden else ""
    listed = "\n".join(f"/{one}" for one in entries)
    return f"```{{toctree}}\n:maxdepth: {depth}{hide}\n\n{listed}\n```"


def raw(markup: str) -> str:
    """Return a block of HTML."""
    return f"```{{raw}} html\n{markup}\n```"


def picture(page: str, path: str, alt: str, caption: str = "", still: str | None = None) -> str:
    """Return a figure.

    Args:
        page: The page that it stands on.
        path: Of the picture, from the root of the site.
        alt: What it shows, for those who do not see it.
        caption: HTML under it.
        still: Shown instead of a film to those who asked their system for less motion.
    """
    up = "../" * page.count("/")
    image = f'<img src="{up}{path}" alt="{html.escape(alt)}" loading="lazy">'
    if still is not None:
        source = f'<source media="(prefers-reduced-motion: reduce)" srcset="{up}{still}">'
        image = f"<picture>{source}{image}</picture>"
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure class="shown">{image}{below}</figure>'
