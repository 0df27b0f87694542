"""Tasks that are mazes grown at random, with a start and a goal: N rows, R some of them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CELL_BYTES = 80  # in task, pin, bounds of the task space, walls, visits, and while growing
_SMALLEST = 5  # cells along a side: two rooms by two


class GrownMaze(MetaVectorEnv):
    """Draws mazes with a single path between any two cells, and holds layouts out.

    Args:
        size: Cells along a side, border included: odd, at least 5.
        observation_space: Space of one row.
        action_space: Space of one row.
        **core: As in `MetaVectorEnv`.

    Raises:
        MemoryError: If there is not enough memory for so many cells.
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")

    def __init__(
        self,
        *,
        size: int,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        **core: Unpack[CoreArguments],
    ):
        self.size = check_size(size)
        self.row_bytes = 9 * self.size**2  # walls, and visits for pictures
        side = [self.size, self.size]
        super().__init__(
            task_space=spaces.Dict(
                {
                    "walls": spaces.MultiDiscrete(np.full(side, 2)),
                    "start": spaces.MultiDiscrete(side),
                    "goal": spaces.MultiDiscrete(side),
                }
            ),
            observation_space=observation_space,
            action_space=action_space,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Grow a maze and draw two of its cells."""
        walls = grow_maze(self.size, rng)
        free = np.flatnonzero(walls.ravel() == 0)
        start, other = rng.integers(len(free)), rng.integers(len(free) - 1)
        cells = free[start], free[other + (other >= start)]
        start_cell, goal_cell = (np.array(divmod(int(cell), self.size)) for cell in cells)
        return {"walls": walls, "start": start_cell, "goal": goal_cell}

    def in_split(self, task: Task) -> bool:
        """Tell whether the layout belongs to the split."""
        checksum = zlib.crc32(np.packbits(task["walls"].astype(bool)).tobytes())
        return (checksum % 2 == 1) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse a maze that is open or cannot be solved.

        Raises:
            ValueError: If the border has a gap, start or goal is a wall, both are the same cell,
                or no path leads from one to the other.
        """
        walls = task["walls"].astype(bool)
        inside = np.zeros_like(walls)
        inside[1:-1, 1:-1] = True
        gaps = np.argwhere(~(walls | inside))
        if gaps.size:
            raise ValueError(f"task['walls'] is open at {gaps[0].tolist()}; the border is all wall")
        start, goal = (tuple(task[key].tolist()) for key in ("start", "goal"))
        for key, cell in (("start", start), ("goal", goal)):
            if walls[cell]:
                raise ValueError(f"task[{key!r}]={list(cell)} is a wall; give a free cell")
        if start == goal:
            raise ValueError(f"task['goal']={list(goal)} is the start too; give another cell")
        if not connected(walls, start, goal):
            raise ValueError(
                f"no way leads from task['start']={list(start)} to task['goal']={list(goal)}"
            )


def check_size(size: int) -> int:
    """Return the size if a maze can have it.

    Raises:
        MemoryError: If there is not enough memory for so many cells.
        ValueError: If it is not odd, or below 5; names the nearest that is allowed.
    """
    side = positive("size", size)
    if side < _SMALLEST or side % 2 == 0:
        nearest = max(side + 1 - side % 2, _SMALLEST)
        raise ValueError(
            f"size={size} must be odd (rooms with walls between them) and at least "
            f"{_SMALLEST}; use e.g. {nearest}"
        )
    refuse_size("size", side, lambda side: side**2 * _CELL_BYTES)
    return side


def grow_maze(size: int, rng: np.random.Generator) -> np.ndarray:
    """Grow a maze depth first: int64 [size, size], 1 for wall.

    Args:
        size: Cells along a side, odd.
        rng: Chooses the first room and, in each room, among the neighbours not yet reached.
    """
    # Flat Python lists: some ten times as fast as NumPy on grids this small.
    steps = (-1, size, 1, -size)  # left, down, right, up
    walls = [1] * (size * size)
    fresh = [False] * (size * size)
    for row in range(1, size, 2):
        fresh[row * size + 1 : (row + 1) * size : 2] = [True] * (size // 2)
    rooms_across = size // 2
    first, *chances = rng.random(rooms_across**2).tolist()
    row, column = divmod(int(first * rooms_across**2), rooms_across)
    room = (2 * row + 1) * size + 2 * column + 1
    walls[room], fresh[room] = 0, False
    trail = [room]
    for chance in chances:
        ways = _ways(fresh, room, steps)
        while not ways:
            trail.pop()
            room = trail[-1]
            ways = _ways(fresh, room, steps)
        step = ways[int(chance * len(ways))]
        walls[room + step] = walls[room + 2 * step] = 0
        room += 2 * step
        fresh[room] = False
        trail.append(room)
    return np.array(walls).reshape(size, size)


def _ways(fresh: list[bool], room: int, steps: tuple[int, ...]) -> list[int]:
    # Cells two beyond the border never count as unreached: they are wall or wrap round to wall.
    return [step for step in steps if 0 <= room + 2 * step < len(fresh) and fresh[room + 2 * step]]


def connected(walls: np.ndarray, start: tuple[int, ...], goal: tuple[int, ...]) -> bool:
    """Tell whether a path leads from one cell to another.

    Args:
        walls: Not zero for a wall, [size, size]; the border is all wall.
        start: Row and column.
        goal: Row and column.
    """
    size = len(walls)
    closed = walls.ravel().tolist()
    first, last = (row * size + column for row, column in (start, goal))
    closed[first] = True
    front = [first]
    while front:
        cell = front.pop()
        if cell == last:
            return True
        for ahead in (cell - 1, cell + 1, cell - size, cell + size):
            if not closed[ahead]:
                closed[ahead] = True
                front.append(ahead)
    return False
