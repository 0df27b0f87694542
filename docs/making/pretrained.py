"""Pretrained agents, as their cards in `assets/zoo/` describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import listing, markdown

FOLDER = listing.ROOT / "assets" / "zoo"
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
        commit = markdown.code(card["commit"] or "")
        command = markdown.code(card["command"])
        rows.append(
            (link, markdown.code(kwargs), worth, by_chance, made, card["seed"], commit, command)
        )
    head = ("id", "with", "score (95 % interval)", "chance", "trained", "seed", "commit", "command")
    return markdown.table(head, rows) if rows else ""
