"""An open grid with a hidden goal: N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arguments import flag, positive
from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from .pictures import draw_grid_navi
from .rooms import GoalRoom

if TYPE_CHECKING:
    from typing_extensions import Unpack

_NEAR_START = ((0, 0), (0, 1), (1, 0), (1, 1))  # cells that never hold the goal
_GOAL_REWARD = 1.0  # for each step that ends on the goal
_STEP_REWARD = -0.1  # for each other step


class GridNavi(GoalRoom):
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
        whether the step ended on the goal. With `gate`, the goal is one of the other cells and pays
        (and counts as success) only once the trial has visited the corner farthest from the start,
        (size - 1, size - 1); it then does so to the end of the trial.
    Episode:
        Begins at (0, 0) and terminates after `steps` steps, goal or not. Four episodes a trial.
    Splits:
        A quarter of the goals, spread evenly over the grid, is `test` (5 of 21), the rest `train`;
        `all` is what the source trains and tests on. Returns published for it hold on `all`: 11.071
        an episode if the goal is known, 4.000 + 3 * 11.071 = 37.214 a trial if it is not.
    Source:
        Zintgraf et al. 2020 (VariBAD), section 5.1 and the code published with it. The splits are
        ours, and so is the gate.
    Versions:
        v0.

    Args:
        size: Cells along a side, at least 3.
        steps: Steps per episode.
        gate: Whether the goal pays only after the farthest corner was visited.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    title = "GridNavi"

    def __init__(
        self, size: int = 5, steps: int = 15, gate: bool = False, **core: Unpack[CoreArguments]
    ):
        if positive("size", size) < 3:
            raise ValueError(f"size={size} leaves no cell for a goal; it must be at least 3")
        self.gate = (size - 1, size - 1) if flag("gate", gate) else None
        self._never = _NEAR_START if self.gate is None else (*_NEAR_START, self.gate)
        super().__init__(size=size, steps=steps, never=self._never, **core)
        if self.gate is not None:
            self.state["open"] = np.zeros(self.num_envs, dtype=bool)

    def check_task(self, task: Task) -> None:
        """Refuse a goal beside the start, and one in the gate.

        Raises:
            ValueError: If the goal is one of the four cells around the start, or the gate.
        """
        goal = tuple(task["goal"].tolist())
        if goal in self._never:
            where = "the gate" if goal == self.gate else "too near the start"
            raise ValueError(
                f"task['goal']={list(goal)} is {where}; a goal is any cell of the "
                f"{self.size} x {self.size} grid but {[list(cell) for cell in self._never]}"
            )

    def start(self, rows: np.ndarray) -> np.ndarray:
        """Return the start cell; a new trial begins with the gate closed."""
        if self.gate is not None:
            self.state["open"][rows[self._clock.episode[rows] == 1]] = False
        return np.zeros((len(rows), 2), dtype=np.int64)

    def pay(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pay 1 on the goal, and take .1 elsewhere."""
        goal = self.tasks["goal"]
        on_goal = (position[:, 0] == goal[:, 0]) & (position[:, 1] == goal[:, 1])
        if self.gate is not None:
            self.state["open"] = self.state["open"] | (position == self.gate).all(axis=1)
            on_goal &= self.state["open"]
        return np.where(on_goal, _GOAL_REWARD, _STEP_REWARD), on_goal

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that goes to the goal and stays there: it earns the most; int64 [].

        Args:
            observation: x and y.
            task: The task of the row.

        Raises:
            ValueError: If there is a gate: nothing that is seen tells whether it was visited.
        """
        if self.gate is not None:
            raise ValueError(
                "with gate=True the way depends on whether the gate was visited, which is not "
                "seen; there is an expert for gate=False"
            )
        return super().expert(observation, task)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the grid, the hidden goal, and where this trial has been."""
        return draw_grid_navi(
            self._visits.of(row),
            goal=self.tasks["goal"][row],
            gate=self.gate,
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.steps),
        )
