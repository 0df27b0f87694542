"""Grids whose objects are somewhere else in each episode: R rows, H x W cells, O objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from .base import Grid
from .levels import RANDOM

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RandomGrid(Grid):
    """Objects in random places of a grid, new in each episode, seen as planes.

    Tasks:
        As in `TabularGrid`, without `"places"`: a named level leaves the start alone to be drawn.

        - `"dense"`, 11 x 11, 500 steps: 2 x (1, 0, .05), (-1, .5, .1), (-1, 0, .5)
        - `"long"`, 11 x 11, 1,000 steps: 2 x (1, 0, .01), 2 x (-1, .5, 1)
        - `"small"`, 5 x 7, 500 steps: 2 x (1, 0, .05), 2 x (-1, .5, .1)
        - `"small_sparse"`, 5 x 7, 50 steps: (1, 1, 1), 2 x (-1, 1, 1)
        - `"very_dense"`, 11 x 11, 2,000 steps: (1, 0, 1)
        - `"groove"`: drawn whole, as in `TabularGrid`; each object is a kind of its own.
    Observation:
        `Box(0, 1, (1 + kinds, H, W), float32)`: a plane with the agent, and one for each kind of
        object (what equal objects share). Walls are not seen.
    Action:
        As in `TabularGrid`.
    Reward:
        As in `TabularGrid`.
    Episode:
        Begins at the start with objects in random free cells. One that comes back does so in a
        free cell with neither the agent nor another object. Ends as in `TabularGrid`.
    Splits:
        A checksum of the whole level; of a named level it divides the start cells.
    Source:
        As in `TabularGrid`. The paper's table is read so that the start belongs to the level.
    Versions:
        v0.

    Args:
        level: A name from above.
        size: As in `TabularGrid`.
        objects: As in `TabularGrid`.
        steps: As in `TabularGrid`.
        moves: As in `TabularGrid`.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range; names the nearest level.
    """

    start_shows = ("start", "walls", "count")
    levels = RANDOM
    fixed = False

    def __init__(
        self,
        level: str = "dense",
        size: Any = None,
        objects: Any = None,
        steps: int | None = None,
        moves: int = 9,
        **core: Unpack[CoreArguments],
    ):
        super().__init__(level, size, objects, steps, moves, **core)

    def _observation_space(self) -> spaces.Space:
        planes = 2 + max(self.kinds)
        return spaces.Box(0.0, 1.0, (planes, *self.shape), np.float32)

    def _put_objects(self, rows: np.ndarray, which: np.ndarray) -> None:
        exists, places = self.state["exists"][rows], self.state["places"][rows]
        free = ~self._walls[rows]
        at = np.arange(len(rows))
        free[at, self.state["cell"][rows]] = False
        for index in range(self.objects):
            taken = exists[:, index]
            free[at[taken], places[taken, index]] = False
        chance = self.random.uniform(rows, self.objects)
        for index in range(self.objects):
            nth = (chance[:, index] * free.sum(axis=1)).astype(np.int64) + 1  # free cell to take
            found = (np.cumsum(free, axis=1) == nth[:, None]).argmax(axis=1)
            put = which[:, index]
            places[put, index] = found[put]
            free[at[put], found[put]] = False
        self.state["places"][rows] = places

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        seen = np.zeros((len(rows), 2 + max(self.kinds), self.cells), dtype=np.float32)
        at = np.arange(len(rows))
        seen[at, 0, self.state["cell"][rows]] = 1.0
        for index, kind in enumerate(self.kinds):
            there = self.state["exists"][rows, index]
            seen[at[there], 1 + kind, self.state["places"][rows[there], index]] = 1.0
        return seen.reshape(len(rows), -1, *self.shape)
