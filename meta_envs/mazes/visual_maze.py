"""Mazes seen in the first person: N rows, R some of them. Lengths are in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive, whole
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse, refuse_outside
from ..pictures.rays import HEADINGS, RayCaster, Sprite, ahead_of, enlarged
from .grown import GrownMaze, check_size
from .pictures import Visits, draw_maze

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TURN = HEADINGS // 12  # 30 degrees
_STRIDE = 0.4  # of an action
_RADIUS = 0.25  # of the agent, which walls stop
_REACH = 0.5  # from the goal's middle
_GOAL_REWARD = 1.0  # for the step that reaches the goal
_STEP_REWARD = -0.04  # for each step
_WALL_REWARD = -0.001  # more, for a move that a wall stops
_VIEW = 90.0  # degrees
_CARD = (20, 60, 230)
_HORIZONS = {5: 250, 9: 500}  # steps of an episode, by size; others in proportion to their cells
_WALLS = ((200, 190, 170),)


class VisualMaze(GrownMaze):
    """A maze seen in the first person, whose goal is to be found and then remembered.

    Tasks:
        `"walls"` [size + 2, size + 2], `"start"` and `"goal"`, rows and columns: as in
        `RandomMaze`, with a border around `size` cells.
    Observation:
        uint8 [height, width, 3]: what is seen, 90 degrees wide, from the middle of a wall's
        height. The goal is a blue card, as wide as .4 cells.
    Action:
        `Discrete(4)`: 0 turn left, 1 turn right (30 degrees), 2 forward, 3 backward (.4 cells).
        Walls stop a move .25 cells before them, along each axis by itself.
    Reward:
        -0.04 a step, .001 less where a wall stopped it; +1 more for the step that comes within
        half a cell of the goal. `infos["success"]` says whether the step reached it.
    Episode:
        Begins in the middle of the start, looking along its longest free way, which is the same
        in each episode of a trial. Terminates at the goal, or after `steps` steps. Two episodes a
        trial; the paper plays up to five in tests.
    Splits:
        `RandomMaze`'s: layouts are held out by a checksum of their walls.
    Source:
        Duan et al. 2016 (RL2), section 3.3: rewards, 250 steps an episode at 5 by 5 and 500 at 9
        by 9, two episodes. There ViZDoom draws the frames, the stride is Doom's, and 1,000
        layouts are for training and 1,000 for tests; here layouts are drawn without end.
    Versions:
        v0.

    Args:
        size: Cells along a side, without the border: odd, at least 3.
        width: Of a frame, pixels.
        height: Of a frame, pixels, even.
        steps: Steps of an episode; None for the paper's, in proportion to the cells.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        MemoryError: If there is not enough memory for so many cells.
        ValueError: If an argument is out of range.
    """

    start_shows = ("walls", "start", "goal")  # all of it may be in sight

    action_names = ("turn left", "turn right", "forward", "backward")

    def __init__(
        self,
        size: int = 5,
        width: int = 64,
        height: int = 48,
        steps: int | None = None,
        **core: Unpack[CoreArguments],
    ):
        side = check_size(whole("size", size, 3) + 2)
        self.width, self.height = whole("width", width, 8, 1024), whole("height", height, 8, 1024)
        usual = _HORIZONS.get(size, 10 * size**2)
        self.steps = usual if steps is None else positive("steps", steps)
        self.caster = RayCaster(self.width, self.height, _VIEW, walls=_WALLS, sprites=(_card(),))
        super().__init__(
            size=side,
            observation_space=spaces.Box(0, 255, (self.height, self.width, 3), np.uint8),
            action_space=spaces.Discrete(len(self.action_names)),
            **core,
        )
        count = self.num_envs
        self.state = {
            "place": np.full((count, 2), 1.5),  # x (columns) and y (rows)
            "heading": np.zeros(count, dtype=np.int64),
        }
        self._walls = np.ones((count, side, side), dtype=np.uint8)
        self._goals = np.zeros((count, 2))
        self._facing = np.zeros(count, dtype=np.int64)
        self._visits = Visits(count, side)  # for pictures

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the maze or in its walls, and headings that do not exist."""
        super().check_state(state)
        place, heading = state["state.place"], state["state.heading"]
        refuse_outside("state.heading", heading, 0, HEADINGS - 1)
        refuse_outside("state.place", place, 1.0, self.size - 1.0)
        cell = np.minimum(place.astype(np.int64), self.size - 2)
        inside = state["clock.tasks.walls"][self.every_row, cell[:, 1], cell[:, 0]] == 1
        refuse("state.place", place, np.stack([inside, inside], axis=1), "in a free cell")

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Lay out the mazes of `rows`."""
        walls = self._walls[rows] = self.tasks["walls"][rows].astype(np.uint8)
        self._goals[rows] = self.tasks["goal"][rows][:, ::-1] + 0.5
        self._facing[rows] = _longest_way(walls, self.tasks["start"][rows])
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` on their starts."""
        start = self.tasks["start"][rows]
        self.state["place"][rows] = start[:, ::-1] + 0.5
        self.state["heading"][rows] = self._facing[rows]
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, start)
        return self._frames(self.caster, rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Turn or move every row."""
        turn = np.array([-_TURN, _TURN, 0, 0])[actions]
        self.state["heading"] = (self.state["heading"] + turn) % HEADINGS
        stride = np.array([0.0, 0.0, _STRIDE, -_STRIDE])[actions]
        way = ahead_of(self.state["heading"]) * stride[:, None]
        stopped = self._move(way)
        away = self.state["place"] - self._goals
        reached = away[:, 0] ** 2 + away[:, 1] ** 2 <= _REACH**2
        rewards = _STEP_REWARD + _WALL_REWARD * stopped + _GOAL_REWARD * reached
        if self.render_mode is not None:
            self._visits.step(self.state["place"].astype(np.int64)[:, ::-1], rewards)
        over = reached | (self.elapsed >= self.steps)
        return self._frames(self.caster, self.every_row), rewards, over, {"success": reached}

    def _move(self, way: np.ndarray) -> np.ndarray:
        """Move every row by `way` [N, 2] as far as walls allow, and tell which were stopped."""
        stopped = np.zeros(self.num_envs, dtype=bool)
        place = self.state["place"].copy()
        for axis in (0, 1):
            ahead = place.copy()
            ahead[:, axis] += way[:, axis]
            edge = ahead[:, axis] + np.sign(way[:, axis]) * _RADIUS
            cell = ahead.astype(np.int64)
            cell[:, axis] = np.floor(edge).astype(np.int64)
            blocked = self._walls[self.every_row, cell[:, 1], cell[:, 0]] > 0
            place[:, axis] = np.where(blocked, place[:, axis], ahead[:, axis])
            stopped |= blocked & (way[:, axis] != 0)
        self.state["place"] = place
        return stopped

    def _frames(self, caster: RayCaster, rows: np.ndarray) -> np.ndarray:
        place, heading = self.state["place"][rows], self.state["heading"][rows]
        card = np.zeros((len(rows), 1), dtype=np.int64)
        return caster.frames(self._walls[rows], place, heading, card, self._goals[rows][:, None])

    def render_row(self, row: int) -> np.ndarray:
        """Draw what is seen, and beside it the maze, start and goal, and where this trial was."""
        plan = draw_maze(
            self._visits.of(row),
            walls=self.tasks["walls"][row],
            start=self.tasks["start"][row],
            goal=self.tasks["goal"][row],
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.steps),
            title="VisualMaze",
        )
        return enlarged(self._frames(self.caster, np.array([row]))[0], plan)


def _card() -> Sprite:
    """Return the goal: a card with a paler stripe."""
    image = np.full((8, 6, 4), 255, np.uint8)
    image[..., :3] = _CARD
    image[2:4, :, :3] = (150, 180, 255)
    return Sprite(image, width=0.4, height=0.5, bottom=0.2)


def _longest_way(walls: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the heading, along an axis, in which most cells are free; the first of equals.

    Args:
        walls: 1 for wall, [R, S, S].
        starts: Rows and columns, [R, 2].
    """
    rows, size = np.arange(len(walls)), walls.shape[1]
    free = []
    for down, along in ((0, 1), (1, 0), (0, -1), (-1, 0)):  # headings 0, 90, 180, 270 degrees
        open_, count = np.ones(len(walls), dtype=bool), np.zeros(len(walls), dtype=np.int64)
        for far in range(1, size):
            row = np.clip(starts[:, 0] + down * far, 0, size - 1)
            column = np.clip(starts[:, 1] + along * far, 0, size - 1)
            open_ &= walls[rows, row, column] == 0
            count += open_
        free.append(count)
    return np.argmax(np.stack(free, axis=1), axis=1) * (HEADINGS // 4)
