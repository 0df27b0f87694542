"""A curve as CSV: one tidy line per (seed, task, row, episode), after the protocol as `#` JSON.

`seed` counts from 0 and is the position in the protocol's `seeds`. `success` and `expected_return`
belong to the task and episode and repeat over rows, and so does `normalised_return`, a column
where the family has a scale. Frozen episodes are lines of phase "frozen" that have no row and no
length. Parts of the task that have names (`task_labels` of the protocol) are further columns. Where
rewards are known at each step, a second `#` line holds their mean and standard error; another holds
the figures that learners report.
`pandas.read_csv(path, comment="#")` reads the table.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..saving.files import atomic_file
from .curve_data import CurveData, PerStep

_COLUMNS = [
    "seed", "task", "phase", "row", "episode", "return", "length", "success", "expected_return",
]  # fmt: skip
_SCALED = "normalised_return"  # a column of curves that have such returns
Shape = tuple[int, int, int, int, int]  # S, M, R, K, F


def write(curve: CurveData, path: str | os.PathLike[str]) -> None:
    """Write `curve` to `path`, atomically.

    Raises:
        OSError: The file cannot be written; an old one is left as it was.
    """
    with atomic_file(path) as stream:
        file = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        file.write("# " + json.dumps({"protocol": curve.protocol}) + "\n")
        steps = curve.per_step()
        if steps is not None:
            record = {"of": steps.of, "mean": steps.mean.tolist()}
            record["standard_error"] = steps.standard_error.tolist()
            file.write("# " + json.dumps({"per_step": record}) + "\n")
        if curve.figures:
            values = {name: part.tolist() for name, part in curve.figures.items()}
            file.write("# " + json.dumps({"figures": values}) + "\n")
        writer = csv.writer(file, lineterminator="\n")
        labels = _labels(curve)
        scaled = _cells(curve.normalised_returns)
        writer.writerow([*_COLUMNS, *([_SCALED] if scaled else []), *labels])
        for line in _lines(curve):
            task = line[0] * curve.protocol["num_tasks"] + line[1]
            if scaled:
                line.append(scaled[task][line[4] - 1] if line[2] == "adapt" else "")
            writer.writerow([*line, *(names[task] for names in labels.values())])
        file.detach()  # flushes, and leaves the closing to atomic_file


def to_pandas(curve: CurveData) -> Any:
    """Return the lines of the file as a `pandas.DataFrame`.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as missing:
        raise ImportError('to_pandas needs pandas: pip install "metazoo[pandas]"') from missing
    labels = _labels(curve)
    rows = []
    for line in _lines(curve):
        task = line[0] * curve.protocol["num_tasks"] + line[1]
        rows.append([*line, *(names[task] for names in labels.values())])
    frame = pandas.DataFrame(rows, columns=[*_COLUMNS, *labels])
    frame.attrs["protocol"] = dict(curve.protocol)
    return frame


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the fields of a curve that `write` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not such a file, or it is damaged.
    """
    with open(path, newline="", encoding="utf-8") as file:
        try:
            lines = file.read().splitlines()
            heads = [json.loads(line[1:]) for line in lines[:3] if line.startswith("#")]
            head: dict[str, Any] = {key: value for part in heads for key, value in part.items()}
            protocol = head["protocol"]
            _check_protocol(protocol)
            table = list(csv.DictReader(lines[len(heads) :]))
            shape = _shape(protocol)
            arrays = {**_arrays(table, shape), "tasks": _tasks(table, protocol, shape)}
            stored = head.get("per_step")
            if stored is not None:
                arrays["stored_steps"] = _per_step(stored, shape[0])
            if "figures" in head:
                figures = head["figures"].items()
                arrays["figures"] = {name: np.array(part, float) for name, part in figures}
            return vars(CurveData(protocol=protocol, **arrays))
        except Exception as error:  # csv, json and NumPy raise a dozen kinds of error on damage
            raise ValueError(
                f"{os.fspath(path)} is not a whole adaptation curve "
                f"({type(error).__name__}: {error}); give a file that AdaptationCurve.to_csv wrote"
            ) from error


def _check_protocol(protocol: Any) -> None:
    """Refuse a protocol whose parts have types that `write` never writes.

    Raises:
        ValueError: A part has a wrong type; names it.
    """
    if not isinstance(protocol, dict):
        raise ValueError("the protocol is not a dict")
    least = {"num_tasks": 1, "rows_per_task": 1, "episodes": 1, "frozen_episodes": 0}
    least |= {key: 1 for key in ("steps", "bins") if protocol.get(key) is not None}
    for key, low in least.items():
        if type(protocol[key]) is not int or protocol[key] < low:
            raise ValueError(f"{key} of the protocol is {protocol[key]!r}")
    if "bins" not in least and "steps" in least:
        raise ValueError("the protocol has steps and no bins")
    for key in ("agent", "env", "split"):
        if not isinstance(protocol[key], str | list):
            raise ValueError(f"{key} of the protocol is {protocol[key]!r}")
    if not isinstance(protocol.get("seeds", [0]), list) or not protocol.get("seeds", [0]):
        raise ValueError(f"seeds of the protocol are {protocol['seeds']!r}")
    labels = protocol.get("task_labels", {})
    if not isinstance(labels, dict) or not all(isinstance(one, list) for one in labels.values()):
        raise ValueError("task_labels of the protocol is not a dict of lists")


def _per_step(stored: dict[str, Any], seeds: int) -> PerStep:
    """Return what is known of each step, checking that it is two arrays [S, T] of numbers."""
    parts = [np.array(stored[key], dtype=np.float64) for key in ("mean", "standard_error")]
    if any(part.ndim != 2 or part.shape != (seeds, parts[0].shape[1]) for part in parts):
        raise ValueError(f"per_step has shapes {[part.shape for part in parts]} of {seeds} seeds")
    if stored["of"] not in ("rewards", "expected_rewards") or not parts[0].shape[1]:
        raise ValueError(f"per_step is of {stored['of']!r}")
    return PerStep(stored["of"], *parts)


def _labels(curve: CurveData) -> dict[str, list[str]]:
    """Return the labels of the tasks' labelled parts, one per task."""
    if curve.tasks is None:
        return {}
    named = curve.protocol.get("task_labels", {})
    return {key: [str(names[task[key]]) for task in curve.tasks] for key, names in named.items()}


