"""Checking which rows, masks and seeds were given to a vector environment of N rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import error


def valid_rows(rows: Sequence[int] | np.ndarray, num_rows: int) -> np.ndarray:
    """Return row indices [R] as an array.

    Raises:
        ValueError: If they are no integer indices, or name rows there are not.
    """
    where = np.asarray(rows)
    if where.ndim == 1 and where.size == 0:
        return np.zeros(0, dtype=np.int64)
    if where.ndim != 1 or where.dtype.kind not in "iu":
        raise ValueError(f"rows={rows!r} is not a list of integer indices")
    if where.min() < 0 or where.max() >= num_rows:
        raise ValueError(f"rows={rows!r} names rows outside 0..{num_rows - 1}")
    return where


def masked_rows(mask: Any, num_rows: int) -> np.ndarray:
    """Return the indices [R] of the rows that a bool array [N] names.

    Raises:
        ValueError: If it is no such array, or names no row.
    """
    mask = np.asarray(mask)
    if mask.shape != (num_rows,) or mask.dtype != bool:
        raise ValueError(
            f"reset_mask has shape {mask.shape} and type {mask.dtype}; "
            f"it is a bool array [{num_rows}]"
        )
    if not mask.any():
        raise ValueError("reset_mask names no row; at least one is reset")
    return np.flatnonzero(mask)


def row_seeds(
    seed: int | Sequence[int | None] | None, rows: np.ndarray, num_rows: int
) -> list[int | None]:
    """Return the seed of each of `rows` [R], None for those that get none.

    Args:
        seed: Row i is seeded with `seed + i`; or one seed (or None) for each of the N rows.
        rows: Indices [R].
        num_rows: N.

    Raises:
        ValueError: If the number of seeds is wrong.
        gymnasium.error.Error: If a seed is negative, or not an integer.
    """
    if seed is None:
        return [None] * len(rows)
    seeds: list[int | None]
    if isinstance(seed, int | np.integer):
        seeds = [int(seed) + row for row in rows.tolist()]
    elif len(seed) == num_rows:
        seeds = [seed[row] for row in rows.tolist()]
    else:
        raise ValueError(f"{len(seed)} seeds given for {num_rows} rows; give one a row")
    for one in seeds:
        if one is not None and (not isinstance(one, int | np.integer) or one < 0):
            raise error.Error(f"seed={one!r} must be an integer of at least 0")
    return seeds
