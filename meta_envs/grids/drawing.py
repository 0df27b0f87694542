"""Draws whole levels for the distribution of GROOVE. H rows, W columns, O objects."""

from __future__ import annotations

import numpy as np

from .levels import Sampled


def draw_level(level: Sampled, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw a level's numbers and walls.

    Args:
        level: The distribution.
        rng: Source of randomness.

    Returns:
        `walls` [H, W] (1 also outside a level smaller than the largest), `count`, `reward`,
        `p_end` and `p_back` [O], and `steps`; where start and objects are is still to be drawn.
    """
    most = level.objects[1]
    count = rng.integers(level.objects[0], most + 1)
    rewards = rng.uniform(*level.reward, size=most)
    rewards[0] = rng.uniform(0.0, level.reward[1])
    shape = level.size
    while True:
        side = rng.integers(level.sides[0], level.sides[1] + 1)
        walls = rng.random(shape) < 0
        places = rng.permutation(walls.size)[: round(level.wall_share * walls.size)]
        walls.flat[places] = True
        walls[side:] = walls[:, side:] = True
        if (~walls).sum() > most:
            break
    return {
        "walls": walls.astype(np.int64),
        "count": np.asarray(count),
        "reward": rewards,
        "p_end": _log_uniform(level.p_end, most, rng),
        "p_back": _log_uniform(level.p_back, most, rng),
        "steps": np.asarray(round(float(_log_uniform(level.steps, 1, rng)[0]))),
    }


def _log_uniform(ends: tuple[float, float], size: int, rng: np.random.Generator) -> np.ndarray:
    low, high = np.log(ends)
    return np.clip(np.exp(rng.uniform(low, high, size=size)), *ends)
