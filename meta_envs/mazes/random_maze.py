"""Randomly grown mazes: N rows, R some of them."""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse, refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .pictures import Visits, draw_maze

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # rows and columns: left, down, right, up
_GOAL_REWARD = 1.0  # for the step that reaches the goal
_STEP_REWARD = -0.01  # for each other step
_CELL_BYTES = 80  # in task, pin, bounds of the task space, walls, visits, and while growing
_SMALLEST = 5  # cells along a side: two rooms by two


class RandomMaze(MetaVectorEnv):
    """A maze with a single path between any two cells, to be learnt in the first episode.

    Tasks:
        `"walls"` [size, size]: 1 for a wall, 0 for a free cell; `"start"` [2] and `"goal"`
        [2]: row and column of two cells, distinct, uniform over the free ones. Rooms lie at odd
        rows and columns; passages between them are grown depth first from a room chosen at random,
        which makes long corridors. A task set by hand may have any walls with a closed border
        and a path from start to goal.
    Observation:
        The cell, `Discrete(size * size)`: row * size + column. Walls are not seen.
    Action:
        `Discrete(4)`: 0 left, 1 down, 2 right, 3 up. A move into a wall has no effect.
    Reward:
        +1 for the step that reaches the goal, -0.01 for each other one. `infos["success"]` says
        whether the step reached it.
    Episode:
        Begins at the start, which is the same in each episode of a trial, and terminates at the
        goal; truncated after `max_episode_steps`. Two episodes a trial. The first observation
        can tell tasks apart, since the start belongs to the task.
    Splits:
        Layouts are held out: a checksum of the walls decides between `train` and `test` (about
        half each), so no layout is in both, whatever its start and goal; `all` is both.
    Source:
        Duan et al. 2016 (RL2), section 3.3, in the grid version of its code, whose 100 steps
        an episode and two episodes a trial are kept; the paper shows first-person images of
        such mazes. The source grows mazes from the upper left room, which gives only 322 different
        mazes of 9 by 9 cells; starting from a random room gives more than 3,800. It draws all mazes
        from one distribution; the splits are ours.
    Versions:
        v0.

    Args:
        size: Cells along a side, border included: odd, at least 5. Larger mazes need a longer
            horizon than the registered ones: `max_episode_steps`.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    start_shows = ("start",)

    action_names = ("left", "down", "right", "up")

    def __init__(self, size: int = 9, **core: Unpack[CoreArguments]):
        self.size = positive("size", size)
        if self.size < _SMALLEST or self.size % 2 == 0:
            nearest = max(self.size + 1 - self.size % 2, _SMALLEST)
            raise ValueError(
                f"size={size} must be odd (rooms with walls between them) and at least "
                f"{_SMALLEST}; use e.g. {nearest}"
            )
        refuse_size("size", self.size, lambda side: side**2 * _CELL_BYTES)
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
            observation_space=spaces.Discrete(self.size**2),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"cell": np.zeros(self.num_envs, dtype=np.int64)}
        self._offsets = np.array([row * self.size + column for row, column in _MOVES])
        self._walls = np.ones((self.num_envs, self.size**2), dtype=bool)
        self._goal = np.zeros(self.num_envs, dtype=np.int64)
        self._visits = Visits(self.num_envs, self.size)  # for pictures

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

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse positions outside the maze or in its walls."""
        super().check_state(state)
        cell, walls = state["state.cell"], state["clock.tasks.walls"].reshape(self.num_envs, -1)
        refuse_outside("state.cell", cell, 0, self.size**2 - 1)
        refuse("state.cell", cell, walls[self.every_row, cell] == 1, "a free cell")

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Lay out the mazes of `rows` as flat arrays."""
        self._walls[rows] = self.tasks["walls"][rows].reshape(len(rows), -1)
        goal = self.tasks["goal"][rows]
        self._goal[rows] = goal[:, 0] * self.size + goal[:, 1]
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` on their starts."""
        start = self.tasks["start"][rows]
        cells = start[:, 0] * self.size + start[:, 1]
        self.state["cell"][rows] = cells
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, self._places(cells))
        return cells

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row unless a wall is in the way."""
        cell = self.state["cell"]
        ahead = cell + self._offsets[actions]  # inside the grid, since the border is wall
        cell = np.where(self._walls[self.every_row, ahead], cell, ahead)
        reached = cell == self._goal
        rewards = np.where(reached, _GOAL_REWARD, _STEP_REWARD)
        self.state["cell"] = cell
        if self.render_mode is not None:
            self._visits.step(self._places(cell), rewards)
        return cell.copy(), rewards, reached, {"success": reached.copy()}

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action on a shortest way to the goal, which earns the most; int64 [].

        Args:
            observation: The cell.
            task: The task of the row.
        """
        walls = np.asarray(task["walls"]).astype(bool)
        goal = tuple(int(part) for part in task["goal"])
        steps = _steps_to(np.packbits(walls).tobytes(), self.size, goal)
        return np.array(steps[int(observation) + self._offsets].argmin())

    def render_row(self, row: int) -> np.ndarray:
        """Draw the maze, start and goal, and where this trial has been."""
        return draw_maze(
            self._visits.of(row),
            walls=self.tasks["walls"][row],
            start=self.tasks["start"][row],
            goal=self.tasks["goal"][row],
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
        )

    def _places(self, cells: np.ndarray) -> np.ndarray:
        return np.stack(np.divmod(cells, self.size), axis=-1)


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


@functools.lru_cache(maxsize=64)
def _steps_to(packed: bytes, size: int, goal: tuple[int, int]) -> np.ndarray:
    """Return the fewest steps from every cell to a goal, int64 [size * size].

    Args:
        packed: 1 for a wall, the bits of [size, size]; the border is all wall.
        size: Cells along a side.
        goal: Row and column.
    """
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))[: size * size]
    steps = np.full(size * size, size * size)
    front, reached = [goal[0] * size + goal[1]], 0
    while front:
        steps[front] = reached
        reached += 1
        beside = {cell + way for cell in front for way in (-1, 1, -size, size)}
        front = [cell for cell in beside if not bits[cell] and steps[cell] == size * size]
    return steps


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
