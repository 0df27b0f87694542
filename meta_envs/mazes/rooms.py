"""Square rooms in which only one's own place is seen: what they share. N rows, R some of them."""

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
from .pictures import Visits
from .room_pictures import Mark, draw_room

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STAY, _UP, _RIGHT, _DOWN, _LEFT = range(5)
_MOVES = np.array([[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0]])  # cells: stay, up, right, down, left
CELL_BYTES = 250  # in the list, the array and perhaps the set of goals, and in the count of visits
_TEST_SHARE = 4  # one goal in this many is held out


class Room(MetaVectorEnv):
    """A square room in which the agent sees its own place only.

    A family writes `start`, `pay` and `marks` (or `render_row`).

    Args:
        size: Cells along a side.
        steps: Steps per episode; the last one terminates it.
        task_space: Space of all tasks.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If an argument is out of range.
    """

    title: str

    action_names = ("stay", "up", "right", "down", "left")

    def __init__(
        self, *, size: int, steps: int, task_space: spaces.Dict, **core: Unpack[CoreArguments]
    ):
        self.size, self.steps = positive("size", size), positive("steps", steps)
        self.row_bytes = 8 * self.size**2  # visits, for pictures
        super().__init__(
            task_space=task_space,
            observation_space=spaces.Box(0.0, self.size - 1.0, (2,), np.float32),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"position": np.zeros((self.num_envs, 2), dtype=np.int64)}
        self._visits = Visits(self.num_envs, self.size)  # for pictures

    def start(self, rows: np.ndarray) -> np.ndarray:
        """Return where `rows` begin: x and y, int64 [R, 2]."""
        raise NotImplementedError

    def pay(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rewards [N] at these positions [N, 2], and success bool [N]."""
        raise NotImplementedError

    def marks(self, row: int) -> list[Mark]:
        """Return what the picture of a row shows besides the agent."""
        raise NotImplementedError

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places outside the room."""
        super().check_state(state)
        refuse_outside("state.position", state["state.position"], 0, self.size - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` where they begin."""
        position = self.start(rows)
        self.state["position"][rows] = position
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, position)
        return position.astype(np.float32)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row; a move against a wall has no effect."""
        position = self.state["position"] + _MOVES.take(actions, axis=0)
        # A third of the time of `np.clip`, which looks up the limits of the type.
        position = np.minimum(np.maximum(position, 0), self.size - 1)
        self.state["position"] = position
        rewards, success = self.pay(position)
        if self.render_mode is not None:
            self._visits.step(position, rewards)
        observations = position.astype(np.float32)
        return observations, rewards, self.elapsed >= self.steps, {"success": success}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the room, what is hidden in it, and where this trial has been."""
        return draw_room(
            self.title,
            self._visits.of(row),
            self.marks(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.steps),
        )


class GoalRoom(Room):
    """A room with a hidden goal, a quarter of which are held out.

    Args:
        size: Cells along a side.
        steps: Steps per episode.
        never: Cells that are never the goal.
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
        steps: int,
        never: tuple[tuple[int, int], ...],
        **core: Unpack[CoreArguments],
    ):
        refuse_size("size", positive("size", size), lambda side: side**2 * CELL_BYTES)
        cells = [cell for cell in product(range(size), repeat=2) if cell not in never]
        self._goals = np.array(cells)
        test = held_out(len(cells), max(len(cells) // _TEST_SHARE, 1))
        self._test_goals = set(map(tuple, self._goals[test].tolist()))
        goals = spaces.Dict({"goal": spaces.MultiDiscrete([size, size])})
        super().__init__(size=size, steps=steps, task_space=goals, **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a goal."""
        return {"goal": self._goals[rng.integers(len(self._goals))]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every goal, column by column."""
        return tuple({"goal": goal} for goal in self._goals)

    def in_split(self, task: Task) -> bool:
        """Tell whether the goal belongs to the split."""
        return (tuple(task["goal"].tolist()) in self._test_goals) == (self.split == "test")

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that goes to the goal by a shortest way, and stays there; int64 [].

        Args:
            observation: x and y.
            task: The task of the row.
        """
        x, y = (np.asarray(task["goal"]) - np.asarray(observation)).tolist()
        if x:
            return np.array(_RIGHT if x > 0 else _LEFT)
        return np.array(_STAY if not y else _UP if y > 0 else _DOWN)
