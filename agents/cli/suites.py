"""`metazoo benchmark`, `report` and `speedrun`: suites of trainings, and what came of them."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from . import find
from .values import EnvKwargs, Threads, unless, whole_number

_EVERY = 2.0  # seconds between pictures of the live table


def benchmark(
    suite: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUITE")],
    root: Annotated[str | None, unless("benchmarks-SUITE", "FOLDER")] = None,
    workers: Annotated[str, tyro.conf.arg(metavar="N|ray")] = "1",
    dry_run: bool = False,
    live: bool = True,
) -> int:
    """Run a suite: agents x ids x seeds x budgets, each cell in a folder of its own.

    Nothing is run twice: the same command goes on after an interruption, or after kill -9. Numbers
    depend neither on the workers nor on interruptions. It needs what pip install "metazoo[suite]"
    installs.

    For example:
      metazoo benchmark quick --dry-run
      metazoo benchmark quick --workers 2
      metazoo benchmark mine.yaml --workers ray --root results
      metazoo report benchmarks-quick

    Args:
        suite: A YAML file, or quick, classics or metaworld, which come with metazoo.
        root: The folder of the cells.
        workers: Processes that train, -1 for as many as there are processors, or ray.
        dry_run: Say what there is to run and what it will cost, and run nothing.
        live: Show a table that is kept up to date, where there is a terminal.
    """
    from ..suites import cells
    from ..suites.suite import read

    found = read(suite)
    folder = Path(root or f"benchmarks-{found.name}")
    count: int | str = "ray" if workers == "ray" else whole_number(workers)
    if dry_run:
        _tell_costs(found.cells, folder, count)
        return 0
    with _shown(found.cells, folder, live):
        states = cells.run_all(found.cells, folder, count)
    for cell, state in zip(found.cells, states, strict=True):
        if state.what == cells.FAILED:
            print(f"{cell.name}: {state.words}", file=sys.stderr)
    done = sum(state.what in cells.ENDED for state in states)
    recorded = sum(state.what == cells.RECORDED for state in states)
    before = f" ({recorded} recorded before)" if recorded else ""
    print(f"{done} of {len(states)} cells are done{before}; metazoo report {folder}")
    return 0 if done == len(states) else 1


def _tell_costs(chosen: Sequence[Any], folder: Path, workers: int | str) -> None:
    from ..suites import cells
    from ..zoo import shelf

    known = [entry.card for entry in shelf.entries().values()]
    rows, left = [], 0.0
    for cell in chosen:
        cost, state = cells.cost_of(cell, lambda: known), cells.state_of(cell, folder)
        left += cost.seconds * (1.0 - state.share)
        told = f"recorded: {state.words}" if state.what == cells.RECORDED else state.what
        rows.append((cell.name, f"{cell.steps:,}", _time(cost.seconds), cost.known, told))
    print(_table(("cell", "steps", "on a core", "known from", "state"), rows))
    count = workers if isinstance(workers, int) and workers > 0 else 1
    shared = f", {_time(left / count)} with {count} workers" if count > 1 else ""
    ended = sum(row[-1].startswith(cells.ENDED) for row in rows)
    print(
        f"{len(rows)} cells, {ended} of them done; to do: {_time(left)} on one core{shared}, "
        "evaluations apart"
    )


@contextlib.contextmanager
def _shown(chosen: Sequence[Any], folder: Path, live: bool) -> Iterator[None]:
    """Keep a table of the cells up to date while they run."""
    stream = sys.stderr
    if not live or not stream.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live

    console, over = Console(file=stream), threading.Event()
    with Live(_picture(chosen, folder), console=console, auto_refresh=False) as shown:

        def refresh() -> None:
            while not over.wait(_EVERY):
                shown.update(_picture(chosen, folder), refresh=True)

        thread = threading.Thread(target=refresh, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            shown.update(_picture(chosen, folder), refresh=True)


def _picture(chosen: Sequence[Any], folder: Path) -> Any:
    """Return a table of what is running, and how many cells are done, failed and waiting."""
    from rich.table import Table

    from ..suites import cells

    states = [(cell, cells.state_of(cell, folder)) for cell in chosen]
    counts = {
        what: sum(state.what == what for _, state in states)
        for what in (cells.DONE, cells.RECORDED, cells.RUNNING, cells.WAITING, cells.FAILED)
    }
    table = Table(title=", ".join(f"{count} {what}" for what, count in counts.items() if count))
    table.add_column("cell")
    table.add_column("trained", justify="right")
    for cell, state in states:
        if state.what in (cells.RUNNING, cells.FAILED):
            share = f"{state.share:.0%}" if state.what == cells.RUNNING else state.words[:40]
            table.add_row(cell.name, share)
    return table if table.row_count else str(table.title)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = [
        "  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, *rows]
    ]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def report(
    folder: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")],
    out: Annotated[str | None, unless("FOLDER/report", "FOLDER")] = None,
) -> int:
    """Write what came of a suite: tables as CSV and Markdown, comparisons, profiles, and a page.

    Scores are tabulated as metazoo table does it: mean, interquartile mean and 95 % interval over
    tasks and seeds. Beside them: the probability that a training of one agent beats one of another,
    and performance profiles.

    For example:
      metazoo report benchmarks-quick
      metazoo report benchmarks-quick --out page

    Args:
        folder: What metazoo benchmark filled.
        out: Where the report goes.
    """
    from ..suites import report as reports

    if not Path(folder).is_dir():
        raise find.UsageError(f"there is no folder {folder}; metazoo benchmark fills one")
    for path in reports.write(Path(folder), Path(out or f"{folder}/report")):
        print(path)
    return 0


def speedrun(
    course: Annotated[Literal["dependent-bandit", "gridnavi", "navigation"], tyro.conf.Positional],
    agent: Annotated[str | None, unless("the course's", "ALGORITHM")] = None,
    seeds: tuple[int, ...] = (0, 1),
    arguments: EnvKwargs = None,
    threads: Threads = 1,
    out: Annotated[str | None, unless("print only", "FILE")] = None,
) -> int:
    """Measure how long a training takes to a fixed score on held-out tasks, evaluations apart.

    The score is reached when the lower end of its 95 % interval is; the slower of the seeds counts.

    For example:
      metazoo speedrun dependent-bandit
      metazoo speedrun gridnavi --agent varibad --out speedruns.csv
      metazoo speedrun navigation --arguments inner_lr=0.05

    Args:
        course: What is to be reached.
        agent: Another algorithm.
        seeds: Of the trainings.
        arguments: Of the algorithm, over its preset.
        threads: Threads of PyTorch.
        out: A CSV file to which rows are appended, with commit and machine.
    """
    import torch

    from ..core.saving.provenance import provenance
    from ..suites import speedrun as runs

    one, origin = runs.COURSES[course], provenance()
    chosen = find.algorithm_name(agent or one.agent)
    if threads is not None:
        torch.set_num_threads(threads)
    print(f"{chosen} on {one.id}: lower bound of {one.target:g} ({one.known})")
    times = []
    for seed in seeds:
        print(f"seed {seed}")
        times.append(runs.run(one, seed, print, chosen, **(arguments or {})))
        taken, cpu = times[-1].seconds, times[-1].cpu_seconds
        said = "not reached" if taken is None else f"{taken:.1f} s, {cpu:.1f} s of the processor"
        print(f"seed {seed}: {said}")
    record = runs.slower(times)
    print(f"{course}: " + ("not reached" if record is None else f"{record:.1f} s"))
    if out is not None:
        _append(Path(out), origin, course, chosen, times, arguments or {})
        print(f"written: {out}", file=sys.stderr)
    return 0 if record is not None else 1


def _append(
    path: Path, origin: Any, course: str, agent: str, times: Sequence[Any], given: Any
) -> None:
    """Append a row a seed."""
    import csv
    import os
    import platform

    import torch

    cores = f"{os.cpu_count()} cores {platform.machine()}"
    machine = f"{cores}, {torch.get_num_threads()} threads"
    fresh = not path.exists()
    columns = ("date", "commit", "machine", "course", "agent", "arguments", "seed", "seconds")
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if fresh:
            writer.writerow([*columns, "cpu_seconds", "steps", "mean", "standard_error"])
        for one in times:
            taken = (one.seconds, one.cpu_seconds)
            seconds = ["" if value is None else f"{value:.1f}" for value in taken]
            writer.writerow(
                [origin["created"][:10], origin["commit"], machine, course, agent,
                 given or "", one.seed, *seconds, one.steps, f"{one.mean:.5g}",
                 f"{one.standard_error:.3g}"]
            )  # fmt: skip
