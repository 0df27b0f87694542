"""Which runs belong together: seeds of one agent, whose settings and protocol are the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import ALGORITHMS
from ..core.base.shown import short
from ..core.evaluation.curve import AdaptationCurve
from ..core.evaluation.curve_merge import ALIKE
from ..core.saving.run import Run

Paths = Sequence[str | os.PathLike[str]]
BY = ("agent", "run")
_NAMED = 3  # up to this many settings tell groups of one agent apart


@dataclass(frozen=True)
class Entry:
    """A run, or a file that holds a curve.

    Args:
        path: As given.
        name: Of the agent.
        place: Where it acted: id and arguments, as text.
        traits: All that seeds of one agent share: settings, protocol.
        seed: What tells seeds apart, as text.
        run: The run; None for a file.
        curve: The curve; None for a run that is not asked for one.
    """

    path: str
    name: str
    place: str
    traits: Mapping[str, Any]
    seed: str
    run: Run | None = None
    curve: AdaptationCurve | None = None


def read(runs: Paths, curves: bool = True) -> list[Entry]:
    """Read runs, and files that `metazoo evaluate --out` wrote.

    Args:
        runs: Folders of runs, or CSV files.
        curves: Whether their final curves are wanted.

    Raises:
        OSError: One cannot be read, or has no curve yet.
        ValueError: There is none, or a file is damaged.
    """
    if not runs:
        raise ValueError("name one run or more, e.g. runs/last")
    return [
        _of_curve(path) if Path(path).suffix == ".csv" else _of_run(path, curves)
        for path in meant(runs)
    ]


def meant(runs: Paths) -> list[str]:
    """Return the paths that `runs/*` means: each run once, and no study of `metazoo tune`.

    Args:
        runs: As given; `runs/last` is left out where the run itself is given too.
    """
    places: dict[Path, str] = {}
    for path in [os.fspath(one) for one in runs]:
        if (Path(path) / "study.log").is_file():
            continue
        place = Path(path) if Path(path).suffix == ".csv" else Run.open(path, needs=None).folder
        if place.resolve() not in places or Path(places[place.resolve()]).name == "last":
            places.pop(place.resolve(), None)
            places[place.resolve()] = path
    return list(places.values())


def group(
    entries: Sequence[Entry], by: str = "agent", label: Sequence[str] = ()
) -> list[tuple[str, list[Entry]]]:
    """Put the seeds of each agent together; return names and groups, in the order given.

    Where two groups share an agent's name, the settings that differ are named too.

    Args:
        entries: From `read`.
        by: `"agent"`, or `"run"` to leave every run alone.
        label: Names to use instead, one a group.

    Raises:
        ValueError: `by` is unknown, the number of labels is wrong, or a training comes twice.
    """
    if by not in BY:
        raise ValueError(f"by={by!r} is unknown; use 'agent' or 'run'")
    groups: dict[str, list[Entry]] = {}
    for i, entry in enumerate(entries):
        traits = json.dumps([entry.name, entry.place, _text(entry.traits)])
        groups.setdefault(str(i) if by == "run" else traits, []).append(entry)
    found = list(groups.values())
    for one in found:
        _refuse_twice(one)
    own = _run_names(entries) if by == "run" else _names(found)
    if label and len(label) != len(found):
        raise ValueError(f"{len(label)} labels for {len(found)} curves: {', '.join(own)}")
    names = list(label) or own
    return list(zip(names, found, strict=True))


def merged(
    entries: Sequence[Entry], by: str = "agent", label: Sequence[str] = ()
) -> list[tuple[str, AdaptationCurve]]:
    """Merge the curves of each group; as `group`."""
    return [
        (name, AdaptationCurve.merge(*(one.curve for one in ones if one.curve is not None)))
        for name, ones in group(entries, by, label)
    ]


def _of_curve(
    path: str, run: Run | None = None, settings: Mapping[str, Any] | None = None
) -> Entry:
    curve = AdaptationCurve.from_csv(path if run is None else run.curve_csv)
    protocol = curve.protocol
    shared = {key: protocol.get(key) or None for key in ALIKE if key != "agent"}
    return Entry(
        path=path,
        name=str(protocol["agent"]).removesuffix("()"),
        place=_text([protocol["env"], shared["env_kwargs"]]),
        traits={**shared, **(settings or {})},
        seed=_text([protocol.get(key) for key in ("training_seed", "seed", "seeds")]),
        run=run,
        curve=curve,
    )


def _of_run(path: str, curves: bool) -> Entry:
    run = Run.open(path, needs="curve.csv" if curves else None)
    about = run.read_config()
    config = about["config"]
    settings = dict(config["settings"]) if isinstance(config.get("settings"), dict) else {}
    seed, env_kwargs = settings.pop("seed", about.get("seed")), settings.pop("env_kwargs", None)
    settings["total_timesteps"] = config.get("total_timesteps")
    if curves:
        return _of_curve(path, run, settings)
    name = ALGORITHMS.get(about["agent"], about["agent"]).rpartition(":")[2]
    place = _text([about["env_id"], env_kwargs])
    return Entry(path, name, place, settings, str(seed), run)


def _refuse_twice(entries: Sequence[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.seed in seen:
            raise ValueError(
                f"{seen[entry.seed]} and {entry.path} are of one seed and the same settings, which "
                "counts once: leave one out, or show every run (--by run)"
            )
        seen[entry.seed] = entry.path


def _names(groups: Sequence[Sequence[Entry]]) -> list[str]:
    """Name groups by agent, and by what differs where one agent has several in one place."""
    firsts = [one[0] for one in groups]
    names = []
    for first in firsts:
        rivals = [
            one.traits for one in firsts if (one.name, one.place) == (first.name, first.place)
        ]
        keys = dict.fromkeys(key for traits in rivals for key in traits)
        differing = [key for key in keys if len({_text(traits.get(key)) for traits in rivals}) > 1]
        if not differing:
            names.append(first.name)
        elif len(differing) <= _NAMED:
            told = ", ".join(f"{key}={short(first.traits.get(key))}" for key in differing)
            names.append(f"{first.name} ({told})")
        else:
            names.append(_run_names([first])[0])
    return names


def _run_names(entries: Sequence[Entry]) -> list[str]:
    """Name entries by run or file; by the path given where that is ambiguous."""
    places = [Path(entry.path).resolve() for entry in entries]
    names = [place.stem if place.suffix == ".csv" else place.name for place in places]
    return names if len(set(names)) == len(names) else [entry.path for entry in entries]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
