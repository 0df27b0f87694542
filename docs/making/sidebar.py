"""The sidebar, resolved once for each folder: for each page it took more than half of a build.

Sphinx's tree of pages differs between the pages of a folder only in what is marked as current.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

_TREE = "furo_navigation_tree"  # what the theme puts into a page's context
_THEME = 500  # priority with which it does so
# An item begins or ends, a link, a switch that opens an item.
_PARTS = re.compile(
    r'(?P<begin><li class=")|(?P<end></li>)|<a (?P<link>[^>]*)>|(?P<switch><input )'
)


def setup(app: Any) -> dict[str, bool]:
    """Connect with Sphinx."""
    trees: dict[tuple[Any, ...], str] = {}

    def share(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
        resolve = context.get("toctree")
        if resolve is None:
            return

        def shared(**wanted: Any) -> str:
            key = (posixpath.dirname(page), *sorted(wanted.items()))
            if key not in trees:
                trees[key] = unmarked(resolve(**wanted), _address(page))
            return trees[key]

        context["toctree"] = shared

    def mark(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
        if context.get(_TREE):
            context[_TREE] = marked(context[_TREE], _address(page))

    app.connect("html-page-context", share, priority=_THEME - 1)
    app.connect("html-page-context", mark, priority=_THEME + 1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _address(page: str) -> str:
    """Return how other pages of its folder link to a page."""
    return f"{posixpath.basename(page)}.html"


def unmarked(tree: str, address: str) -> str:
    """Return a tree in which the page with this address is like others."""
    tree = tree.replace('href="#"', f'href="{address}"')
    return re.sub(r'(?<=class=")current |(?<=[\w-]) current(?=[ "])| class="current"', "", tree)


def marked(tree: str, address: str) -> str:
    """Return the theme's tree with a page and what it stands under marked as current, and open.

    Args:
        tree: HTML, in which nothing is marked.
        address: Of the page, as links have it; if it is not there, nothing is marked.
    """
    above: list[list[int]] = []  # of each open item where it begins, and maybe its switch
    found: list[list[int]] = []
    edits: dict[int, str] = {}
    for part in _PARTS.finditer(tree):
        if part["begin"]:
            if found:
                break
            above.append([part.end()])
        elif part["end"]:
            if found:
                break
            above.pop()
        elif part["switch"]:
            above[-1].append(part.end())
        elif f'href="{address}"' in part["link"]:
            found = above
            edits[part.start("link")] = 'aria-current="page" '
    for item in found:
        edits[item[0]] = "current current-page " if item is found[-1] else "current "
        edits.update({switch: 'checked="" ' for switch in item[1:]})
    for place in sorted(edits, reverse=True):
        tree = tree[:place] + edits[place] + tree[place:]
    return tree
