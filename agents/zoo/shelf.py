"""Where entries are, and how one is found by agent and id."""

from __future__ import annotations

import importlib.resources
import os
import sys
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .card import NAME
from .entry import Entry, name_of

VARIABLE = "METAZOO_ZOO"


class NotInZooError(ValueError):
    """There is no such pretrained agent; the message names what is near, and where to get it."""


def pulled() -> Path:
    """Return the folder where `metazoo pull` puts entries."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")
    else:
        root = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(root) / "metazoo" / "zoo"


def folders() -> list[Path]:
    """Return the folders of entries that exist, in the order in which they are searched.

    These are that of `METAZOO_ZOO` or else of `metazoo pull`, and `assets/zoo` of a clone: wheels
    leave it out.
    """
    clone = Path(str(importlib.resources.files("assets"))) / "zoo"
    return [folder for folder in (pulled(), clone) if folder.is_dir()]


def entries() -> dict[str, Entry]:
    """Return all entries by name; of two with one name, that which is found first.

    A folder whose card is damaged is left out, with a warning.
    """
    found: dict[str, Entry] = {}
    for folder in folders():
        for path in sorted(folder.glob(f"*/{NAME}")):
            if path.parent.name in found:
                continue
            try:
                found[path.parent.name] = Entry.read(path.parent)
            except (OSError, ValueError) as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
    return dict(sorted(found.items()))


def find(agent: str, id: str, env_kwargs: Mapping[str, Any] | None = None) -> Entry:
    """Return the entry of an agent and an id.

    Args:
        agent: Name of the algorithm, e.g. `"rl2"`.
        id: What it was trained on.
        env_kwargs: That it was trained with; None takes the entry named `<agent>-<id>`, else the
            first one of the pair.

    Raises:
        NotInZooError: There is none; says what is near, and where entries are had.
    """
    known = entries()
    name = agent.lower()
    of_pair = [one for one in known.values() if (one.card.agent, one.card.id) == (name, id)]
    if env_kwargs is None and of_pair:
        plain = [one for one in of_pair if one.name == name_of(name, id)]
        return (plain or of_pair)[0]
    for one in of_pair:
        if dict(one.card.env_kwargs) == dict(env_kwargs or {}):
            return one
    if of_pair:
        trained = [dict(one.card.env_kwargs) for one in of_pair]
        raise NotInZooError(
            f"no pretrained {name} on {id} with env_kwargs={dict(env_kwargs or {})}; there are "
            f"those with {trained}"
        )
    raise NotInZooError(f"no pretrained {name} on {id}; {_near(name, id, known)}")


def _near(agent: str, id: str, known: Mapping[str, Entry]) -> str:
    if not known:
        return (
            "no entry is installed, as wheels leave them out; they are in assets/zoo of a clone of "
            f"the repository ({VARIABLE}=FOLDER names it), and `metazoo pull` gets single ones"
        )
    ids = sorted(one.card.id for one in known.values() if one.card.agent == agent)
    of_id = sorted(one.card.agent for one in known.values() if one.card.id == id)
    parts = [f"{agent} is there on {', '.join(ids)}"] if ids else []
    parts += [f"on {id} there are {', '.join(of_id)}"] if of_id else []
    if not parts:
        close = get_close_matches(name_of(agent, id), known, n=3, cutoff=0.4)
        parts = [f"near it are {', '.join(close)}"] if close else []
    return "; ".join([*parts, "`metazoo zoo` lists all"])


def load_pretrained(
    agent: str,
    id: str,
    *,
    env_kwargs: Mapping[str, Any] | None = None,
    device: str = "cpu",
) -> Any:
    """Return a pretrained agent, to act, to be evaluated, or to begin with its weights.

    It does not learn on; see `save_weights`. An entry is a file like any other: read SECURITY.md
    before you use a stranger's.

    Args:
        agent: Name of the algorithm, e.g. `"rl2"`.
        id: What it was trained on, e.g. `"meta/DependentBandit-v0"`.
        env_kwargs: That it was trained with; None takes what there is.
        device: Where its networks go.

    Raises:
        NotInZooError: There is none (a `ValueError`); names what is near.
        OSError: A file cannot be read.
        ValueError: A file is damaged.
    """
    return find(agent, id, env_kwargs).load(device)
