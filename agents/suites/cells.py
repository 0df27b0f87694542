"""The cells of a suite: each has a folder, is run once, and goes on where it was stopped."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.learning.workers import each
from ..core.saving.files import atomic_file
from ..core.saving.lock import locked
from .recorded import record_of
from .suite import Cell

DONE, RECORDED, RUNNING, WAITING, FAILED = "done", "recorded", "running", "waiting", "failed"
ENDED = (DONE, RECORDED)
_ABOUT, _ERROR, _LOG, _CURVE = "cell.json", "error.txt", "log.txt", "curve.csv"
_HEAD = 64  # characters of an error in a table


@dataclass(frozen=True)
class State:
    """How far a cell is.

    Args:
        what: `DONE`, `RECORDED` (in a file of results), `RUNNING`, `WAITING` or `FAILED`.
        share: Of the steps that are trained, from 0 to 1.
        words: The error of a cell that failed; where one is recorded.
    """

    what: str
    share: float = 0.0
    words: str = ""


def run_all(
    cells: Sequence[Cell], root: Path, workers: int | str = 1, retry: bool = True
) -> list[State]:
    """Run the cells that are not done yet; return how each one ended.

    One that fails does not stop the others. Cells are independent, so their results do not depend
    on the workers, nor on how often the suite was interrupted.

    Args:
        cells: In order.
        root: The folder of their folders.
        workers: As in `workers.each`.
        retry: Run those again that failed before.

    Raises:
        KeyboardInterrupt: One was interrupted; it is saved.
        OSError: A folder cannot be written.
        ValueError: A folder has a cell of this name that was asked for with other numbers.
    """
    for cell in cells:
        _prepare(cell, root / cell.name)
    left = [
        cell
        for cell in cells
        if (state := state_of(cell, root)).what not in ENDED and (retry or state.what != FAILED)
    ]
    each(_run, [(cell, str(root / cell.name)) for cell in left], workers)
    return [state_of(cell, root) for cell in cells]


def _prepare(cell: Cell, folder: Path) -> None:
    """Write what a cell is, or compare it with what its folder says."""
    asked = json.loads(json.dumps(dataclasses.asdict(cell)))
    path = folder / _ABOUT
    if path.is_file():
        if _read(path) != asked:
            raise ValueError(
                f"{folder} is of another cell of this name (see {_ABOUT}); give another --root, or "
                "remove it"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as stream:
        stream.write(f"{json.dumps(asked, indent=1)}\n".encode())


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _run(job: tuple[Cell, str]) -> None:
    """Run a cell in this process; whatever it prints goes into its folder."""
    cell, folder = job[0], Path(job[1])
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, "trained"))
        except BlockingIOError:
            return  # another process is at it
        log = stack.enter_context(open(folder / _LOG, "a", encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stdout(log))
        stack.enter_context(contextlib.redirect_stderr(log))
        (folder / _ERROR).unlink(missing_ok=True)
        try:
            (_train if cell.trains else _measure)(cell, folder)
        except Exception as error:  # what is wrong with one cell must not cost the others
            with atomic_file(folder / _ERROR) as stream:
                stream.write(f"{type(error).__name__}: {error}\n".encode())


def _train(cell: Cell, folder: Path) -> None:
    from ..runs.train import train

    if begun := _of_run(folder, "checkpoint.zip"):
        train(resume=begun[0].parent, threads=1)
        return
    for path in folder.iterdir():  # of a process that was killed before its first checkpoint
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
    train(
        cell.agent,
        cell.id,
        total_timesteps=cell.steps,
        eval_tasks=cell.eval_tasks,
        root=folder,
        threads=1,
        seed=cell.seed,
        env_kwargs=dict(cell.env_kwargs) or None,
        **cell.arguments,
    )


def _measure(cell: Cell, folder: Path) -> None:
    from .. import baselines
    from ..core.evaluation.evaluate import evaluate
    from ..runs.baseline_names import class_of_baseline

    player = getattr(baselines, str(class_of_baseline(cell.agent)))(**cell.arguments)
    curve = evaluate(
        player,
        cell.id,
        num_tasks=cell.eval_tasks,
        rows_per_task=cell.rows_per_task,
        env_kwargs=dict(cell.env_kwargs),
        seed=cell.seed,
    )
    curve.to_csv(folder / _CURVE)


def _of_run(folder: Path, name: str) -> list[Path]:
    """Return the files of a name in the runs of a cell, but not through the link to the newest."""
    return [path for path in sorted(folder.glob(f"*/{name}")) if not path.parent.is_symlink()]


def curve_file(cell: Cell, root: Path) -> Path | None:
    """Return the file of a cell's curve; None while there is none."""
    folder = root / cell.name
    files = [*folder.glob(_CURVE), *_of_run(folder, _CURVE)]
    return files[0] if files else None


def state_of(cell: Cell, root: Path) -> State:
    """Return how far a cell is, from the files in its folder."""
    folder = root / cell.name
    if curve_file(cell, root) is not None:
        return State(DONE, 1.0)
    if (record := record_of(cell)) is not None:
        return State(RECORDED, 1.0, record.source)
    if (folder / _ERROR).is_file():
        words = (folder / _ERROR).read_text(encoding="utf-8", errors="replace")
        return State(FAILED, words=" ".join(words.split()))
    if logs := _of_run(folder, "progress.csv"):
        return State(RUNNING, min(_newest(logs[0]) / max(cell.steps, 1), 1.0))
    return State(RUNNING if (folder / ".lock").is_file() else WAITING)


def _newest(log: Path) -> float:
    """Return the timesteps of a log's last whole line."""
    try:
        with open(log, newline="", encoding="utf-8") as stream:
            rows = [row.get("time/total_timesteps") for row in csv.DictReader(stream)]
        return float(next((one for one in reversed(rows) if one), None) or 0.0)
    except (OSError, ValueError):
        return 0.0


# ---- what it will cost --------------------------------------------------------------------------

_RATE = 5_000.0  # steps a second, of an agent about which nothing is known


@dataclass(frozen=True)
class Cost:
    """What a cell will take, on one core.

    Args:
        seconds: Of the training.
        known: From what: a pretrained agent of the pair, others of the agent, or nothing.
    """

    seconds: float
    known: str


def cost_of(cell: Cell, cards: Callable[[], Sequence[Any]]) -> Cost:
    """Estimate a cell from how quickly pretrained agents were trained.

    Args:
        cell: The cell.
        cards: Returns the cards of pretrained agents.
    """
    if not cell.trains:
        return Cost(0.0, "a baseline")
    rates = [(one, one.steps / one.seconds) for one in cards() if one.seconds > 0]
    of_agent = [(one, rate) for one, rate in rates if one.agent == cell.agent]
    of_pair = [rate for one, rate in of_agent if one.id == cell.id]
    for found, known in (
        (of_pair, "this pair"),
        ([rate for _, rate in of_agent], "this agent elsewhere"),
    ):
        if found:
            rate = sorted(found)[len(found) // 2]
            return Cost(cell.steps / rate, known)
    return Cost(cell.steps / _RATE, "a guess")
