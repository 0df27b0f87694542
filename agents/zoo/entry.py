"""An entry of the zoo: a folder with a checkpoint, a card, and the card as a page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import card as cards
from .card import Card

CHECKPOINT, FILM = "agent.zip", "film.gif"


def name_of(agent: str, id: str) -> str:
    """Return the name of the folder of an agent and an id, e.g. `rl2-meta-DependentBandit-v0`."""
    return f"{agent}-{id.replace('/', '-').replace(':', '-')}"


@dataclass(frozen=True)
class Entry:
    """A pretrained agent.

    Args:
        folder: Which holds `agent.zip`, `card.json`, `README.md`, and maybe `film.gif`.
        card: What `card.json` says.
    """

    folder: Path
    card: Card

    @staticmethod
    def read(folder: str | Path) -> Entry:
        """Read the card of a folder.

        Raises:
            OSError: It cannot be read.
            ValueError: It is damaged or newer.
        """
        return Entry(Path(folder), cards.read(Path(folder)))

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        return self.folder.name

    @property
    def film(self) -> Path | None:
        """Return the path of the film of the agent at play; None if there is none."""
        path = self.folder / FILM
        return path if path.is_file() else None

    def checkpoint(self) -> Path:
        """Return the path of the checkpoint, if it is the one that the card describes.

        Raises:
            OSError: It cannot be read.
            CheckpointError: It is another file: damaged, or exchanged.
        """
        from ..core.saving.checkpoint import CheckpointError  # imports torch, which lists need not

        path = self.folder / CHECKPOINT
        found = sha256(path)
        if found != self.card.sha256:
            raise CheckpointError(
                f"{path} is not the checkpoint of its card (SHA-256 {found[:12]}, not "
                f"{self.card.sha256[:12]}) and was not loaded; get the entry again"
            )
        return path

    def load(self, device: str = "cpu", allow_modules: Any = ()) -> Any:
        """Return the agent; it acts and adapts, and does not learn on (see `save_weights`).

        A checkpoint of an entry is as any other: what it says is checked, and a module that it
        names is imported only if that was allowed.

        Args:
            device: Where its networks go.
            allow_modules: As in an agent's `load`.

        Raises:
            OSError: A file cannot be read.
            ValueError: The checkpoint is damaged, or not the card's.
        """
        from .. import ALGORITHMS
        from ..runs.train import class_of

        path = self.checkpoint()
        if self.card.agent not in ALGORITHMS:
            raise ValueError(
                f"{self.folder} is of {self.card.agent!r}, which this metazoo does not have; it "
                f"has {sorted(ALGORITHMS)}"
            )
        return class_of(self.card.agent)[1].load(path, device=device, allow_modules=allow_modules)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
