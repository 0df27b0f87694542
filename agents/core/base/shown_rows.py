"""One observation or those of several rows, as Stable-Baselines3's `predict` takes either."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces


def as_rows(observation: Any, space: spaces.Space) -> tuple[Any, bool]:
    """Return an observation as that of one row, or several rows as they are; and whether it is one.

    Args:
        observation: One observation of `space`, or those of R rows.
        space: The space of one row.
    """
    if isinstance(space, spaces.Dict):
        parts = {key: as_rows(observation[key], one) for key, one in space.spaces.items()}
        return {key: part for key, (part, _) in parts.items()}, all(
            single for _, single in parts.values()
        )
    shown = np.asarray(observation)
    single = shown.shape == (space.shape or ())
    return (shown[None] if single else shown), single
