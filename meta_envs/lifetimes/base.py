"""What the problems of one lifetime share: histories for pictures. N rows, R some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.vector import MetaVectorEnv
from .history import Histories, History


class LifetimeEnv(MetaVectorEnv):
    """A problem whose pictures show a whole life: its rewards, and what the learner reports.

    Args:
        **arguments: Arguments of `MetaVectorEnv`.
    """

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self._rewards = Histories(self.num_envs)
        self._figures: dict[str, Histories] = {}

    def show_figures(self, figures: Mapping[str, np.ndarray]) -> None:
        """Have pictures show what a learner reports over its life, e.g. its discount.

        Args:
            figures: Arrays [N], one number a row; to be called after each update. Numbers that are
                not finite are left out.
        """
        if self.render_mode is None:
            return
        for name, values in figures.items():
            known = self._figures.setdefault(name, Histories(self.num_envs))
            rows = np.flatnonzero(np.isfinite(values))
            known.add(np.asarray(values, dtype=np.float64)[rows], rows)

    def begins(self, rows: np.ndarray) -> np.ndarray:
        """Return those of `rows` [R] whose episode is the first of a trial."""
        return rows[self._clock.episode[rows] == 1]

    def begin_life(self, rows: np.ndarray) -> None:
        """Forget, for pictures, the last life of `rows` [R]."""
        for one in (self._rewards, *self._figures.values()):
            one.begin(rows)

    def note(self, rewards: np.ndarray, which: np.ndarray | None = None) -> None:
        """Remember, for pictures, one number of every row, or of those that `which` [N] marks."""
        if self.render_mode is None:
            return
        if which is None:
            self._rewards.add(rewards)
        elif which.any():
            self._rewards.add(rewards[which], np.flatnonzero(which))

    def life_of(self, row: int) -> dict[str, History]:
        """Return a row's rewards (under `""`) and figures over its life."""
        return {"": self._rewards.of(row)} | {
            name: known.of(row) for name, known in self._figures.items()
        }
