"""Goals that are places in the plane, metres: N rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from ..core.tasks import Task, Tasks
from .goal_base import Goal

BLOCKS = 5  # that can be pushed
_LAYOUT_X = (0.35, 0.65)  # m, where blocks start
_STRIP = 0.2  # m, width of a block's strip
_STRIPS = -0.5 + _STRIP * np.arange(BLOCKS)  # m, their lower ends along y


class ToPlace(Goal):
    """Go to a place: `"goal"`, x and y in metres. `goal_range` gives the size of the region.

    Args:
        goal_range: Size of the region, see the subclass.
        goal_norm: `"l1"` or `"l2"`, the norm of the distance in the reward.
        sparse_radius: Metres; farther away the reward is minus the goal's norm, as if the body
            stood at the start, so that it gives no direction. None: dense.
    """

    needs_plane = True

    def __init__(
        self,
        goal_range: Sequence[float] | None = None,
        goal_norm: str = "l1",
        sparse_radius: float | None = None,
    ):
        super().__init__(goal_range)
        self.norm, self.sparse_radius = goal_norm, sparse_radius

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return minus the distance to the goal, metres."""
        away = place - tasks["goal"]
        rewards = -self._length(away)
        if self.sparse_radius is not None:
            far = np.hypot(away[:, 0], away[:, 1]) > self.sparse_radius
            rewards = np.where(far, -self._length(tasks["goal"]), rewards)
        return rewards

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the place."""
        return {"target": (float(task["goal"][0]), float(task["goal"][1]))}

    def _length(self, vector: np.ndarray) -> np.ndarray:
        if self.norm == "l1":
            return np.abs(vector[:, 0]) + np.abs(vector[:, 1])
        return np.hypot(vector[:, 0], vector[:, 1])


class Square(ToPlace):
    """A place in a square around the start, uniform; `goal_range` applies to x and to y."""

    default_range = (-3.0, 3.0)

    def space(self) -> dict[str, spaces.Space]:
        """Return the square."""
        return {"goal": spaces.Box(self.low, self.high, (2,), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a place."""
        return {"goal": rng.uniform(self.low, self.high, 2)}

    def position(self, task: Task) -> float:
        """Return where its x lies in the range."""
        return (float(task["goal"][0]) - self.low) / (self.high - self.low)


