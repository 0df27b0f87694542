"""What every goal of a body has: its part of the task, and a reward over all rows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.arguments import ends
from ..core.tasks import Task, Tasks

_BEYOND = 0.25  # "ood" extends this share of a range's width beyond its upper end


class Goal(ABC):
    """A goal of a body.

    Args:
        goal_range: Lowest and highest training value, for goals that have one.

    Raises:
        ValueError: If it is not such a range.
    """

    needs_plane: ClassVar[bool] = False
    default_range: ClassVar[Sequence[float]] = (0.0, 1.0)
    has_ood: ClassVar[bool] = False
    lowest: ClassVar[float] = -math.inf  # smallest allowed start of a range

    def __init__(self, goal_range: Sequence[float] | None = None):
        given = self.default_range if goal_range is None else goal_range
        self.low, self.high = ends("goal_range", given, self.lowest)

    @abstractmethod
    def space(self) -> dict[str, spaces.Space]:
        """Return the support."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw this part of a task."""

    @abstractmethod
    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the rewards [N], before weight and offset."""

    def members(self) -> tuple[dict[str, Any], ...] | None:
        """Return every goal, if there are finitely many."""
        return None

    def position(self, task: Task) -> float | None:
        """Return where a goal lies in the training range, 0 to 1; None if there is no range."""
        return None

    def inside(self, task: Task) -> bool:
        """Tell whether a goal lies in the training range."""
        return True

    def check(self, task: Task) -> None:
        """Raise ValueError if a value inside the bounds is not a valid goal."""
        return

    def nearest(self, task: Task) -> Task:
        """Turn a task inside the bounds into one with a valid goal; the rest stays the same."""
        return task

    def published_split(self, task: Task) -> str | None:
        """Return the split that the source puts a goal into; None if it has no splits."""
        return None

    def facts(self, task: Task) -> dict[str, Any]:
        """Return what pictures show: `"direction"`, `"velocity"`, `"heading"` or `"target"`."""
        return {}

    @property
    def _beyond(self) -> float:
        return self.high + (self.high - self.low) * _BEYOND
