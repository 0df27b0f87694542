"""What an entry says of its agent: `card.json`, checked when it is read."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.saving.files import atomic_file
from ..core.saving.hints import fits

FORMAT = 1  # raised whenever an older reader would misread a card
NAME = "card.json"
_LARGEST = 10**6  # bytes; ours are a few thousand


@dataclass(frozen=True, kw_only=True)
class Score:
    """What an agent earned on held-out tasks: the sum over a trial's episodes, or over a lifetime.

    Args:
        of: The series, e.g. `"expected_returns"` (see `CurveData`).
        mean: Mean over tasks.
        standard_error: Of the mean.
        low: Lower end of the 95 % bootstrap interval.
        high: Upper end.
        parts: Mean of each episode (of each bin of a lifetime).
        protocol: Arguments of `evaluate` that measure it again: `split`, `num_tasks`, `episodes`,
            `rows_per_task`, `steps`, `bins`, `seed`.
    """

    of: str
    mean: float
    standard_error: float
    low: float
    high: float
    parts: tuple[float, ...]
    protocol: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Card:
    """Where an agent comes from, and what it is worth.

    Args:
        agent: Name of the algorithm.
        id: What it was trained on.
        env_kwargs: Its keyword arguments.
        seed: Seed of the training.
        steps: Environment steps of the training.
        seconds: Of the training.
        command: That makes the entry again.
        commit: Of the repository that trained it; None where it was none.
        machine: That trained it.
        date: Of the training.
        versions: Of Python and packages.
        arguments: What was given to the constructor, over presets and defaults.
        precision: Of the stored weights.
        sha256: Of the checkpoint.
        score: On held-out tasks.
        chance: The same, of random play; None where nothing can play at random.
        other_seeds: Scores of other trainings by the same command: `seed`, `mean`,
            `standard_error`.
        training: The log's curve: lists of timesteps and of the mean return (or its like).
        figures: What the agent said of itself at the end of its training.
    """

    agent: str
    id: str
    env_kwargs: Mapping[str, Any]
    seed: int
    steps: int
    seconds: float
    command: str
    commit: str | None
    machine: str
    date: str
    versions: Mapping[str, Any]
    arguments: Mapping[str, Any]
    precision: str
    sha256: str
    score: Score
    chance: Score | None
    other_seeds: tuple[dict, ...]
    training: Mapping[str, Any]
    figures: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Write `card.json`.

        Raises:
            OSError: It cannot be written.
            ValueError: Something is no JSON.
        """
        document = {"format": FORMAT, **dataclasses.asdict(self)}
        text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
        with atomic_file(folder / NAME) as stream:
            stream.write(f"{text}\n".encode())


def read(folder: Path) -> Card:
    """Read the card of an entry, which may be anybody's file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged, or newer than this metazoo.
    """
    path = folder / NAME
    with open(path, "rb") as stream:
        content = stream.read(_LARGEST + 1)
    try:
        document = json.loads(content) if len(content) <= _LARGEST else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or type(document.get("format")) is not int:
        raise ValueError(f"{path} is damaged: it is no card of a pretrained agent")
    if document["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {document['format']}; this metazoo reads formats up to {FORMAT}: "
            "pip install --upgrade metazoo"
        )
    made = _made(Card, {key: one for key, one in document.items() if key != "format"}, path)
    assert isinstance(made, Card)
    return made


_KINDS: dict[type, dict[str, Any]] = {
    Score: {
        **dict.fromkeys(("mean", "standard_error", "low", "high"), float),
        **{"of": str, "parts": tuple[float, ...], "protocol": Mapping[str, Any]},
    },
    Card: {
        **dict.fromkeys(("agent", "id", "command", "machine", "date", "precision", "sha256"), str),
        **dict.fromkeys(("env_kwargs", "versions", "arguments", "training", "figures"), Mapping),
        **{"seed": int, "steps": int, "seconds": float, "commit": str | None},
        **{"score": Mapping, "chance": Mapping | None, "other_seeds": tuple[Mapping, ...]},
    },
}


def _made(cls: type, given: Mapping[str, Any], path: Path) -> Any:
    """Make a card or a score of what a file says, checked."""
    kinds = _KINDS[cls]
    for wrong in sorted(kinds.keys() ^ given.keys()):
        what = "missing" if wrong in kinds else "unknown"
        raise ValueError(f"{path} is damaged: {wrong} is {what}")
    values = dict(given)
    for name, kind in kinds.items():
        value = values[name]
        finite = not isinstance(value, float) or math.isfinite(value)
        if not fits(value, kind) or not finite:
            raise ValueError(f"{path} is damaged: {name} is {str(value)[:80]!r}")
        if isinstance(value, list):
            values[name] = tuple(value)
    for name in {"score", "chance"} & values.keys():
        if values[name] is not None:
            values[name] = _made(Score, values[name], path)
    return cls(**values)
