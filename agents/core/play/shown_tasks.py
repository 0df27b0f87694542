"""Demonstrations grouped by the task that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .demonstrations import DemonstrationSet


def by_task(demonstrations: DemonstrationSet) -> list[tuple[Mapping[str, Any], np.ndarray]]:
    """Return the different tasks, in order, each with the indices of its episodes.

    Args:
        demonstrations: Episodes that all say their tasks.

    Raises:
        ValueError: If an episode does not say its task.
    """
    found: dict[bytes, tuple[Mapping[str, Any], list[int]]] = {}
    for index, one in enumerate(demonstrations):
        if one.task is None:
            raise ValueError(
                f"episode {index} of the demonstrations does not say its task, so nobody can tell "
                "which episodes belong together; agents.record keeps tasks"
            )
        key = b"|".join(
            name.encode() + np.asarray(part).tobytes() for name, part in sorted(one.task.items())
        )
        found.setdefault(key, (one.task, []))[1].append(index)
    return [(task, np.array(index)) for task, index in found.values()]
