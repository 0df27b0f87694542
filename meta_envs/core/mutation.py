"""A random step from one task to a task near it."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces

from .tasks import Task

# Step size, as a share of a number's range; if unbounded, of its magnitude or 1.
_DEVIATION = 0.1


def step(space: spaces.Dict, task: Task, share: float, rng: np.random.Generator) -> Task:
    """Return a task that is a random step away, inside the bounds.

    Numbers of Boxes take a Gaussian step of a tenth of their range and are reflected at the bounds;
    one number of a MultiDiscrete goes up or down by 1; Discrete keys are redrawn.

    Args:
        space: The task space.
        task: A member of the space; not changed.
        share: Probability that a number of a Box, or another key, moves.
        rng: Source of the step's randomness.
    """
    return {key: _part(space[key], task[key], share, rng) for key in space.spaces}


def fewest(space: spaces.Dict) -> float:
    """Return the share at which about one number moves."""
    boxes = (np.size(part.low) if isinstance(part, spaces.Box) else 1 for part in space.values())
    return 1 / max(sum(boxes), 1)


def _part(
    space: spaces.Space, value: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    if isinstance(space, spaces.Box):
        return np.where(rng.random(value.shape) < share, _box(space, value, rng), value)
    if rng.random() >= share:
        return value.copy()
    if isinstance(space, spaces.Discrete):
        return np.asarray(space.start + rng.integers(space.n), dtype=space.dtype)
    assert isinstance(space, spaces.MultiDiscrete)  # the core refuses others
    moved = value.copy()
    place = rng.integers(moved.size)
    low, size = int(space.start.flat[place]), int(space.nvec.flat[place])
    at = int(moved.flat[place]) - low + (1 if rng.random() < 0.5 else -1)
    if size > 1:  # at either end only the other direction is left
        moved.flat[place] = low + (at if 0 <= at < size else (1 if at < 0 else size - 2))
    return moved


def _box(space: spaces.Box, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    low, high = space.low, space.high
    with np.errstate(invalid="ignore"):  # infinity minus infinity; the result is not used
        width = np.where(
            np.isfinite(low) & np.isfinite(high), high - low, np.maximum(np.abs(value), 1.0)
        )
    moved = value + _DEVIATION * width * rng.standard_normal(value.shape)
    moved = np.where(moved < low, 2 * low - moved, moved)
    moved = np.where(moved > high, 2 * high - moved, moved)
    return np.clip(moved, low, high)
