"""Pretrained agents, as their cards in `assets/zoo/` describe them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import listing, markdown

FOLDER = listing.ROOT / "assets" / "zoo"
FILMS = "_static/zoo"  # in the site
Card = Mapping[str, Any]


def cards(folder: Path = FOLDER) -> dict[str, Card]:
    """Return the cards by the names of their entries, in order."""
    found = sorted(folder.glob("*/card.json"))
    return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in found}


def best(id: str, folder: Path = FOLDER) -> tuple[str, Card] | None:
    """Return the entry that earned most on an id as it is registered, and its card."""
    known = {
        name: card
        for name, card in cards(folder).items()
        if card["id"] == id and not set(card["env_kwargs"]) - {"split"}
    }
    if not known:
        return None
    return max(known.items(), key=lambda item: item[1]["score"]["mean"])


def films(agent: str, page: str, folder: Path = FOLDER) -> str:
    """Return the films of an agent's entries, as a wall; empty if there are none.

    Args:
        agent: By its name on the command line.
        page: On which they are shown.
        folder: Of the entries.
    """
    shown = []
    for name, card in cards(folder).items():
        if card["agent"] == agent and (folder / name / "film.gif").is_file():
            worth = f"{card['id']}: {card['score']['mean']:.4g} on held-out tasks"
            alt = f"A film of a pretrained {agent} at play in {worth}"
            path = f"{FILMS}/{name}"
            shown.append(markdown.picture(page, f"{path}.gif", alt, worth, f"{path}.png"))
    return markdown.raw(f'<div class="wall">{"".join(shown)}</div>') if shown else ""


def draw(site: Path, folder: Path = FOLDER) -> None:
    """Write the entries' films, and their last pictures for those who want less motion.

    Args:
        site: Folder that is the root of the site.
        folder: Of the entries.
    """
    from PIL import Image

    (site / FILMS).mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*/film.gif")):
        made = site / FILMS / f"{path.parent.name}.gif"
        shutil.copyfile(path, made)
        with Image.open(path) as film:
            film.seek(film.n_frames - 1)
            film.convert("RGB").quantize(96).save(made.with_suffix(".png"), optimize=True)


def _brief(commit: str) -> str:
    """Return a commit as git abbreviates it, and whether files were changed."""
    name, dash, dirty = commit.partition("-")
    return f"{name[:7]}{dash}{dirty}"


def without_weights(agent: str, folder: Path = FOLDER) -> str:
    """Return the table of what an agent has no weights of, and why; empty if that is nothing."""
    path = folder / "README.md"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith(f"| `{agent}` ")]
    head = ("id", "why no weights are stored", "command", "what came out")
    return markdown.table(head, [row[1:] for row in rows]) if rows else ""


def load(name: str, folder: Path = FOLDER) -> Any:
    """Return the agent of an entry."""
    return listing.agent_class(cards(folder)[name]["agent"]).load(folder / name / "agent.zip")


def table(agent: str, folder: Path = FOLDER) -> str:
    """Return the table of what an agent was pretrained on; empty if that is nothing."""
    pages, rows = listing.id_pages(), []
    for card in cards(folder).values():
        if card["agent"] != agent:
            continue
        id, score, chance = card["id"], card["score"], card["chance"]
        link = f"[`{id}`](/{pages[id]})" if id in pages else f"`{id}`"
        kwargs = ", ".join(f"{key}={value!r}" for key, value in card["env_kwargs"].items())
        worth = f"{score['mean']:.4g} ({score['low']:.4g} to {score['high']:.4g})"
        by_chance = "" if chance is None else f"{chance['mean']:.4g}"
        made = f"{card['steps']:,} steps, {card['seconds']:.0f} s"
        commit = markdown.code(_brief(card["commit"] or ""))
        command = markdown.code(card["command"])
        rows.append(
            (link, markdown.code(kwargs), worth, by_chance, made, card["seed"], commit, command)
        )
    head = ("id", "with", "score (95 % interval)", "chance", "trained", "seed", "commit", "command")
    return markdown.table(head, rows) if rows else ""
