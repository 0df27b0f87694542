"""Splits: which tasks are for training and which are held out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np

_CELLS = 1024  # fine enough that both halves follow the same distribution to well under 1 %


def interleave(value: float, low: float, high: float, cells: int = _CELLS) -> str:
    """Tell whether a value of a continuous parameter belongs to `"train"` or `"test"`.

    The range is cut into fine cells of equal width; even ones train, odd ones test. Both splits
    then follow the same distribution on disjoint tasks, so values computed for the whole range
    hold on each.

    Args:
        value: The parameter, within [low, high].
        low: Lower end of its range.
        high: Upper end of its range.
        cells: Number of cells.
    """
    cell = math.floor((float(value) - low) / (high - low) * cells)
    return "test" if cell % 2 else "train"


def held_out(count: int, n_test: int) -> np.ndarray:
    """Choose which of `count` members of a finite family are held out for testing.

    Args:
        count: Members in all.
        n_test: Members to hold out.

    Returns:
        A bool array [count], True for `"test"`; spread evenly over the members' order.
    """
    members = np.zeros(count, dtype=bool)
    members[((np.arange(n_test) + 0.5) * count / n_test).astype(int)] = True
    return members


def resolve(split: str | None, splits: Sequence[str], name: str) -> str:
    """Return the split to use: the one asked for, or `train`, or `all` where there is no `train`.

    Raises:
        ValueError: If the family `name` has no such split.
    """
    if split is None:
        return "train" if "train" in splits else "all"
    if split in splits:
        return split
    allowed = ", ".join(repr(known) for known in splits)
    if tuple(splits) == ("all",):
        reason = f"{name} holds no tasks out: its only split is 'all'"
    else:
        near = get_close_matches(str(split), splits, n=1)
        reason = f"{name} has {allowed}" + (f"; did you mean {near[0]!r}?" if near else "")
    raise ValueError(f"split={split!r} is unknown: {reason}")