def _tasks(
    table: list[dict[str, str]], protocol: dict[str, Any], shape: Shape
) -> list[dict[str, Any]] | None:
    """Return the parts of the tasks that the table holds; None if it holds none."""
    named = protocol.get("task_labels", {})
    if not named or not set(named) <= set(table[0]):
        return None
    of = {(int(line["seed"]), int(line["task"])): line for line in table}
    lines = [of[seed, task] for seed in range(shape[0]) for task in range(shape[1])]
    return [{key: names.index(line[key]) for key, names in named.items()} for line in lines]


def _shape(protocol: dict[str, Any]) -> Shape:
    """Return S, M, R, K and F from the protocol."""
    episodes = protocol["bins" if protocol.get("steps") else "episodes"]
    seeds = len(protocol.get("seeds", [None]))
    rows, frozen = protocol["rows_per_task"], protocol["frozen_episodes"]
    return seeds, protocol["num_tasks"], rows, episodes, frozen


def _lines(curve: CurveData) -> Iterator[list[Any]]:
    """Yield the lines of the table; an unknown number is an empty cell."""
    _, n_tasks, n_rows, n_episodes, n_frozen = _shape(curve.protocol)
    # lists of Python numbers: written in full precision, and ten times as fast as array elements
    returns, lengths = curve.row_returns.tolist(), curve.lengths.tolist()
    success, expected = _cells(curve.success), _cells(curve.expected_returns)
    frozen, frozen_success = _cells(curve.frozen_returns), _cells(curve.frozen_success)
    for i in range(len(returns)):
        seed, task = divmod(i, n_tasks)
        for row in range(n_rows):
            for k in range(n_episodes):
                numbers = [returns[i][row][k], lengths[i][row][k]]
                numbers += [success[i][k] if success else "", expected[i][k] if expected else ""]
                yield [seed, task, "adapt", row, k + 1, *numbers]
        for k in range(n_frozen if frozen else 0):
            succeeded = frozen_success[i][k] if frozen_success else ""
            yield [seed, task, "frozen", "", k + 1, frozen[i][k], "", succeeded, ""]


def _cells(array: np.ndarray | None) -> list[list[float]]:
    """Return an optional array as lists, empty for None."""
    return [] if array is None else np.asarray(array, dtype=np.float64).tolist()


def _arrays(table: list[dict[str, str]], shape: Shape) -> dict[str, Any]:
    """Return the arrays of a table, checking that each line is where it belongs."""
    seeds, tasks, rows, episodes, n_frozen = shape
    adapt = [line for line in table if line["phase"] == "adapt"]
    frozen = [line for line in table if line["phase"] == "frozen"]
    _check_order(adapt, (seeds, tasks, rows, episodes), ("seed", "task", "row", "episode"))
    if frozen:
        _check_order(frozen, (seeds, tasks, n_frozen), ("seed", "task", "episode"))
    if len(adapt) + len(frozen) != len(table):
        raise ValueError("a line has a phase other than adapt and frozen")

    def column(lines: list[dict[str, str]], name: str, *axes: int) -> np.ndarray | None:
        cells = [line[name] for line in lines]
        return (
            np.array(cells, dtype=np.float64).reshape(seeds * tasks, *axes) if any(cells) else None
        )

    def per_task(name: str) -> np.ndarray | None:
        values = column(adapt, name, rows, episodes)
        return None if values is None else values[:, 0]

    lengths = np.array([int(line["length"]) for line in adapt]).reshape(-1, rows, episodes)
    row_returns = np.array([float(line["return"]) for line in adapt]).reshape(lengths.shape)
    return {
        "row_returns": row_returns,
        "returns": row_returns.mean(axis=1),
        "lengths": lengths,
        "success": per_task("success"),
        "expected_returns": per_task("expected_return"),
        "normalised_returns": per_task(_SCALED) if table and _SCALED in table[0] else None,
        "frozen_returns": column(frozen, "return", n_frozen),
        "frozen_success": column(frozen, "success", n_frozen),
    }


def _check_order(
    lines: list[dict[str, str]], shape: tuple[int, ...], names: tuple[str, ...]
) -> None:
    """Refuse a table in which lines are missing, doubled or moved.

    Raises:
        ValueError: The lines do not count through `shape`.
    """
    if len(lines) != math.prod(shape):
        raise ValueError(f"{len(lines)} lines where the protocol makes it {math.prod(shape)}")
    given = np.array([[int(line[name]) for name in names] for line in lines])
    given[:, -1] -= 1  # episodes count from 1
    wanted = np.stack(np.unravel_index(np.arange(len(lines)), shape), axis=1)
    if not np.array_equal(given, wanted):
        raise ValueError("lines are not in order of seed, task, row and episode")
