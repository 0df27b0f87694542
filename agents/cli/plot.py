"""`metazoo plot`: adaptation curves of runs in one picture, or how their training went."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from . import find
from .trials import refuse_link
from .values import unless

if TYPE_CHECKING:
    from ..core.evaluation.curve import AdaptationCurve
    from ..core.saving.run import Run

_X, _Y = "time/total_timesteps", "rollout/trial_rew_mean"


def plot(
    runs: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="RUN", help_behavior_hint="(required)"),
    ] = (),
    out: Annotated[str | None, unless("plot.png in the first run", "FILE")] = None,
) -> int:
    """Draw the adaptation curves of one or several runs into one picture.

    While a run has no curve yet, the progress of training is drawn instead.

    For example:
      metazoo plot runs/last
      metazoo plot runs/rl2-* ucb1.csv --out comparison.png

    Args:
        runs: Run folders, or files that metazoo evaluate --out wrote.
        out: The picture, in the format of its suffix.
    """
    if not runs:
        raise find.UsageError("name one run or more, e.g. metazoo plot runs/last")
    from ..core.evaluation.plot import comparison, save
    from ..core.saving.run import Run

    files = {path: Path(path) for path in runs if Path(path).suffix == ".csv"}
    opened = {path: Run.open(path, needs=None) for path in runs if path not in files}
    for path, run in opened.items():
        files[path] = run.curve_csv
    target = Path(out) if out is not None else _default_target(runs[0], opened)
    if all(file.is_file() for file in files.values()) or not opened:
        figure = comparison(_curves({path: files[path] for path in runs}))
    elif len(opened) < len(runs):
        without = [path for path, file in files.items() if not file.is_file()]
        raise find.UsageError(f"{without} has no adaptation curve yet to compare with")
    else:
        figure = _training({str(run.folder): run for run in opened.values()})
    save(figure, target)
    print(target)
    return 0


def _default_target(first: str, opened: dict[str, Run]) -> Path:
    target = opened[first].folder / "plot.png" if first in opened else Path("plot.png")
    refuse_link(target)
    return target


def _curves(files: dict[str, Path]) -> dict[str, AdaptationCurve]:
    """Read curves, named by their agents; by run or file where agents are alike."""
    from ..core.evaluation.curve import AdaptationCurve

    read = {path: AdaptationCurve.from_csv(file) for path, file in files.items()}
    agents = {path: curve.protocol["agent"].removesuffix("()") for path, curve in read.items()}
    names = {}
    for path, agent in agents.items():
        place = Path(path).resolve()
        alone = list(agents.values()).count(agent) == 1
        names[path] = agent if alone else place.stem if place.suffix == ".csv" else place.name
    if len(set(names.values())) < len(names):  # folders of one name under several roots
        names = {path: path for path in read}
    return {names[path]: curve for path, curve in read.items()}


def _training(runs: dict[str, Run]) -> Any:
    """Draw the mean reward of a trial over the timesteps of training."""
    from ..core.evaluation.plot import new_axes

    figure, ax = new_axes()
    for name, run in runs.items():
        steps, rewards = _progress(run)
        ax.plot(steps, rewards, linewidth=1.6, label=Path(name).name)
    ax.set_xlabel("timesteps of training")
    ax.set_ylabel("mean reward of a trial")
    ids = sorted({run.read_config()["env_id"] for run in runs.values()})
    ax.set_title(f"{', '.join(ids)}  ·  training", loc="left", fontsize=11, pad=10)
    ax.legend(frameon=False, fontsize=9)
    return figure


def _progress(run: Run) -> tuple[list[float], list[float]]:
    if not run.progress.is_file():
        raise find.UsageError(f"{run.folder} has neither curve.csv nor progress.csv to draw")
    points = []
    with open(run.progress, newline="", encoding="utf-8", errors="replace") as stream:
        reader = csv.DictReader(stream)
        try:
            for row in reader:
                if row.get(_X) and row.get(_Y):
                    points.append((float(row[_X]), float(row[_Y])))
        except (csv.Error, TypeError, ValueError) as error:
            raise ValueError(
                f"{run.progress} is damaged: line {reader.line_num} ({error})"
            ) from error
    if not points:
        raise find.UsageError(
            f"{run.progress} has no row with {_X} and {_Y} yet; training has only begun"
        )
    steps, rewards = zip(*points, strict=True)
    return list(steps), list(rewards)
