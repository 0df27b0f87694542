"""A curve grouped by a part of its tasks, e.g. by environment. G groups, N tasks, K columns."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..saving.files import atomic_file
from . import bootstrap
from .curve_data import CurveData

_WIDEST = 40  # columns of a label


@dataclass(frozen=True, eq=False, repr=False)
class Groups:
    """Means of a series over the tasks that share a value, and over these groups.

    Args:
        key: The part of the task, e.g. `"environment"`.
        of: The series, e.g. `"success"`.
        labels: Labels of the groups, as the family calls them, in the order of their values.
        num_tasks: Tasks of each group, int [G].
        means: Means over the tasks of each group, [G, K].
        standard_errors: Standard errors of `means`, [G, K]; NaN for a group of one task.
    """

    key: str
    of: str
    labels: tuple[str, ...]
    num_tasks: np.ndarray
    means: np.ndarray
    standard_errors: np.ndarray

    def __getitem__(self, label: str) -> np.ndarray:
        """Return the means [K] of a group.

        Raises:
            KeyError: There is no such group.
        """
        if label not in self.labels:
            raise KeyError(f"no {self.key} is {label!r}; there are {list(self.labels)}")
        return self.means[self.labels.index(label)]

    def mean(self) -> np.ndarray:
        """Return the mean over groups, weighted equally whatever their number of tasks, [K]."""
        return self.means.mean(axis=0)

    def standard_error(self) -> np.ndarray:
        """Return the standard error of `mean` over tasks, for just these groups, [K]."""
        return np.sqrt((self.standard_errors**2).sum(axis=0)) / len(self.labels)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write one line per (group, column), then the lines of the mean, atomically.

        Raises:
            OSError: The file cannot be written; an old one is left as it was.
        """
        with atomic_file(path) as stream:
            file = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([self.key, "num_tasks", "episode", self.of, "standard_error"])
            parts = (self.labels, self.num_tasks, self.means, self.standard_errors)
            lines = list(zip(*parts, strict=True))
            total = ("mean", self.num_tasks.sum(), self.mean(), self.standard_error())
            for label, count, means, errors in [*lines, total]:
                for k, (mean, error) in enumerate(zip(means, errors, strict=True), start=1):
                    writer.writerow([label, int(count), k, float(mean), float(error)])
            file.detach()

    def __repr__(self) -> str:
        """Return a table of the means, in at most 100 columns."""
        return "\n".join(table([self]))


def group(curve: CurveData, key: str, of: str) -> Groups:
    """Group a curve's tasks; see `AdaptationCurve.by`.

    Raises:
        ValueError: The curve lacks its tasks, the key or the series.
    """
    if curve.tasks is None:
        raise ValueError("this curve has not got its tasks; a CSV keeps the labelled parts alone")
    known = sorted(set.intersection(*(set(task) for task in curve.tasks)))
    if key not in known:
        raise ValueError(f"tasks have no {key!r} to group by; they have {known}")
    series, names = curve.series(of), curve.protocol.get("task_labels", {}).get(key)
    found = [_plain(task[key]) for task in curve.tasks]
    values = sorted(set(found))
    means, errors, counts = [], [], []
    for value in values:
        rows = np.array([one == value for one in found])
        by_seed = np.bincount(curve.seed_index[rows], minlength=curve.n_seeds)
        # seeds that played different tasks may have unequal numbers of tasks in a group
        seeds = curve.n_seeds if (by_seed == by_seed[0]).all() else 1
        shared = curve.shared_tasks and seeds > 1
        means.append(series[rows].mean(axis=0))
        errors.append(bootstrap.standard_error(series[rows], seeds, shared))
        counts.append(int(rows.sum()))
    labels = tuple(str(value) if names is None else str(names[value]) for value in values)
    return Groups(key, of, labels, np.array(counts), np.stack(means), np.stack(errors))


def summary(curve: CurveData, key: str) -> list[str]:
    """Return lines of text with each group's result: success if it is known."""
    kind = "returns" if curve.success is None else "success"
    frozen = f"frozen_{kind}"
    more = (frozen, "normalised_returns")
    wanted = [kind, *(of for of in more if getattr(curve, of) is not None)]
    return table([group(curve, key, of) for of in wanted])


def table(parts: Sequence[Groups]) -> list[str]:
    """Return lines of text with several series of the same groups side by side.

    Shows the first and last of a trial's episodes, and the mean of the frozen ones.
    """
    first = parts[0]
    width = min(max(len(label) for label in (*first.labels, "mean of all")), _WIDEST)
    heads, columns = [], []
    for part in parts:
        rows = np.concatenate([part.means, part.mean()[None]])
        if part.of.startswith("frozen"):
            heads.append(part.of.replace("_", " "))
            columns.append(rows.mean(axis=1))
        else:
            last = rows.shape[1]
            name = part.of.removesuffix("_returns")  # "normalised"; the column is narrow
            heads += [f"{name} {k}" for k in dict.fromkeys((1, last))]
            columns += [rows[:, k - 1] for k in dict.fromkeys((1, last))]
    lines = [f"  by {first.key:{width - 1}s}  tasks" + "".join(f"{head:>16s}" for head in heads)]
    counts = [*first.num_tasks, first.num_tasks.sum()]
    for row, label in enumerate((*first.labels, "mean of all")):
        numbers = "".join(f"{column[row]:16.4g}" for column in columns)
        lines.append(f"    {label[:width]:{width}s}  {counts[row]:5d}{numbers}")
    return lines


def _plain(value: Any) -> Any:
    """Return a hashable value: lists become tuples."""
    return tuple(_plain(one) for one in value) if isinstance(value, list) else value
