"""Checking the rows, masks, seeds and options passed to a vector environment of N rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from .rng import InvalidSeed, valid_seed


def valid_rows(rows: Sequence[int] | np.ndarray, num_rows: int) -> np.ndarray:
    """Return row indices [R] as an array.

    Raises:
        ValueError: If they are not integer indices, or a row does not exist.
    """
    where = _as_array(rows)
    if where.ndim == 1 and where.size == 0:
        return np.zeros(0, dtype=np.int64)
    if where.ndim != 1 or where.dtype.kind not in "iu":
        raise ValueError(f"rows={rows!r} is not a list of integer indices")
    if where.min() < 0 or where.max() >= num_rows:
        raise ValueError(f"rows={rows!r} names rows outside 0..{num_rows - 1}")
    return where


def masked_rows(mask: Any, num_rows: int) -> np.ndarray:
    """Return the indices [R] of the rows that a bool array [N] selects.

    Raises:
        ValueError: If it is not such an array, or selects no row.
    """
    given, mask = mask, _as_array(mask)
    if mask.dtype == object:  # ragged, None or worse
        raise ValueError(f"reset_mask={given!r} is not a bool array [{num_rows}]")
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
    """Return the seed of each of `rows` [R], None for rows without one.

    Args:
        seed: Row i is seeded with `seed + i`; or one seed (or None) for each of the N rows.
        rows: Indices [R].
        num_rows: N.

    Raises:
        InvalidSeed: If a seed is not an integer, is negative or too large.
        ValueError: If the number of seeds is wrong.
    """
    if seed is None:
        return [None] * len(rows)
    if isinstance(seed, np.ndarray) and seed.ndim == 1:
        seed = list(seed)
    if isinstance(seed, Sequence) and not isinstance(seed, str | bytes | bytearray):
        if len(seed) != num_rows:
            raise ValueError(f"{len(seed)} seeds given for {num_rows} rows; give one a row")
        each = [seed[row] for row in rows.tolist()]
        return [None if one is None else valid_seed(one) for one in each]
    first, last = valid_seed(seed), num_rows - 1
    try:
        valid_seed(first + last)
    except InvalidSeed as large:
        raise InvalidSeed(
            f"seed={first} is too large for {num_rows} rows: row i is seeded with seed + i, which "
            f"must be below 2**64; use at most {2**64 - num_rows}"
        ) from large
    return [first + row for row in rows.tolist()]


def valid_options(options: Any, allowed: Sequence[str]) -> dict[str, Any]:
    """Return the options of a reset as a dict, `keep_task` checked.

    Args:
        options: A mapping, or None for none.
        allowed: The allowed names.

    Raises:
        TypeError: If they are not a mapping, or `keep_task` is not a bool.
        ValueError: If one is unknown; suggests the nearest.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"options={options!r} is not a dict; allowed are {list(allowed)}")
    unknown = [key for key in options if key not in allowed]
    if unknown:
        near = get_close_matches(str(unknown[0]), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"reset options {unknown} are unknown; allowed are {list(allowed)}{hint}")
    keep = options.get("keep_task")
    if keep is not None and not isinstance(keep, bool | np.bool_):
        raise TypeError(f"keep_task={keep!r} must be True or False")
    return dict(options)


def _as_array(given: Any) -> np.ndarray:
    """Return the value as an array; ragged lists become one of type object."""
    try:
        return np.asarray(given)
    except ValueError:
        made = np.empty(1, dtype=object)
        made[0] = given
        return made
