"""Batches of observations: an array with a leading axis of rows, or a dict of such arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def take(batch: Any, rows: np.ndarray | int) -> Any:
    """Return the rows of a batch (for one index: that row's observation), as a copy."""
    if isinstance(batch, dict):
        return {key: take(part, rows) for key, part in batch.items()}
    picked = batch[rows]
    return picked.copy() if isinstance(picked, np.ndarray) else picked


def write(batch: Any, rows: np.ndarray, values: Any) -> None:
    """Write `values` [R, ...] into the rows of a batch, in place."""
    if isinstance(batch, dict):
        for key, part in batch.items():
            write(part, rows, values[key])
    else:
        batch[rows] = values


def written(batch: Any, rows: np.ndarray, values: Any) -> Any:
    """Return a copy of a batch with `values` [R, ...] in its rows."""
    changed = copy(batch)
    write(changed, rows, values)
    return changed


def copy(batch: Any) -> Any:
    """Copy a batch."""
    if isinstance(batch, dict):
        return {key: copy(part) for key, part in batch.items()}
    return batch.copy()


def stack(observations: list[Any]) -> Any:
    """Stack observations of single rows into a batch."""
    if isinstance(observations[0], dict):
        return {
            key: stack([observation[key] for observation in observations])
            for key in observations[0]
        }
    return np.stack([np.asarray(observation) for observation in observations])
