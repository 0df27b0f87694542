"""Randomly grown mazes: N rows, R some of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse, refuse_outside
from ..core.tasks import Task
from .grown import GrownMaze, check_size
from .pictures import Visits, draw_maze

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # rows and columns: left, down, right, up
_GOAL_REWARD = 1.0  # for the step that reaches the goal
_STEP_REWARD = -0.01  # for each other step


class RandomMaze(GrownMaze):
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

    start_shows = ("start",)

    action_names = ("left", "down", "right", "up")

    def __init__(self, size: int = 9, **core: Unpack[CoreArguments]):
        super().__init__(
            size=size,
            observation_space=spaces.Discrete(check_size(size) ** 2),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"cell": np.zeros(self.num_envs, dtype=np.int64)}
        self._offsets = np.array([row * self.size + column for row, column in _MOVES])
        self._walls = np.ones((self.num_envs, self.size**2), dtype=bool)
        self._goal = np.zeros(self.num_envs, dtype=np.int64)
        self._visits = Visits(self.num_envs, self.size)  # for pictures

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
