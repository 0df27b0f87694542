"""Checking and clipping actions, for N rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import error, spaces


class InvalidAction(error.InvalidAction, ValueError):
    """An action of the wrong type or shape, out of range, or not a number."""


def valid_actions(
    space: spaces.Space, actions: Any, num_rows: int, batch: spaces.Space | None = None
) -> np.ndarray:
    """Return `actions` as an array [N, ...] of the space's type, Box actions clipped.

    Args:
        space: The action space of one row: Box, Discrete, MultiDiscrete or MultiBinary.
        actions: One action per row.
        num_rows: N.
        batch: The action space of all rows, if at hand: its bounds need no broadcasting, which
            takes most of the time for many rows of few numbers.

    Raises:
        InvalidAction: If the shape is wrong, a number is NaN, or a discrete action is out of range.
    """
    shape = (num_rows, *(space.shape or ()))
    try:
        array = np.asarray(actions)
    except ValueError as ragged:
        raise InvalidAction(
            f"actions differ in shape: {actions!r}; {num_rows} rows of {space} take {shape}"
        ) from ragged
    if array.shape != shape:
        raise InvalidAction(
            f"actions have shape {array.shape}; {num_rows} rows of {space} take {shape}"
        )
    if isinstance(space, spaces.Box):
        return _clipped(space, array, batch if isinstance(batch, spaces.Box) else space)
    if array.dtype.kind == "b" and isinstance(space, spaces.MultiBinary):
        return array.astype(space.dtype)
    if array.dtype.kind not in "iu":
        whole = array.dtype.kind == "f" and np.isfinite(array).all()
        if not whole or (array != np.floor(array)).any():
            raise InvalidAction(
                f"action {array.flat[0]!r} is not an integer; {space} takes integers"
            )
        array = array.astype(np.int64)
    low: Any
    high: Any
    if isinstance(space, spaces.Discrete):
        low, high = int(space.start), int(space.start) + int(space.n) - 1
    elif isinstance(space, spaces.MultiDiscrete):
        low, high = space.start, space.start + space.nvec - 1
    elif isinstance(space, spaces.MultiBinary):
        low, high = 0, 1
    else:
        raise TypeError(
            f"{space} is not supported; action spaces are Box, Discrete, MultiDiscrete or "
            "MultiBinary"
        )
    outside = (array < low) | (array > high)
    if outside.any():
        row = int(np.argwhere(outside)[0][0])
        raise InvalidAction(
            f"action {array[row]} of row {row} is outside [{low}, {high}] of {space}"
        )
    return array


def _clipped(space: spaces.Box, array: np.ndarray, bounds: spaces.Box) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise InvalidAction(f"action {array.flat[0]!r} is not numeric; {space} takes numbers")
    # Twice as fast as `np.clip` for the few numbers of one row.
    clipped = np.minimum(np.maximum(array, bounds.low), bounds.high)
    flat = clipped.ravel()
    square = np.dot(flat, flat)  # NaN exactly where a number is: a fraction of the cost of isnan
    if square != square and np.isnan(array).any():
        row = int(np.argwhere(np.isnan(array))[0][0])
        raise InvalidAction(f"action {array[row]} of row {row} holds NaN; {space} takes numbers")
    return clipped.astype(space.dtype, copy=False)
