"""Dark rooms: what is to be found shows only when it is reached. N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, positive, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.tasks import Task
from .room_pictures import Mark
from .rooms import CELL_BYTES, GoalRoom, Room

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TEST_PAIRS = 5  # one pair of key and door in this many is held out


class DarkRoom(GoalRoom):
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

    title = "DarkRoom"

    def __init__(
        self, size: int = 9, steps: int = 20, once: bool = False, **core: Unpack[CoreArguments]
    ):
        self.once = flag("once", once)
        if positive("size", size) < 3 or size % 2 == 0:
            raise ValueError(f"size={size} has no middle cell; it must be odd and at least 3")
        self.middle = int(size) // 2
        super().__init__(size=size, steps=steps, never=((self.middle, self.middle),), **core)
        self.state["found"] = np.zeros(self.num_envs, dtype=bool)

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
        refuse_size("size", whole("size", size, 2), lambda side: side**2 * CELL_BYTES)
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
