"""`metazoo plot` and `metazoo table`: several runs in one picture, or in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from . import find
from .trials import refuse_link
from .values import unless

_Runs = Annotated[
    tuple[str, ...],
    tyro.conf.Positional,
    tyro.conf.arg(metavar="RUN", help_behavior_hint="(required)"),
]
_Labels = Annotated[tuple[str, ...], unless("the agents, with what tells them apart", "NAME")]
_X = Annotated[
    Literal["episode", "steps", "evolution"] | None,
    unless("evolution for a run of POET or PBT alone, else episode", "WHAT"),
]
_POPULATIONS = ("poet", "enhancedpoet", "pbt")  # what a lone run is drawn as, not how it adapts
_SUFFIXES = {".csv": "csv", ".md": "markdown"}


def plot(
    runs: _Runs = (),
    out: Annotated[str | None, unless("plot.png in the first run", "FILE")] = None,
    by: Literal["agent", "run"] = "agent",
    label: _Labels = (),
    x: _X = None,
) -> int:
    """Draw one or several runs into one picture.

    Seeds of one agent, which share all other settings, become one line with its 95 % interval.
    What random actions and an oracle reach is drawn where it is known. While a run has no curve
    yet, the progress of training is drawn instead.

    For example:
      metazoo plot runs/last
      metazoo plot runs/rl2-* ucb1.csv --out comparison.png
      metazoo plot runs/* --x steps --label "RL2" "RL2, long memory"

    Args:
        runs: Run folders, or files that metazoo evaluate --out wrote.
        out: The picture, in the format of its suffix.
        by: Merge the seeds of an agent, or draw every run.
        label: Names in the legend, one a line, in the order of the runs.
        x: How agents adapt after training, episode by episode; how they learnt, over the steps of
            training; or, of one run, how its population evolved: the family tree of POET's tasks,
            or the hyperparameters of PBT by lineage.
    """
    if not runs:
        raise find.UsageError("name one run or more, e.g. metazoo plot runs/last")
    from ..core.evaluation.plot import save
    from ..core.saving.run import Run
    from ..runs import compare
    from ..runs.groups import meant

    runs = tuple(meant(runs))
    opened = {path: Run.open(path, needs=None) for path in runs if Path(path).suffix != ".csv"}
    target = Path(out) if out is not None else _default_target(runs[0], opened)
    alone = next(iter(opened.values())) if len(runs) == len(opened) == 1 else None
    if x == "evolution" or (x is None and alone is not None and _evolves(alone)):
        save(_evolution(alone).draw_evolution(), target)
        print(target)
        return 0
    x = x or "episode"
    if x == "episode":
        without = [path for path, run in opened.items() if not run.curve_csv.is_file()]
        if without and len(without) == len(runs):
            x = "steps"
        elif without:
            raise find.UsageError(f"{without} has no adaptation curve yet to compare with")
    save(compare.plot(runs, by=by, label=label, x=x), target)
    print(target)
    return 0


def table(
    runs: _Runs = (),
    out: Annotated[str | None, unless("print it", "FILE")] = None,
    by: Literal["agent", "run"] = "agent",
    label: _Labels = (),
    of: Annotated[str | None, unless("expected returns where known, else returns", "NAME")] = None,
    format: Annotated[
        Literal["text", "csv", "markdown"] | None, unless("that of --out, else text", "FORMAT")
    ] = None,
) -> int:
    """Tabulate runs by agent and id: what they earn in the last episode of a trial.

    Mean, interquartile mean (IQM) and 95 % interval are over tasks and seeds.

    For example:
      metazoo table runs/*
      metazoo table runs/* ucb1.csv --out results.md
      metazoo table runs/ml10-* --of success

    Args:
        runs: Run folders, or files that metazoo evaluate --out wrote; also of several ids.
        out: A file: .csv, .md, or text.
        by: Merge the seeds of an agent, or list every run.
        label: Names, one a line, in the order of the runs.
        of: A series of the curves, e.g. success.
        format: How to write it.
    """
    if not runs:
        raise find.UsageError("name one run or more, e.g. metazoo table runs/last")
    from ..core.saving.files import atomic_file
    from ..runs import compare

    made = compare.table(runs, by=by, label=label, of=of)
    chosen = format or _SUFFIXES.get(Path(out or "").suffix, "text")
    text = {"csv": made.to_csv, "markdown": made.to_markdown, "text": made.to_text}[chosen]()
    if out is None:
        print(text, end="")
    else:
        with atomic_file(out) as stream:
            stream.write(text.encode())
        print(out)
    return 0


def _evolves(run: Any) -> bool:
    """Tell whether a run is of a population, and has a checkpoint to draw."""
    name = str(run.read_config().get("agent", ""))
    return name.lower() in _POPULATIONS and run.checkpoint.is_file()


def _evolution(run: Any) -> Any:
    """Return the agent of a run, which is to draw how it evolved."""
    if run is None:
        raise find.UsageError("--x evolution draws one run: name the folder of one")
    agent = find.checkpoint(run.checkpoint)
    if not hasattr(agent, "draw_evolution"):
        raise find.UsageError(
            f"{find.name_of(agent)} is no population that evolves: --x evolution draws runs of "
            "POET, EnhancedPOET and PBT"
        )
    return agent


def _default_target(first: str, opened: dict) -> Path:
    target = opened[first].folder / "plot.png" if first in opened else Path("plot.png")
    refuse_link(target)
    return target
