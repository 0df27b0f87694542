"""An open grid with a hidden goal: N rows, R some of them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.splits import held_out
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .pictures import Visits, draw_grid_navi

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOVES = np.array([[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0]])  # cells: stay, up, right, down, left
_NEAR_START = ((0, 0), (0, 1), (1, 0), (1, 1))  # cells that never hold the goal
_GOAL_REWARD = 1.0  # for each step that ends on the goal
_STEP_REWARD = -0.1  # for each other step
_CELL_BYTES = 250  # in the list, the array and perhaps the set of goals, and in the count of visits
_TEST_SHARE = 4  # one goal in this many is held out


class GridNavi(MetaVectorEnv):
    """A grid in which one cell, the hidden goal, gives reward as long as the agent stays on it.

    Tasks:
        `"goal"` [2]: x and y of the goal, uniform over all cells except the four around the
        start, (0, 0), (0, 1), (1, 0) and (1, 1): 21 goals in the 5 by 5 grid.
    Observation:
        x and y of the agent, in cells, `Box(0, size - 1, (2,), float32)`.
    Action:
        `Discrete(5)`: 0 stay, 1 up (y + 1), 2 right (x + 1), 3 down, 4 left. A move against the
        border has no effect.
    Reward:
        +1 for each step that ends on the goal, -0.1 for each other one. `infos["success"]` says
        whether the step ended on the goal.
    Episode:
        Begins at (0, 0) and terminates after `steps` steps, goal or not. Four episodes a trial.
    Splits:
        A quarter of the goals, spread evenly over the grid, is `test` (5 of 21), the rest `train`;
        `all` is what the source trains and tests on. Returns published for it hold on `all`: 11.071
        an episode if the goal is known, 4.000 + 3 * 11.071 = 37.214 a trial if it is not.
    Source:
        Zintgraf et al. 2020 (VariBAD), section 5.1 and the code published with it. The splits are
        ours.
    Versions:
        v0.

    Args:
        size: Cells along a side, at least 3.
        steps: Steps per episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")

    action_names = ("stay", "up", "right", "down", "left")

    def __init__(self, size: int = 5, steps: int = 15, **core: Unpack[CoreArguments]):
        self.size = positive("size", size)
        self.steps = positive("steps", steps)
        if self.size < 3:
            raise ValueError(f"size={size} leaves no cell for a goal; it must be at least 3")
        refuse_size("size", self.size, lambda side: side**2 * _CELL_BYTES)
        self.row_bytes = 8 * self.size**2  # visits, for pictures
        cells = [cell for cell in product(range(self.size), repeat=2) if cell not in _NEAR_START]
        self._goals = np.array(cells)
        n_test = max(len(cells) // _TEST_SHARE, 1)
        self._test_goals = set(map(tuple, self._goals[held_out(len(cells), n_test)].tolist()))
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.MultiDiscrete([self.size, self.size])}),
            observation_space=spaces.Box(0.0, self.size - 1.0, (2,), np.float32),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"position": np.zeros((self.num_envs, 2), dtype=np.int64)}
        self._visits = Visits(self.num_envs, self.size)  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a goal."""
        return {"goal": self._goals[rng.integers(len(self._goals))]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every goal, column by column."""
        return tuple({"goal": goal} for goal in self._goals)

    def in_split(self, task: Task) -> bool:
        """Tell whether the goal belongs to the split."""
        return (tuple(task["goal"].tolist()) in self._test_goals) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse a goal beside the start.

        Raises:
            ValueError: If the goal is one of the four cells around the start.
        """
        goal = tuple(task["goal"].tolist())
        if goal in _NEAR_START:
            raise ValueError(
                f"task['goal']={list(goal)} is too near the start; a goal is any cell of the "
                f"{self.size} x {self.size} grid but {[list(cell) for cell in _NEAR_START]}"
            )

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the grid."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], 0, self.size - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` on the start cell."""
        self.state["position"][rows] = 0
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, self.state["position"][rows])
        return np.zeros((len(rows), 2), dtype=np.float32)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row."""
        position = np.clip(self.state["position"] + _MOVES[actions], 0, self.size - 1)
        goal = self.tasks["goal"]
        on_goal = (position[:, 0] == goal[:, 0]) & (position[:, 1] == goal[:, 1])
        rewards = np.where(on_goal, _GOAL_REWARD, _STEP_REWARD)
        self.state["position"] = position
        if self.render_mode is not None:
            self._visits.step(position, rewards)
        terminated = self.elapsed >= self.steps
        return position.astype(np.float32), rewards, terminated, {"success": on_goal}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the grid, the hidden goal, and where this trial has been."""
        return draw_grid_navi(
            self._visits.of(row),
            goal=self.tasks["goal"][row],
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.steps),
        )
