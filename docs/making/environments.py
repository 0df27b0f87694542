"""Pages of task distributions: one for each family and one for each id."""

from __future__ import annotations

import re
from collections.abc import Mapping

import agents
import meta_envs

from . import listing, markdown
from .films import Film

_AS_LIST = ("Spaces", "In numbers", "Chance and oracle")
_TITLES = {"mdps": "MDPs", "few_shot": "Few-shot"}
_INDENTED = re.compile(r"^ +")


def overview() -> str:
    """Return the page with all families."""
    rows = [
        (f"[{family}](/{page})", markdown.escaped(_about(family)), len(listing.families()[family]))
        for family, page in listing.family_pages().items()
    ]
    return "\n\n".join(
        [
            "# Task distributions",
            "A family is a package of `meta_envs`; an id names one of its distributions with its "
            'arguments, `gym.make("meta/GridNavi-v0", size=7)` another. '
            "See [the task API](/task_api) for what all of them have in common, and "
            "[the gallery](/gallery) for all of them at play.",
            markdown.table(("family", "what it is", "ids"), rows),
            markdown.contents(listing.family_pages().values(), hidden=True),
        ]
    )


def family_page(family: str, films: Mapping[str, Film]) -> str:
    """Return the page of a family: its ids, with a film of each."""
    names = listing.families()[family]
    pages = listing.id_pages()
    rows = []
    for name in names:
        card = meta_envs.card(name)
        horizon = "its own" if card.max_episode_steps is None else f"{card.max_episode_steps}"
        summary, source = markdown.escaped(card.summary), markdown.escaped(card.source)
        link = f"[`{name}`](/{pages[name]})"
        rows.append((link, summary, card.episodes_per_trial, horizon, source))
    page = listing.family_pages()[family]
    cards = [
        markdown.picture(
            page,
            films[name].path,
            films[name].alt,
            f'<a href="{family}/{listing.short(name)}.html">{name}</a>',
            films[name].still,
        )
        for name in names
        if name in films
    ]
    wall = '<div class="wall">' + "\n".join(cards) + "</div>"
    return "\n\n".join(
        [
            f"# {_TITLES.get(family, family.capitalize())}",
            *(markdown.escaped(one) for one in markdown.paragraphs(_package(family))),
            *([markdown.raw(wall)] if cards else []),
            markdown.table(("id", "tasks", "episodes a trial", "horizon", "source"), rows),
            markdown.contents((pages[name] for name in names), hidden=True),
        ]
    )


def id_page(name: str, film: Film | None) -> str:
    """Return the page of an id: what `metazoo describe` says, and a film."""
    card, page = meta_envs.card(name), listing.id_pages()[name]
    parts = [f"# {name}"]
    if film is not None:
        told = f'{film.alt} <a href="../../gallery.html">All films</a>'
        parts.append(markdown.raw(markdown.picture(page, film.path, film.alt, told, film.still)))
    try:
        sections = dict(agents.describe(name).sections)
        head = sections.pop(name)
        parts += [_prose(line if line.endswith(".") else f"{line}.") for line in head.splitlines()]
    except ImportError as missing:  # an extra that cannot live in this environment
        parts += [markdown.escaped(card.summary) + ".", f"*{markdown.escaped(str(missing))}*"]
        sections = _from_docstring(card.family)
    if "Presets" in sections:
        sections["Presets"] = _presets(sections["Presets"])
    for heading, text in sections.items():
        parts += [f"## {heading}", text if heading == "Presets" else _lines(heading, text)]
    parts += ["## Use", _use(card)]
    return "\n\n".join(parts)


def _use(card: meta_envs.core.registration.Card) -> str:
    """Return how an id is made, seen and trained on."""
    return (
        "```python\nimport gymnasium as gym\nimport meta_envs\n\n"
        f'env = gym.make("{card.id}")  # one row\n'
        f'venv = gym.make_vec("{card.id}", num_envs=64)  # a native batch\n```\n\n'
        f"```\nmetazoo play {card.id}\nmetazoo video {card.id} --agent random\n"
        f"metazoo describe {card.id}\n```"
    )


def _from_docstring(family: str) -> dict[str, str]:
    """Return the sections of a family that cannot be imported here."""
    text = listing.docstring(family)
    pieces = re.split(r"^([A-Z][A-Za-z ]*):\n(?=    )", text, flags=re.MULTILINE)
    found = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    wanted = {key: part for key, part in found.items() if key not in ("Args", "Raises")}
    return {
        key: "\n".join(" ".join(one.split()) for one in part.split("\n\n"))
        for key, part in wanted.items()
    }


def _lines(heading: str, text: str) -> str:
    """Return lines of a section as paragraphs, or as a list where each is an entry."""
    lines = [line for line in text.splitlines() if line.strip()]
    if heading not in _AS_LIST:
        return "\n\n".join(_prose(line) for line in lines)
    return "\n".join(
        ("  - " if _INDENTED.match(line) else "- ") + _prose(line.strip()) for line in lines
    )


def _presets(text: str) -> str:
    """Return the presets of an id as a list, each agent with a link to its page."""
    pages, lines = listing.agent_pages(), []
    for line in text.splitlines():
        name, colon, told = line.partition(": ")
        known = bool(colon) and name in pages
        lines.append(
            f"- [{name}](/{pages[name]}): {markdown.code(told)}" if known else _prose(line)
        )
    return "\n".join(lines)


def _prose(text: str) -> str:
    return markdown.escaped(text)


def _package(family: str) -> str:
    return listing.docstring(f"meta_envs.{family}")


def _about(family: str) -> str:
    return _package(family).split("\n")[0]
