"""Learning curves: returns over the steps of training, of several seeds together."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..core.evaluation import bootstrap
from ..core.saving.run import Run
from .groups import Paths, group, read

if TYPE_CHECKING:  # matplotlib is slow to import
    from matplotlib.figure import Figure

_X = "time/total_timesteps"
# file of a run, its columns of steps and of returns, what they are; the first that all runs have
_SOURCES = (
    ("evaluations.csv", "timesteps", "return", "return of a held-out trial"),
    ("progress.csv", _X, "rollout/trial_rew_mean", "mean reward of a trial"),
    ("progress.csv", _X, "rollout/ep_rew_mean", "mean reward of an episode"),
)
_POINTS = 300  # of a line, at most


class Points(NamedTuple):
    """A learning curve: steps [X], and returns of each seed [S, X]."""

    steps: np.ndarray
    returns: np.ndarray


def plot_learning(runs: Paths, by: str = "agent", label: Sequence[str] = ()) -> Figure:
    """Draw how training went: held-out returns where all runs have them, else those of training.

    A band is the bootstrapped 95 % interval over the seeds of an agent; one seed has none.

    Args:
        runs: Folders of runs.
        by: As in `compare.plot`.
        label: As in `compare.plot`.

    Raises:
        OSError: A run cannot be read.
        ValueError: A run has no such figures yet, or an argument is unknown.
    """
    from ..core.evaluation.legend import BAND, INK, name_lines
    from ..core.evaluation.plot import entitle, look, new_axes

    groups = group(read(runs, curves=False), by, label)
    opened = [one.run for _, ones in groups for one in ones if one.run is not None]
    if len(opened) < len(runs):
        raise ValueError("files of curves know nothing of training; give folders of runs")
    read_steps, what = _source(opened)
    figure, ax = new_axes()
    for i, (name, ones) in enumerate(groups):
        line = common([read_steps(one.run) for one in ones if one.run is not None])
        style = {**look(i), "marker": None}
        ax.plot(line.steps, line.returns.mean(axis=0), linewidth=1.8, label=name, **style)
        if len(ones) > 1:
            low, high = bootstrap.interval(line.returns)
            ax.fill_between(line.steps, low, high, color=style["color"], alpha=BAND, linewidth=0)
    ax.set_xlabel("steps of training", fontsize=11, color=INK)
    ax.set_ylabel(what, fontsize=11, color=INK)
    ids = sorted({run.read_config()["env_id"] for run in opened})
    seeds = sorted({len(ones) for _, ones in groups})
    times = f"  ·  {'to '.join(map(str, (seeds[0], seeds[-1])[: len(seeds)]))} seeds"
    entitle(ax, f"{', '.join(ids)}  ·  training{times if seeds[-1] > 1 else ''}")
    name_lines(ax, bands=seeds[-1] > 1)
    return figure


def common(lines: Sequence[Points]) -> Points:
    """Bring the seeds of an agent onto steps that all of them reached.

    Args:
        lines: One a seed, each of one row.
    """
    start = max(line.steps[0] for line in lines)
    end = min(line.steps[-1] for line in lines)
    every = np.unique(np.concatenate([line.steps for line in lines]))
    steps = every[(every >= start) & (every <= end)]
    if len(steps) > _POINTS:
        steps = np.linspace(steps[0], steps[-1], _POINTS)
    return Points(steps, np.stack([np.interp(steps, *line) for line in lines]))


def _source(runs: Sequence[Run]):
    """Return the reader of figures that all runs have, and what they are."""
    for file, x, y, what in _SOURCES:
        found = [run for run in runs if y in _columns(run, file)]
        if len(found) == len(runs):
            return lambda run, file=file, x=x, y=y: _read(run, file, x, y), what
    for run in runs:
        if not run.progress.is_file():
            raise ValueError(f"{run.folder} has no progress.csv to draw")
        if not any(y in _columns(run, file) for file, _, y, _ in _SOURCES):
            raise ValueError(f"{run.progress} has no row with returns yet; training has only begun")
    raise ValueError("these runs have no figure in common; draw them apart")


def _columns(run: Run, file: str) -> list[str]:
    path = run.folder / file
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8", errors="replace") as stream:
        return next(csv.reader(stream), [])


def _read(run: Run, file: str, x: str, y: str) -> Points:
    points = []
    with open(run.folder / file, newline="", encoding="utf-8", errors="replace") as stream:
        reader = csv.DictReader(stream)
        try:
            for row in reader:
                if row.get(x) and row.get(y):
                    points.append((float(row[x]), float(row[y])))
        except (csv.Error, TypeError, ValueError) as error:
            raise ValueError(
                f"{run.folder / file} is damaged: line {reader.line_num} ({error})"
            ) from error
    if not points:
        raise ValueError(f"{run.folder / file} has no row with {y} yet; training has only begun")
    steps, returns = zip(*points, strict=True)
    return Points(np.array(steps), np.array(returns))
