"""Harlow's task: which of two unknown objects hides the reward? N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.splits import interleave
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .objects import BITS, COLOURS, FEWEST, IMAGE, draw_harlow, image_of, tile_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FEATURE_BYTES = 120  # of two objects: in task, pins, bounds, observations


class Harlow(MetaVectorEnv):
    """Two objects, one of which pays, shown again and again with their sides changing.

    A learner that has learnt to learn chooses at random the first time, and right ever after: one
    choice tells which object is good, whichever it was.

    Tasks:
        `"good"`: which object pays, 0 or 1. The objects, `objects="vectors"`: `"objects"`
        [2, features], uniform on [-1, 1); `objects="drawn"`: `"pattern"` [2, 15], bits that make a
        symmetric figure of 5 by 5 squares, at least four of them set, and `"colour"` [2], one of
        seven. Objects differ.
    Observation:
        The left object, then the right one: `Box(-1, 1, (2 * features,), float32)`, or their
        picture, `Box(0, 255, (28, 56, 3), uint8)`. The first observation shows the objects, not
        which of them is good.
    Action:
        `Discrete(2)`: 0 the left object, 1 the right one.
    Reward:
        1 for the good object, else 0. `infos["success"]` says whether the choice was right.
    Episode:
        Terminates after `presentations` choices. Sides are drawn anew for each one. One episode a
        trial. The best expected return is `presentations` - 0.5.
    Splits:
        Objects are held out. Vectors: even and odd cells of the first feature (`interleave`);
        figures: an even or odd number of bits. Both objects of a task are of one side.
    Source:
        Harlow 1949; Wang et al. 2018, which shows images on a screen that the agent looks around
        on, six times an object pair. The vectors and the figures, which leave the looking out, are
        ours.
    Versions:
        v0.

    Args:
        objects: `"vectors"` or `"drawn"`.
        features: Numbers that make a vector.
        presentations: Choices per episode.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
    """

    splits = ("train", "test", "all")
    start_shows: tuple[str, ...] = ("objects",)
    action_names = ("left", "right")

    def __init__(
        self,
        objects: str = "vectors",
        features: int = 8,
        presentations: int = 6,
        **core: Unpack[CoreArguments],
    ):
        self.drawn = choice("objects", objects, ("vectors", "drawn")) == "drawn"
        self.features = positive("features", features)
        self.presentations = positive("presentations", presentations)
        refuse_size("features", self.features, lambda count: count * _FEATURE_BYTES)
        parts: dict[str, spaces.Space] = {"good": spaces.Discrete(2)}
        seen: spaces.Space
        if self.drawn:
            self.start_shows = ("pattern", "colour")
            parts["pattern"] = spaces.MultiDiscrete(np.full((2, BITS), 2))
            parts["colour"] = spaces.MultiDiscrete([COLOURS, COLOURS])
            seen = spaces.Box(0, 255, IMAGE, np.uint8)
        else:
            parts["objects"] = spaces.Box(-1.0, 1.0, (2, self.features), np.float64)
            seen = spaces.Box(-1.0, 1.0, (2 * self.features,), np.float32)
        super().__init__(
            task_space=spaces.Dict(parts),
            observation_space=seen,
            action_space=spaces.Discrete(2),
            **core,
        )
        self.state = {"left": np.zeros(self.num_envs, dtype=np.int64)}  # the object on the left
        self._choices: list[list[bool]] = [[] for _ in range(self.num_envs)]  # for pictures
        self._shown = np.zeros((self.num_envs, 2, *np.shape(self._looks(self.every_row[:0]))[2:]))

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw two objects of one side, and which is good."""
        draw = self._draw_figure if self.drawn else self._draw_vector
        first = draw(rng)
        second = draw(rng)
        while self._side(second) != self._side(first) or _equal(first, second):
            second = draw(rng)
        pair = {key: np.stack([first[key], second[key]]) for key in first}
        return {**pair, "good": rng.integers(2)}

    def in_split(self, task: Task) -> bool:
        """Tell whether both objects belong to the split."""
        return all(self._side(one) == self.split for one in _objects(task))

    def check_task(self, task: Task) -> None:
        """Refuse objects that cannot be told apart, and figures that can hardly be seen.

        Raises:
            ValueError: If the objects are equal, or fewer than four bits of one are set.
        """
        first, second = _objects(task)
        if _equal(first, second):
            raise ValueError("both objects of the task are the same; one must differ")
        if self.drawn and task["pattern"].sum(axis=1).min() < FEWEST:
            raise ValueError(
                f"task['pattern'] has a figure of fewer than {FEWEST} bits; set more of its {BITS}"
            )

    def _draw_vector(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"objects": rng.uniform(-1.0, 1.0, self.features)}

    def _draw_figure(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        pattern = rng.integers(2, size=BITS)
        while pattern.sum() < FEWEST:
            pattern = rng.integers(2, size=BITS)
        return {"pattern": pattern, "colour": np.array(rng.integers(COLOURS))}

    def _side(self, one: dict[str, np.ndarray]) -> str:
        """Return the split that an object belongs to."""
        if self.drawn:
            return "test" if one["pattern"].sum() % 2 else "train"
        return interleave(one["objects"][0], -1.0, 1.0)

    # ---- episodes -------------------------------------------------------------------------------

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse objects that do not exist."""
        super().check_state(state)
        refuse_outside("state.left", state["state.left"], 0, 1)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Prepare what the objects of `rows` look like."""
        self._shown[rows] = self._looks(rows)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Present the objects of `rows` for the first time."""
        self.state["left"][rows] = (self.random.uniform(rows)[:, 0] < 0.5).astype(np.int64)
        for row in rows.tolist() if self.render_mode is not None else ():
            self._choices[row] = []
        return self._seen(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Choose in every row, and present the objects again."""
        chosen = self.state["left"] ^ actions
        success = chosen == self.tasks["good"]
        self.state["left"] = (self.random.uniform()[:, 0] < 0.5).astype(np.int64)
        for row, right in enumerate(success.tolist() if self.render_mode is not None else ()):
            self._choices[row].append(right)
        terminated = self.elapsed >= self.presentations
        rewards = success.astype(np.float64)
        return self._seen(self.every_row), rewards, terminated, {"success": success}

    def render_row(self, row: int) -> np.ndarray:
        """Draw the objects of a row, the hidden good one, and the choices so far."""
        left = int(self.state["left"][row])
        tiles = [self._tile(row, one) for one in (left, 1 - left)]
        return draw_harlow(
            tiles[0],
            tiles[1],
            good=int(self.tasks["good"][row]) ^ left,
            choices=self._choices[row],
            presentations=self.presentations,
        )

    def _tile(self, row: int, one: int) -> np.ndarray:
        if self.drawn:
            return self._shown[row, one].astype(np.uint8)
        return tile_of(self._shown[row, one])

    def _looks(self, rows: np.ndarray) -> np.ndarray:
        """Return what the objects of `rows` look like: [R, 2, features] or [R, 2, 28, 28, 3]."""
        if self.drawn:
            if not rows.size:
                return np.zeros((0, 2, IMAGE[0], IMAGE[1] // 2, IMAGE[2]))
            return image_of(self.tasks["pattern"][rows], self.tasks["colour"][rows])
        return self.tasks["objects"][rows] if rows.size else np.zeros((0, 2, self.features))

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        left = self.state["left"][rows]
        sides = [self._shown[rows, left], self._shown[rows, 1 - left]]
        if self.drawn:
            return np.concatenate(sides, axis=2).astype(np.uint8)
        return np.concatenate(sides, axis=1).astype(np.float32)


def _objects(task: Task) -> list[dict[str, np.ndarray]]:
    parts = {key: part for key, part in task.items() if key != "good"}
    return [{key: part[one] for key, part in parts.items()} for one in (0, 1)]


def _equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[key], second[key]) for key in first)
