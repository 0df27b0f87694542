"""What happened over a whole life, in a bounded number of averages, for pictures. N rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_BINS = 160  # when full, pairs are joined; even


class History(NamedTuple):
    """Averages over equal parts of a life."""

    means: np.ndarray  # [parts]
    each: int  # entries that a part is made of
    total: float


class Histories:
    """The rewards (or returns) of each of N rows since their lives began.

    Args:
        num_rows: N.
    """

    def __init__(self, num_rows: int):
        self._sums = np.zeros((num_rows, _BINS))
        self._each = np.ones(num_rows, dtype=np.int64)
        self._count = np.zeros(num_rows, dtype=np.int64)
        self._total = np.zeros(num_rows)

    def begin(self, rows: np.ndarray) -> None:
        """Forget everything of `rows` [R]."""
        self._sums[rows] = self._total[rows] = 0.0
        self._each[rows], self._count[rows] = 1, 0

    def add(self, values: np.ndarray, rows: np.ndarray | None = None) -> None:
        """Add one entry to each of `rows` [R] (None: all)."""
        where = np.arange(len(self._sums)) if rows is None else rows
        for row in where[self._count[where] == _BINS * self._each[where]].tolist():
            pairs = self._sums[row].reshape(-1, 2).sum(axis=1)
            self._sums[row] = np.concatenate([pairs, np.zeros_like(pairs)])
            self._each[row] *= 2
        self._sums[where, self._count[where] // self._each[where]] += values
        self._count[where] += 1
        self._total[where] += values

    def of(self, row: int) -> History:
        """Return what one row has had; an unfinished last part counts once it is half full."""
        count, each = int(self._count[row]), int(self._each[row])
        parts, rest = divmod(count, each)
        means = self._sums[row, :parts] / each
        if 2 * rest >= each and rest:
            means = np.append(means, self._sums[row, parts] / rest)
        return History(means, each, float(self._total[row]))
