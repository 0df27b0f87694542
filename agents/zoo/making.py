"""Write an entry of a trained agent: small weights, their score, the card and its page."""

from __future__ import annotations

import csv
import datetime
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core.saving.files import atomic_file
from ..core.saving.provenance import provenance
from . import card as cards
from . import scoring
from .card import Card, Score
from .entry import CHECKPOINT, FILM, Entry, sha256
from .page import page

_HELD = 1.0  # standard errors by which half precision may change the score on the same tasks
_POINTS = 60  # of a training's curve
# What a log calls its main curve, the first there is.
_CURVES = (
    *("eval/trial_rew_mean", "rollout/trial_rew_mean", "rollout/ep_rew_mean"),
    *("train/loss", "train/skill_reward", "train/fitness_mean"),
)


def write_entry(
    agent: Any,
    name: str,
    folder: Path,
    *,
    command: str,
    seconds: float,
    arguments: Mapping[str, Any],
    protocol: Mapping[str, Any],
    log: Path | None = None,
    commit: str | None = None,
    draw: Callable[[Any, Path], None] | None = None,
) -> Entry:
    """Measure a trained agent and write its entry; the folder appears whole or not at all.

    Weights are stored as float16 if that changes the score on the same tasks by less than a
    standard error, else as they are.

    Args:
        agent: The agent.
        name: Of its algorithm.
        folder: Of the entry; one that is there is replaced.
        command: That makes it again.
        seconds: That its training took.
        arguments: That were given to its constructor.
        protocol: Arguments of `evaluate`.
        log: Its `progress.csv`, for the curve.
        commit: At which it was trained; None is the present one.
        draw: Draws a film of the agent as it is stored, into a file; None for no film.

    Raises:
        OSError: It cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    id, kwargs = agent.env_id, dict(agent.env_kwargs or {})
    asked = {"seed": scoring.SEED, **protocol}
    whole = scoring.measure(agent, id, kwargs, **asked)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
        path = Path(made) / CHECKPOINT
        precision, score = "float16", whole
        for precision in ("float16", "float32"):
            agent.save_weights(path, half=precision == "float16")
            score = scoring.measure(type(agent).load(path), id, kwargs, **asked)
            if abs(score.mean - whole.mean) <= _HELD * whole.standard_error + 1e-9:
                break
        origin = provenance()
        card = Card(
            agent=name,
            id=id,
            env_kwargs=_plain(kwargs),
            seed=agent.seed,
            steps=agent.num_timesteps,
            seconds=round(seconds, 1),
            command=command,
            commit=commit or origin["commit"],
            machine=f"{platform.machine()}, a thread",
            date=datetime.date.today().isoformat(),
            versions=origin["versions"],
            arguments=_plain(arguments),
            precision=precision,
            sha256=sha256(path),
            score=score,
            chance=_chance(id, kwargs, asked),
            other_seeds=(),
            training=curve_of(log),
            figures={key: float(value) for key, value in agent.latest.items()},
        )
        card.write(Path(made))
        card = cards.read(Path(made))  # in the order of the file, as everybody has it
        if draw is not None:
            draw(type(agent).load(path), Path(made) / FILM)
        with atomic_file(Path(made) / "README.md") as stream:
            stream.write(page(card, FILM if draw else None).encode())
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        for part in Path(made).iterdir():
            part.replace(folder / part.name)
    return Entry(folder, card)


def _chance(id: str, kwargs: Mapping[str, Any], protocol: Mapping[str, Any]) -> Score | None:
    """Return what random play earns; None where actions cannot be drawn."""
    from ..baselines import Random

    asked = {key: value for key, value in protocol.items() if key != "demonstrations"}
    try:
        return scoring.measure(Random(), id, kwargs, **asked)
    except (TypeError, ValueError):
        return None


def curve_of(log: Path | None) -> dict[str, Any]:
    """Return a training's curve from its log, thinned out: `of`, `timesteps`, `values`."""
    if log is None or not log.is_file():
        return {}
    with open(log, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for of in _CURVES:
        kept = [row for row in rows if row.get(of)]
        if len(kept) < 2:
            continue
        size = min(len(kept), _POINTS)
        chosen = [kept[round(i * (len(kept) - 1) / (size - 1))] for i in range(size)]
        return {
            "of": of,
            "timesteps": [int(float(row["time/total_timesteps"])) for row in chosen],
            "values": [float(f"{float(row[of]):.5g}") for row in chosen],
        }
    return {}


def _plain(value: Any) -> Any:
    """Return arguments as JSON has them; classes and functions by their names."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return getattr(value, "__qualname__", str(value))
