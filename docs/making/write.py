"""Write the sources of the site: pages written by hand, and those made from what is registered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import (
    agent_pages,
    curves,
    environments,
    films,
    gallery,
    listing,
    numbers,
    pretrained,
    reference,
    settings,
    tutorials,
)

_DOCS = listing.ROOT / "docs"
# Documents of the repository that pages include, and how their links read in the site.
_INCLUDED = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("benchmarks/README.md", "docs/CATALOGUE.md"),
)
_LINKS = {
    "CONTRIBUTING.md": "/contributing",
    "benchmarks/README.md": "/reproduce",
    "benchmarks/": "/reproduce",
    "docs/CATALOGUE.md": "/environments",
    "docs/CATALOGUE.md#agents": "/agents",
    "docs/CATALOGUE.md#baselines": "/baselines",
}
FRAGMENTS = "included"  # folder of what is no page of its own


def write(source: Path, kept: Path) -> None:
    """Write everything that Sphinx reads.

    Args:
        source: Folder for it, which is made anew.
        kept: Folder in which films stay.
    """
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(_DOCS / "pages", source)
    shutil.copy(_DOCS / "conf.py", source)
    shutil.copytree(_DOCS / "static", source / "_static")
    shutil.copytree(_DOCS / "images", source / "images")
    for name in _INCLUDED:
        text = (listing.ROOT / name).read_text(encoding="utf-8")
        _put(source, f"{FRAGMENTS}/{name.replace('/', '_')}", _linked(text))
    _put(source, f"{FRAGMENTS}/settings.md", settings.table())
    _put(source, f"{FRAGMENTS}/counts.md", counts())
    _put(source, f"{FRAGMENTS}/numbers.md", numbers.tables())
    shown = films.draw(listing.id_pages(), source, kept)
    pretrained.draw(source)
    drawn = curves.draw(source)
    _put(source, "environments.md", environments.overview())
    for family, page in listing.family_pages().items():
        _put(source, f"{page}.md", environments.family_page(family, shown))
    for name, page in listing.id_pages().items():
        _put(source, f"{page}.md", environments.id_page(name, shown.get(name)))
    _put(source, "agents.md", agent_pages.overview())
    for name, page in listing.agent_pages().items():
        own = [curve for curve in drawn if curve.agent == name]
        _put(source, f"{page}.md", agent_pages.agent_page(name, own))
    _put(source, "tutorials.md", tutorials.overview())
    for path, page in listing.example_pages().items():
        _put(source, f"{page}.md", tutorials.page(path))
    _put(source, "gallery.md", gallery.page(shown, drawn))
    _put(source, "reference.md", reference.page())


def counts() -> str:
    """Return how much there is, in a line."""
    ready = len(pretrained.cards())
    parts = [
        f"[{len(listing.id_pages())} task distributions](/environments) in "
        f"{len(listing.families())} families",
        f"[{len(listing.agent_pages())} agents](/agents)",
        *([f"[{ready} pretrained](/gallery)"] if ready else []),
    ]
    return f"**{', '.join(parts)}.**"


def _put(source: Path, name: str, text: str) -> None:
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _linked(text: str) -> str:
    """Return a document of the repository with links that hold in the site."""
    for old, new in _LINKS.items():
        text = text.replace(f"]({old})", f"]({new})")
    return re.sub(r"\]\(docs/images/", "](/images/", text)
