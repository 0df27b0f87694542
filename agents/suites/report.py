"""What came of a suite: tables, comparisons over seeds, profiles, and a page of all."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.evaluation import bootstrap
from ..core.evaluation.curve import AdaptationCurve
from ..core.evaluation.table import Table
from ..core.saving.files import atomic_file
from . import statistics
from .cells import curve_file
from .page import page
from .recorded import record_of
from .suite import Cell

_LEVELS = np.linspace(0.0, 1.0, 41)
_RECORDED = ("cell", "agent", "id", "seed", "steps", "score", "source")
_SETTINGS = ("setting", "agent", "mean", "iqm", "low", "high", "trainings")
_CHANCE, _ORACLES = "random", ("bandit-oracle", "grid-oracle", "mdp-oracle", "expert")


@dataclass(frozen=True)
class Results:
    """The finished cells of a folder.

    Args:
        paths: Of curves: a run's folder, or a file.
        scores: By setting (id and arguments, as text) and agent: the last episode of a trial, which
            can be compared where agents have different numbers of episodes; one a seed.
        missing: Names of cells without a curve.
        recorded: What is known of cells that were not run: name, agent, id, seed, steps, score and
            where it stands.
    """

    paths: tuple[Path, ...]
    scores: dict[str, dict[str, np.ndarray]]
    missing: tuple[str, ...]
    recorded: tuple[dict[str, Any], ...] = ()


def collect(root: Path) -> Results:
    """Read the finished cells of a folder.

    Raises:
        OSError: The folder cannot be read.
        ValueError: It has no cells, or a curve is damaged.
    """
    files = sorted(root.glob("*/cell.json"))
    if not files:
        raise ValueError(f"{root} has no cells; `metazoo benchmark` makes some")
    paths, missing, recorded = [], [], []
    found: dict[str, dict[str, list[float]]] = {}
    for file in files:
        cell = Cell(**json.loads(file.read_text(encoding="utf-8")))
        curve = curve_file(cell, root)
        kwargs = "".join(f" {key}={value}" for key, value in cell.env_kwargs.items())
        setting, name = f"{cell.id}{kwargs}", f"{cell.agent} {cell.tag}".strip()
        if curve is not None:
            paths.append(curve.parent if cell.trains else curve)
            data = AdaptationCurve.from_csv(curve)
            of = "returns" if data.expected_returns is None else "expected_returns"
            score = float(data.mean(of)[-1])
        elif (record := record_of(cell)) is not None:
            score = record.score
            about = (cell.name, name, setting, cell.seed, record.steps, score, record.source)
            recorded.append(dict(zip(_RECORDED, about, strict=True)))
        else:
            missing.append(cell.name)
            continue
        found.setdefault(setting, {}).setdefault(name, []).append(score)
    scores = {
        setting: {name: np.array(values) for name, values in by_agent.items()}
        for setting, by_agent in found.items()
    }
    return Results(tuple(paths), scores, tuple(missing), tuple(recorded))


def by_setting(results: Results) -> list[dict[str, Any]]:
    """Return each agent's scores in each setting, best first, of all cells, recorded ones too.

    Mean, interquartile mean and 95 % interval are over trainings; one training has no interval.
    """
    rows = []
    for setting, by_agent in sorted(results.scores.items()):
        for name, scores in sorted(by_agent.items(), key=lambda item: -item[1].mean()):
            column = scores[:, None]
            low, high = bootstrap.interval(column, seeds=len(scores))
            numbers = (scores.mean(), bootstrap.iqm(column)[0], low[0], high[0])
            each = [float(f"{number:.6g}") for number in numbers]
            rows.append(dict(zip(_SETTINGS, (setting, name, *each, len(scores)), strict=True)))
    return rows


def improvements(results: Results) -> list[dict[str, Any]]:
    """Return, for each two agents that share settings, how probable it is that one is better."""
    names = sorted({name for by_agent in results.scores.values() for name in by_agent})
    rows = []
    for one, other in itertools.combinations(names, 2):
        pairs = [
            (by_agent[one], by_agent[other])
            for by_agent in results.scores.values()
            if one in by_agent and other in by_agent
        ]
        if pairs:
            mean, low, high = statistics.improvement_interval(pairs)
            numbers = {"probability": mean, "low": low, "high": high, "settings": len(pairs)}
            rows.append({"agent": one, "than": other, **numbers})
    return rows


def profiles(results: Results) -> dict[str, np.ndarray]:
    """Return each agent's performance profile over settings and seeds, at `levels`.

    Scores are put on a scale on which random play has 0 and the best agent (or oracle) of the
    setting 1; settings without random play are left out.
    """
    scaled: dict[str, list[float]] = {}
    for by_agent in results.scores.values():
        if _CHANCE not in by_agent:
            continue
        chance = float(by_agent[_CHANCE].mean())
        best = max(float(values.mean()) for values in by_agent.values())
        if best <= chance:
            continue
        for name, values in by_agent.items():
            if name != _CHANCE and name not in _ORACLES:
                each = [statistics.normalised(float(one), chance, best) for one in values]
                scaled.setdefault(name, []).extend(each)
    return {
        name: statistics.performance_profile(np.array(values), _LEVELS)
        for name, values in sorted(scaled.items())
    }


def write(root: Path, out: Path) -> list[Path]:
    """Write the report of a folder; return its files.

    Args:
        root: What `metazoo benchmark` filled.
        out: A folder.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: There is nothing to report.
    """
    from ..runs.compare import table

    results = collect(root)
    if not results.scores:
        raise ValueError(f"no cell of {root} is finished yet: {len(results.missing)} are missing")
    out.mkdir(parents=True, exist_ok=True)
    made = table([str(path) for path in results.paths]) if results.paths else Table(())
    settings, better, shapes = by_setting(results), improvements(results), profiles(results)
    texts = {
        "table.csv": made.to_csv(),
        "table.md": made.to_markdown(),
        "settings.csv": _csv(_SETTINGS, settings),
        "improvement.csv": _csv(
            ("agent", "than", "probability", "low", "high", "settings"), better
        ),
        "profiles.csv": _csv(
            ("agent", "level", "share"),
            [
                {"agent": name, "level": f"{level:.4g}", "share": f"{share:.6g}"}
                for name, shares in shapes.items()
                for level, share in zip(_LEVELS, shares, strict=True)
            ],
        ),
    }
    if results.recorded:
        texts["recorded.csv"] = _csv(_RECORDED, results.recorded)
    if shapes:
        _draw(shapes, out / "profiles.png")
    texts["index.html"] = page(
        root.name, made, settings, better, bool(shapes), results.recorded, results.missing
    )
    for name, text in texts.items():
        with atomic_file(out / name) as stream:
            stream.write(text.encode())
    return [out / name for name in [*texts, *(["profiles.png"] if shapes else [])]]


def _csv(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _draw(shapes: dict[str, np.ndarray], path: Path) -> None:
    """Draw performance profiles."""
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    from ..core.evaluation.plot import save

    figure = Figure(figsize=(8.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    styles = cycler(linestyle=["-", "--", ":", "-."])  # of more agents than there are colours
    axes.set_prop_cycle(styles * matplotlib.rcParams["axes.prop_cycle"])
    for name, shares in shapes.items():
        axes.step(_LEVELS, shares, where="post", label=name)
    axes.set_xlabel("score (random play 0, best of the setting 1)")
    axes.set_ylabel("share of trainings above it")
    axes.set_ylim(0.0, 1.02)
    axes.grid(alpha=0.3)
    figure.legend(frameon=False, loc="outside right upper")
    save(figure, path)
