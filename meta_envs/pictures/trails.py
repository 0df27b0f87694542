"""The paths that pictures of the plane show. N rows, R of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .drawing import Point


@dataclass
class Trail:
    """The paths of one row: those of the trial's earlier episodes, and that of this one."""

    past: list[list[Point]] = field(default_factory=list)
    way: list[Point] = field(default_factory=list)
    total: float = 0.0  # return of this episode


class Trails:
    """Where each of N rows has been in this trial; kept for pictures only."""

    def __init__(self, num_rows: int):
        self._rows = [Trail() for _ in range(num_rows)]

    def begin_trials(self, rows: np.ndarray) -> None:
        """Forget everything of `rows` [R]."""
        for row in rows.tolist():
            self._rows[row] = Trail()

    def begin_episodes(self, rows: np.ndarray, places: np.ndarray) -> None:
        """Begin the paths of `rows` [R] at `places` [R, 2]."""
        for row, (x, y) in zip(rows.tolist(), places.tolist(), strict=True):
            trail = self._rows[row]
            if trail.way:
                trail.past.append(trail.way)
            trail.way, trail.total = [(x, y)], 0.0

    def step(self, places: np.ndarray, rewards: np.ndarray) -> None:
        """Record the position of every row, [N, 2], and its reward, [N]."""
        paid = rewards.tolist()
        for trail, (x, y), reward in zip(self._rows, places.tolist(), paid, strict=True):
            trail.way.append((x, y))
            trail.total += reward

    def of(self, row: int) -> Trail:
        """Return where one row has been."""
        return self._rows[row]
