"""Four rooms with a hidden goal: N rows, R some of them, C = 104 cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number
from ..core.core_arguments import CoreArguments
from ..core.snapshot_check import refuse_outside
from ..core.splits import held_out
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .pictures import Visits, draw_maze

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LAYOUT = """
#############
#     #     #
#     #     #
#           #
#     #     #
#     #     #
## ####     #
#     ### ###
#     #     #
#     #     #
#           #
#     #     #
#############
"""
WALLS = np.array([[int(cell == "#") for cell in line] for line in _LAYOUT.strip().splitlines()])
PLACES = np.argwhere(WALLS == 0)  # row and column of each cell, [C, 2]
START = 62  # the doorway between the two rooms on the right
_MOVES = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])  # rows, columns: up, down, left, right
_TEST_SHARE = 4  # one goal in this many is held out
_CLOSE = 1e-9  # expected steps are computed to this


def _neighbours() -> np.ndarray:
    """Return the cell that each direction leads to, [C, 4]; into a wall, it is the same cell."""
    numbers = np.full(WALLS.shape, -1)
    numbers[tuple(PLACES.T)] = np.arange(len(PLACES))
    there = numbers[tuple(np.moveaxis(PLACES[:, None] + _MOVES, -1, 0))]
    return np.where(there < 0, np.arange(len(PLACES))[:, None], there)


NEIGHBOURS = _neighbours()


class FourRooms(MetaVectorEnv):
    """Four rooms joined by doorways, slippery, with one hidden cell to find.

    Tasks:
        `"goal"`: number of the goal's cell, uniform over the 103 cells that are not the start.
    Observation:
        The cell, `Discrete(104)`, numbered row by row. The goal is not seen.
    Action:
        `Discrete(4)`: 0 up, 1 down, 2 left, 3 right. With probability `slip` the agent moves in one
        of the other three directions instead, each equally likely. A move into a wall has no
        effect.
    Reward:
        1 for the step that reaches the goal, else 0. `infos["success"]` says whether it did.
    Episode:
        Begins in cell 62, the doorway between the two rooms on the right, and terminates at the
        goal; truncated at the id's 100 steps. Ten episodes a trial.
    Splits:
        A quarter of the goals, spread evenly over the rooms, is `test`, the rest `train`; `all` is
        both.
    Source:
        The rooms of Sutton, Precup and Singh 1999, figure 2, slippery as described there. 100
        steps and the start are those of the code of Frans et al. 2018 (MLSH), `Fourrooms-v0`,
        which differs: its goal is always the same cell (it overwrites its draw of four), no episode
        ends there, and it slips only after a move that succeeded, from where that led.
        The splits are ours.
    Versions:
        v0.

    Args:
        slip: Probability of moving in another direction.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    action_names = ("up", "down", "left", "right")

    def __init__(self, slip: float = 1 / 3, **core: Unpack[CoreArguments]):
        self.slip = number("slip", slip, 0.0, 1.0)
        self.row_bytes = 8 * WALLS.size  # visits, for pictures
        self._goals = np.delete(np.arange(len(PLACES)), START)
        test = held_out(len(self._goals), len(self._goals) // _TEST_SHARE)
        self._test_goals = set(self._goals[test].tolist())
        self._plans: dict[int, np.ndarray] = {}  # the expert's, by goal
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.Discrete(len(PLACES))}),
            observation_space=spaces.Discrete(len(PLACES)),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"cell": np.full(self.num_envs, START)}
        self._visits = Visits(self.num_envs, len(WALLS))  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a goal."""
        return {"goal": self._goals[rng.integers(len(self._goals))]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every goal, row by row."""
        return tuple({"goal": goal} for goal in self._goals)

    def in_split(self, task: Task) -> bool:
        """Tell whether the goal belongs to the split."""
        return (int(task["goal"]) in self._test_goals) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse a goal where episodes begin.

        Raises:
            ValueError: If it is there.
        """
        if task["goal"] == START:
            raise ValueError(
                f"task['goal']={START} is where episodes begin; a goal is any other cell from 0 to "
                f"{len(PLACES) - 1}"
            )

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse cells that do not exist."""
        super().check_state(state)
        refuse_outside("state.cell", state["state.cell"], 0, len(PLACES) - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` where they begin."""
        self.state["cell"][rows] = START
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, PLACES[self.state["cell"][rows]])
        return self.state["cell"][rows]

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row, where it is told or elsewhere."""
        chance = self.random.uniform(size=2)
        others = 1 + (chance[:, 1] * (len(_MOVES) - 1)).astype(np.int64)  # 1, 2 or 3 further round
        moves = (actions + others * (chance[:, 0] < self.slip)) % len(_MOVES)
        cell = NEIGHBOURS[self.state["cell"], moves]
        self.state["cell"] = cell
        success = cell == self.tasks["goal"]
        rewards = success.astype(np.float64)
        if self.render_mode is not None:
            self._visits.step(PLACES[cell], rewards)
        return cell.copy(), rewards, success, {"success": success.copy()}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the rooms, the hidden goal, and where this trial has been."""
        return draw_maze(
            self._visits.of(row),
            walls=WALLS,
            start=PLACES[START],
            goal=PLACES[self.tasks["goal"][row]],
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
            title="FourRooms",
        )

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action with the fewest expected steps to the goal; int64 [].

        Args:
            observation: The cell.
            task: The task of the row.
        """
        goal = int(task["goal"])
        if goal not in self._plans:
            self._plans[goal] = expected_steps(goal, self.slip).argmin(axis=1)
        return np.array(self._plans[goal][int(observation)])


def expected_steps(goal: int, slip: float) -> np.ndarray:
    """Return the expected steps to a goal after each action, by value iteration, [C, 4].

    Args:
        goal: Number of its cell.
        slip: Probability of moving in another direction, below 1: of 1 the numbers may not settle.
    """
    steps = np.zeros(len(PLACES))
    while True:
        after = steps[NEIGHBOURS]  # [C, 4]
        others = (after.sum(axis=1, keepdims=True) - after) / (len(_MOVES) - 1)
        by_action = 1.0 + (1.0 - slip) * after + slip * others
        improved = by_action.min(axis=1)
        improved[goal] = 0.0
        if np.abs(improved - steps).max() < _CLOSE:
            return by_action
        steps = improved
