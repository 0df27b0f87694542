"""Grids whose objects stay where the task puts them: R rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from .base import Grid
from .levels import TABULAR

if TYPE_CHECKING:
    from typing_extensions import Unpack


class TabularGrid(Grid):
    """Objects in fixed places of a grid, to be collected or avoided; states have numbers.

    Tasks:
        A whole level. `"walls"` [H, W] (1 for a wall), `"count"`: objects it has, O at most;
        `"start"` and `"places"` [O]: cells, row * W + column, distinct and free; `"reward"`,
        `"p_end"` and `"p_back"` [O]: what collecting an object pays, the probability that it ends
        the episode, and that per step of a collected one to come back; `"steps"` of an episode. A
        named level fixes all but start and places, which are uniform over the free cells:

        - `"dense"`, 11 x 11, 500 steps: 2 x (1, 0, .05), (-1, .5, .1), (-1, 0, .5)
        - `"sparse"`, 13 x 13, 50 steps: (1, 1, 0), (-1, 1, 0)
        - `"long"`, 11 x 11, 1,000 steps: 2 x (1, 0, .01), 2 x (-1, .5, 1)
        - `"longer"`, 7 x 9 and a wall, 2,000 steps: 2 x (1, .1, .01), 5 x (-1, .8, 1)
        - `"long_dense"`, 11 x 11 and walls, 2,000 steps: 4 x (1, 0, .005)
        - `"groove"`: drawn whole: a square of side 4-10 with walls on 15 % of the cells, 1-5
          objects (the first reward U(0, 1), others U(-1, 1); p_end log-uniform in .01-1, p_back in
          .001-.1), 20-750 steps, log-uniform. Smaller levels are walled off inside the largest.
          As in the source, walls may cut objects off.
    Observation:
        `Discrete(H * W * 2^O)`: the cell + H * W * the sum of 2^i over objects i that are there.
    Action:
        `Discrete(9)`: 0 stay, 1 up, 2 down, 3 left, 4 right, 5-8 the diagonals; `moves=5` leaves
        out the diagonals, `moves=4` stay too (0 up, 1 down, 2 left, 3 right). The border and walls
        stop a move.
    Reward:
        That of the object collected in this step, else 0. An object is collected by moving onto
        it, or by standing where it comes back.
    Episode:
        Begins at the start with all objects there. Terminates after `steps` steps or when an object
        ends it. Ten episodes a trial; whole lifetimes are `evaluate(agent, id, steps=N)`.
    Splits:
        A checksum of the whole level decides between `train` and `test` (about half each); `all` is
        both.
    Source:
        Oh et al. 2020 (LPG) by two re-implementations of its levels, which agree; `"groove"`:
        Jackson et al. 2023 and the code published with it. Differences: the paper's variant
        with explicit collect actions is left out; where the gaps of the wall of `"longer"` are, and
        splits, are ours. GROOVE's code has 5 moves, square grids and two objects fewer in
        `"longer"`.
    Versions:
        v0.

    Args:
        level: A name from above.
        size: Another side, or (rows, columns), without the level's walls. Of `"groove"`: the
            largest side.
        objects: Other objects: a list of (reward, p_end, p_back) or (reward, p_end, p_back, count).
            Of `"groove"`: the largest number.
        steps: Another horizon. Of `"groove"`: the longest.
        moves: 4, 5 or 9.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range; names the nearest level.
    """

    start_shows = ("start", "count")
    levels = TABULAR
    fixed = True

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
        return spaces.Discrete(self.cells * 2**self.objects)

    def _put_objects(self, rows: np.ndarray, which: np.ndarray) -> None:
        self.state["places"][rows] = self.tasks["places"][rows]

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        bits = (self.state["exists"][rows] << np.arange(self.objects)).sum(axis=1)
        return self.state["cell"][rows] + self.cells * bits
