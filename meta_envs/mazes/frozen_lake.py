"""Frozen lakes with holes that are not seen: N rows, R some of them."""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import number, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .grown import connected
from .pictures import Visits
from .room_pictures import Mark, draw_room

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MOVES = np.array([[0, -1], [1, 0], [0, 1], [-1, 0]])  # rows, columns: left, down, right, up
_CELL_BYTES = 80  # in task, pin, bounds of the task space, holes, visits, and while drawing
_KEPT = 0.999  # of what is left, for each step that the expert takes
_CLOSE = 1e-5  # at which its values are settled
_MOST_DRAWS = 100_000  # of a lake that can be crossed


class FrozenLake(MetaVectorEnv):
    """A frozen lake to cross from corner to corner, with hidden holes that end an episode.

    Tasks:
        `"holes"` [size, size]: 1 for a hole. Each cell but start and goal is one with probability
        `p_hole`, independently; lakes that cannot be crossed are drawn again.
    Observation:
        The cell, `Discrete(size * size)`: row * size + column. Holes are not seen.
    Action:
        `Discrete(4)`: 0 left, 1 down, 2 right, 3 up. A move off the lake has no effect. With
        probability `slip` the agent moves to one of the two sides instead, either equally likely.
    Reward:
        1 for the step that reaches the goal, else 0. `infos["success"]` says whether it did.
    Episode:
        Begins in the upper left corner and terminates in a hole or at the goal, the lower right
        one; truncated at the id's 50 steps. Ten episodes a trial.
    Splits:
        Lakes are held out: a checksum of the holes decides between `train` and `test` (about half
        each); `all` is both.
    Source:
        Gymnasium's `FrozenLake-v1` with a random map, where `slip=2/3` is its `is_slippery`; a
        new map each trial as in AMAGO's Meta-FrozenLake (Grigsby et al. 2024), there 5 by 5 cells
        too. That one also shows time and reward, and may scramble the actions.
    Versions:
        v0.

    Args:
        size: Cells along a side, at least 2.
        p_hole: Probability that a cell is a hole.
        slip: Probability of moving to a side.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    splits = ("train", "test", "all")
    action_names = ("left", "down", "right", "up")

    def __init__(
        self,
        size: int = 5,
        p_hole: float = 0.2,
        slip: float = 0.0,
        **core: Unpack[CoreArguments],
    ):
        self.size = whole("size", size, 2)
        self.p_hole = number("p_hole", p_hole, 0.0, 0.4)
        self.slip = number("slip", slip, 0.0, 1.0)
        refuse_size("size", self.size, lambda side: side**2 * _CELL_BYTES)
        self.row_bytes = 8 * self.size**2  # visits, for pictures
        lake = np.full((self.size, self.size), 2)
        super().__init__(
            task_space=spaces.Dict({"holes": spaces.MultiDiscrete(lake)}),
            observation_space=spaces.Discrete(self.size**2),
            action_space=spaces.Discrete(len(_MOVES)),
            **core,
        )
        self.state = {"place": np.zeros((self.num_envs, 2), dtype=np.int64)}
        self._visits = Visits(self.num_envs, self.size)  # for pictures, in x and y

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a lake that can be crossed.

        Raises:
            RuntimeError: If none is found, as on huge lakes with many holes.
        """
        for _ in range(_MOST_DRAWS):
            holes = (rng.random((self.size, self.size)) < self.p_hole).astype(np.int64)
            holes[0, 0] = holes[-1, -1] = 0
            if can_be_crossed(holes):
                return {"holes": holes}
        raise RuntimeError(
            f"{_MOST_DRAWS} lakes of size={self.size} with p_hole={self.p_hole} cannot be crossed; "
            "make p_hole smaller"
        )

    def in_split(self, task: Task) -> bool:
        """Tell whether the lake belongs to the split."""
        checksum = zlib.crc32(np.packbits(task["holes"].astype(bool)).tobytes())
        return (checksum % 2 == 1) == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse a lake that cannot be crossed.

        Raises:
            ValueError: If start or goal is a hole, or no path leads from one to the other.
        """
        holes = task["holes"]
        if holes[0, 0] or holes[-1, -1]:
            raise ValueError("task['holes'] has a hole at the start or the goal, its outer corners")
        if not can_be_crossed(holes):
            raise ValueError("task['holes'] leaves no path from the first corner to the last")

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse places off the lake."""
        super().check_state(state)
        refuse_outside("state.place", state["state.place"], 0, self.size - 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._visits.begin_trials(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` in the first corner."""
        self.state["place"][rows] = 0
        if self.render_mode is not None:
            self._visits.begin_episodes(rows, self._shown(self.state["place"][rows]))
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move every row, ahead or to a side."""
        if self.slip:
            chance = self.random.uniform()[:, 0]
            side = np.where(chance < self.slip / 2, -1, 1) * (chance < self.slip)
            actions = (actions + side) % len(_MOVES)
        place = np.clip(self.state["place"] + _MOVES[actions], 0, self.size - 1)
        self.state["place"] = place
        success = (place == self.size - 1).all(axis=1)
        fell = self.tasks["holes"][self.every_row, place[:, 0], place[:, 1]] == 1
        rewards = success.astype(np.float64)
        if self.render_mode is not None:
            self._visits.step(self._shown(place), rewards)
        cells = place[:, 0] * self.size + place[:, 1]
        return cells, rewards, success | fell, {"success": success}

    def expert(self, observation: Any, task: Task) -> np.ndarray:
        """Return the action that most probably leads to the goal, and that soon; int64 [].

        A step costs it a thousandth of what is left, so that on a lake that is not slippery it goes
        a shortest way; it does not count the steps to the horizon.

        Args:
            observation: The cell.
            task: The task of the row.
        """
        holes = np.asarray(task["holes"]).astype(bool)
        values = _values(np.packbits(holes).tobytes(), self.size, self.slip)
        return np.array(values[int(observation)].argmax())

    def render_row(self, row: int) -> np.ndarray:
        """Draw the lake, its holes, and where this trial has been."""
        holes = self._shown(np.argwhere(self.tasks["holes"][row] == 1)).tolist()
        marks = [Mark("hole", tuple(place), "hole (hidden)") for place in holes]
        return draw_room(
            "FrozenLake",
            self._visits.of(row),
            [*marks, Mark("star", (self.size - 1, 0), "goal")],
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            step=(int(self.elapsed[row]), self.max_episode_steps),
        )

    def _shown(self, places: np.ndarray) -> np.ndarray:
        """Return rows and columns [..., 2] as x and y of the picture."""
        return np.stack([places[..., 1], self.size - 1 - places[..., 0]], axis=-1)


@functools.lru_cache(maxsize=64)
def _values(packed: bytes, size: int, slip: float) -> np.ndarray:
    """Return what each action in each cell is worth, [size * size, 4], by value iteration.

    Args:
        packed: 1 for a hole, the bits of [size, size].
        size: Cells along a side.
        slip: Probability of moving to a side.
    """
    holes = np.unpackbits(np.frombuffer(packed, np.uint8))[: size * size].astype(bool)
    places = np.stack(np.divmod(np.arange(size * size), size), axis=-1)
    moved = np.clip(places[:, None] + _MOVES, 0, size - 1)
    after = moved[..., 0] * size + moved[..., 1]  # [C, 4]
    values = np.zeros(size * size)
    while True:
        values[-1] = 1.0
        ahead = _KEPT * values[after]
        sides = (np.roll(ahead, 1, axis=1) + np.roll(ahead, -1, axis=1)) / 2
        by_action = (1.0 - slip) * ahead + slip * sides
        improved = np.where(holes, 0.0, by_action.max(axis=1))
        improved[-1] = 1.0
        if np.abs(improved - values).max() < _CLOSE:
            return by_action
        values = improved


def can_be_crossed(holes: np.ndarray) -> bool:
    """Tell whether a path leads from the first corner of a lake [size, size] to the last."""
    size = len(holes)
    return connected(np.pad(holes, 1, constant_values=1), (1, 1), (size, size))