class Disc(ToPlace):
    """A place in a disc around the start, uniform over its area; `goal_range` is (0, radius)."""

    default_range = (0.0, 3.0)
    has_ood = True
    lowest = 0.0

    def space(self) -> dict[str, spaces.Space]:
        """Return the square around the disc and the surrounding ring."""
        return {"goal": spaces.Box(-self._beyond, self._beyond, (2,), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a place; `"ood"` is the ring around the disc."""
        low, high = (self.high, self._beyond) if ood else (self.low, self.high)
        radius = math.sqrt(rng.uniform(low**2, high**2))
        angle = rng.uniform(0.0, 2 * math.pi)
        return {"goal": np.array([math.cos(angle), math.sin(angle)]) * radius}

    def inside(self, task: Task) -> bool:
        """Tell whether it lies in the disc."""
        return _radius(task) <= self.high

    def position(self, task: Task) -> float:
        """Return the share of the disc's area that is nearer."""
        return _radius(task) ** 2 / self.high**2

    def check(self, task: Task) -> None:
        """Refuse the corners of the square."""
        if _radius(task) > self._beyond:
            raise ValueError(
                f"task['goal']={task['goal'].tolist()} is {_radius(task):.3g} m from the start; "
                f"goals are at most {self._beyond:.3g} m away"
            )


class HalfCircle(ToPlace):
    """A place on the half circle y >= 0 around the start, uniform; `goal_range` is (0, radius)."""

    default_range = (0.0, 2.0)
    has_ood = True
    lowest = 0.0

    def space(self) -> dict[str, spaces.Space]:
        """Return the square around the circle."""
        return {"goal": spaces.Box(-self.high, self.high, (2,), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a place; `"ood"` is the other half."""
        angle = rng.uniform(0.0, math.pi) * (-1 if ood else 1)
        return {"goal": np.array([math.cos(angle), math.sin(angle)]) * self.high}

    def inside(self, task: Task) -> bool:
        """Tell whether it lies in the upper half."""
        return float(task["goal"][1]) >= 0

    def position(self, task: Task) -> float:
        """Return where its angle lies between 0 and pi."""
        return math.atan2(float(task["goal"][1]), float(task["goal"][0])) / math.pi

    def nearest(self, task: Task) -> Task:
        """Return the task with the goal moved onto the circle, in the same direction."""
        return {**task, "goal": task["goal"] * (self.high / max(_radius(task), 1e-9))}

    def check(self, task: Task) -> None:
        """Refuse places that are not on the circle."""
        if abs(_radius(task) - self.high) > 1e-6:
            raise ValueError(
                f"task['goal']={task['goal'].tolist()} is {_radius(task):.6g} m from the start; "
                f"goals are {self.high:.6g} m away"
            )


class HalfPlanes(Disc):
    """A place in a disc; those with y >= 0 are for training, the others for testing."""

    has_ood = False

    def position(self, task: Task) -> float:
        """Return where its angle lies, 0 to 1; below 1/2 is the upper half."""
        return math.atan2(float(task["goal"][1]), float(task["goal"][0])) / (2 * math.pi) % 1.0

    def published_split(self, task: Task) -> str:
        """Return which half it is in."""
        return "train" if float(task["goal"][1]) >= 0 else "test"


class Edges(ToPlace):
    """One of two places, `"goal"`: (d, 0) or (0, d); `goal_range` is (0, d)."""

    default_range = (0.0, 5.0)
    lowest = 0.0

    def space(self) -> dict[str, spaces.Space]:
        """Return the square that both are corners of."""
        return {"goal": spaces.Box(0.0, self.high, (2,), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw one of the two."""
        return dict(self.members()[int(rng.integers(2))])

    def members(self) -> tuple[dict[str, Any], ...]:
        """Return both places."""
        return tuple({"goal": place} for place in np.eye(2) * self.high)

    def check(self, task: Task) -> None:
        """Refuse all other places."""
        if not any(np.array_equal(task["goal"], one["goal"]) for one in self.members()):
            raise ValueError(
                f"task['goal']={task['goal'].tolist()} is neither {[self.high, 0.0]} nor "
                f"{[0.0, self.high]}"
            )

    def nearest(self, task: Task) -> Task:
        """Return the task with the place of the two that is nearer."""
        return {**task, "goal": self.members()[int(task["goal"].argmax())]["goal"]}


class Push(ToPlace):
    """Push one of five blocks to a place: `"block"`, `"goal"` and where all start, `"layout"`.

    Each block starts in a strip of its own, 0.2 m wide along y; the goal lies in the strip of the
    block to be pushed, at an x in `goal_range`.
    """

    default_range = (0.75, 0.95)

    def space(self) -> dict[str, spaces.Space]:
        """Return the bounds of block index, goal and layout."""
        reach = _STRIPS[-1] + _STRIP
        goal = (np.array([self.low, _STRIPS[0]]), np.array([self.high, reach]))
        low, high = np.full((2, BLOCKS, 2), _STRIPS[0])
        low[:, 0], high[:, 0], high[:, 1] = *_LAYOUT_X, reach
        return {
            "block": spaces.Discrete(BLOCKS),
            "goal": spaces.Box(*goal, dtype=np.float64),
            "layout": spaces.Box(low, high, dtype=np.float64),
        }

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a layout, a block and a goal."""
        strips = rng.permutation(_STRIPS)  # one per block
        x, y = rng.uniform(*_LAYOUT_X, BLOCKS), strips + rng.uniform(0.0, _STRIP, BLOCKS)
        block = int(rng.integers(BLOCKS))
        goal = np.array([rng.uniform(self.low, self.high), strips[block] + rng.uniform(0, _STRIP)])
        return {"block": block, "goal": goal, "layout": np.stack([x, y], axis=1)}

    def position(self, task: Task) -> float:
        """Return where the goal's x lies in the range."""
        return (float(task["goal"][0]) - self.low) / (self.high - self.low)

    def check(self, task: Task) -> None:
        """Refuse two blocks in one strip."""
        y = np.sort(task["layout"][:, 1])
        if np.any(y < _STRIPS - 1e-9) or np.any(y > _STRIPS + _STRIP + 1e-9):
            raise ValueError(
                f"task['layout'] has y {task['layout'][:, 1].tolist()}; each of the {BLOCKS} "
                f"strips of {_STRIP} m from {_STRIPS[0]} on holds one block"
            )


class Reach(Goal):
    """Reach the target; `place` is the difference from it. The same for every task."""

    needs_plane = True

    def space(self) -> dict[str, spaces.Space]:
        """Return no bounds: the target is observed, and is drawn in every episode."""
        return {}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw nothing."""
        return {}

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return minus the distance, metres."""
        return -np.hypot(place[:, 0], place[:, 1])


def _radius(task: Task) -> float:
    return math.hypot(float(task["goal"][0]), float(task["goal"][1]))
