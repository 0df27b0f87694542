"""Dark rooms: what is to be found shows only when it is reached. N rows, R some of them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, positive, whole
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

_MOVES = np.array([[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0]])  # cells: stay, up, right, down, left
_CELL_BYTES = 250  # in the list and the array of goals, and in the count of visits
_TEST_SHARE = 4  # one goal in this many is held out
_TEST_PAIRS = 5  # one pair of key and door in this many is held out


class Room(MetaVectorEnv):
    """A square room in which the agent sees its own place only.

    A family writes `start`, `pay` and `marks`.

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
        self.size, self.steps = size, positive("steps", steps)
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
        position = np.clip(self.state["position"] + _MOVES[actions], 0, self.size - 1)
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


class DarkRoom(Room):
    """A dark room with one cell, the hidden goal, that pays.

    Tasks:
        `"goal"` [2]: x and y of the goal, uniform over all cells but the middle one, where
        episodes begin: 80 goals in the 9 by 9 room.
    Observation:
        x and y of the agent, in cells, `Box(0, size - 1, (2,), float32)`.
    Action:
        `Discrete(5)`: 0 stay, 1 up (y + 1), 2 right (x + 1), 3 down, 4 left. A move against the
        wall has no effect.
    Reward:
        1 for each step that ends on the goal (with `once`, for the first of an episode), else 0.
        `infos["success"]` says whether the step ended on the goal.
    Episode:
        Begins in the middle and terminates after `steps` steps. Ten episodes a trial.
    Splits:
        A quarter of the goals, spread evenly over the room, is `test`, the rest `train`; `all` is
        both. Who knows the goal earns `steps` + 1 less its distance, 16.5 an episode on average
        over `all`.
    Source:
        Laskin et al. 2022 (Algorithm Distillation), section 4: 9 by 9 cells and 20 steps;
        `size=17, once=True` is its Dark Room Hard. The paper does not say whether the goal may be
        in the middle; the splits are ours, and so is the number of episodes.
    Versions:
        v0.

    Args:
        size: Cells along a side, odd, at least 3.
        steps: Steps per episode.
        once: Whether the goal pays once an episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    title = "DarkRoom"

    def __init__(
        self, size: int = 9, steps: int = 20, once: bool = False, **core: Unpack[CoreArguments]
    ):
        self.once = flag("once", once)
        if positive("size", size) < 3 or size % 2 == 0:
            raise ValueError(f"size={size} has no middle cell; it must be odd and at least 3")
        refuse_size("size", size, lambda side: side**2 * _CELL_BYTES)
        self.middle = size // 2
        middle = (self.middle, self.middle)
        cells = [cell for cell in product(range(size), repeat=2) if cell != middle]
        self._goals = np.array(cells)
        test = held_out(len(cells), len(cells) // _TEST_SHARE)
        self._test_goals = set(map(tuple, self._goals[test].tolist()))
        goals = spaces.Dict({"goal": spaces.MultiDiscrete([size, size])})
        super().__init__(size=size, steps=steps, task_space=goals, **core)
        self.state["found"] = np.zeros(self.num_envs, dtype=bool)

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
        """Refuse a goal in the middle.

        Raises:
            ValueError: If the goal is where episodes begin.
        """
        if (task["goal"] == self.middle).all():
            raise ValueError(
                f"task['goal']={task['goal'].tolist()} is the middle, where episodes begin; a goal "
                "is any other cell"
            )

    def start(self, rows: np.ndarray) -> np.ndarray:
        """Return the middle."""
        self.state["found"][rows] = False
        return np.full((len(rows), 2), self.middle)

    def pay(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pay 1 on the goal."""
        on_goal = (position == self.tasks["goal"]).all(axis=1)
        paid = on_goal & ~self.state["found"] if self.once else on_goal
        self.state["found"] = self.state["found"] | on_goal
        return paid.astype(np.float64), on_goal

    def marks(self, row: int) -> list[Mark]:
        """Return the goal."""
        return [Mark("star", tuple(self.tasks["goal"][row].tolist()), "goal (hidden)")]


class DarkKeyDoor(Room):
    """A dark room in which an invisible key is to be found first, and then an invisible door.

    Tasks:
        `"key"` [2] and `"door"` [2]: x and y of two cells, independent and uniform over all (they
        may be the same one): 6,561 tasks in the 9 by 9 room.
    Observation:
        x and y of the agent, in cells, `Box(0, size - 1, (2,), float32)`. The key shows nowhere.
    Action:
        `Discrete(5)`, as in `DarkRoom`.
    Reward:
        1 for the first step of an episode that ends on the key, 1 for the first that ends on the
        door with the key (both in one step if they share a cell), else 0. `infos["success"]` says
        whether the door is open.
    Episode:
        Begins on a random cell and terminates after `steps` steps. Ten episodes a trial. Who knows
        key and door earns 2.
    Splits:
        One pair of cells in five, spread evenly (for each key a fifth of the doors), is `test`,
        the rest `train`; `all` is both.
    Source:
        Laskin et al. 2022 (Algorithm Distillation), section 4: 9 by 9 cells, 50 steps, random
        starts. The splits are ours, and so is the number of episodes.
    Versions:
        v0.

    Args:
        size: Cells along a side, at least 2.
        steps: Steps per episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    title = "DarkKeyDoor"

    def __init__(self, size: int = 9, steps: int = 50, **core: Unpack[CoreArguments]):
        refuse_size("size", whole("size", size, 2), lambda side: side**2 * _CELL_BYTES)
        cells = spaces.MultiDiscrete([size, size])
        pairs = spaces.Dict({"key": cells, "door": spaces.MultiDiscrete([size, size])})
        super().__init__(size=size, steps=steps, task_space=pairs, **core)
        self.state["key"] = np.zeros(self.num_envs, dtype=bool)
        self.state["open"] = np.zeros(self.num_envs, dtype=bool)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the cells of key and door."""
        return {"key": rng.integers(self.size, size=2), "door": rng.integers(self.size, size=2)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the pair of cells belongs to the split."""
        key, door = (int(task[name] @ [self.size, 1]) for name in ("key", "door"))
        return ((key + door) % _TEST_PAIRS == 0) == (self.split == "test")

    def start(self, rows: np.ndarray) -> np.ndarray:
        """Return random cells."""
        self.state["key"][rows] = False
        self.state["open"][rows] = False
        return (self.random.uniform(rows, size=2) * self.size).astype(np.int64)

    def pay(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pay 1 for the key and 1 for the door."""
        has_key = self.state["key"] | (position == self.tasks["key"]).all(axis=1)
        at_door = (position == self.tasks["door"]).all(axis=1)
        opened = self.state["open"] | (has_key & at_door)
        rewards = (has_key ^ self.state["key"]).astype(np.float64) + (opened ^ self.state["open"])
        self.state["key"], self.state["open"] = has_key, opened
        return rewards, opened.copy()

    def marks(self, row: int) -> list[Mark]:
        """Return key and door."""
        key, door = (tuple(self.tasks[name][row].tolist()) for name in ("key", "door"))
        found, opened = self.state["key"][row], self.state["open"][row]
        return [
            Mark("door", door, "door, open" if opened else "door (hidden)"),
            Mark("key", key, "key, found" if found else "key (hidden)"),
        ]
