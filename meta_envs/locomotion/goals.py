"""What a body is rewarded for: N rows, place and velocity [N, 1] (planar bodies) or [N, 2].

A goal knows its part of the task (bounds, distribution, splits) and a reward over all rows.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.tasks import Task, Tasks
from .settings import Settings

_BEYOND = 0.25  # "ood" reaches this share of a range's width beyond its upper end


class Goal(ABC):
    """A goal of a body.

    Args:
        goal_range: Lowest and highest training value, for goals that have one.
    """

    needs_plane: ClassVar[bool] = False
    default_range: ClassVar[Sequence[float]] = (0.0, 1.0)
    has_ood: ClassVar[bool] = False

    def __init__(self, goal_range: Sequence[float] | None = None):
        low, high = self.default_range if goal_range is None else goal_range
        if not low < high:
            raise ValueError(f"goal_range={goal_range!r} must be (low, high) with low < high")
        self.low, self.high = float(low), float(high)

    @abstractmethod
    def space(self) -> dict[str, spaces.Space]:
        """Return the support."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw this part of a task."""

    @abstractmethod
    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the rewards [N], without weight and offset."""

    def members(self) -> tuple[dict[str, Any], ...] | None:
        """Return every goal, if they are finite."""
        return None

    def position(self, task: Task) -> float | None:
        """Return where a goal lies in the training range, 0 to 1; None if there is no range."""
        return None

    def inside(self, task: Task) -> bool:
        """Tell whether a goal lies in the training range."""
        return True

    def check(self, task: Task) -> None:
        """Raise ValueError if it is no goal although inside the bounds."""
        return

    def published_split(self, task: Task) -> str | None:
        """Return the split that the source puts a goal into; None if it has no splits."""
        return None

    def facts(self, task: Task) -> dict[str, Any]:
        """Return what pictures mark: `"direction"`, `"velocity"`, `"heading"` or `"target"`."""
        return {}

    @property
    def _beyond(self) -> float:
        return self.high + (self.high - self.low) * _BEYOND


class Forward(Goal):
    """Run towards +x as fast as possible; the same for every task."""

    def space(self) -> dict[str, spaces.Space]:
        """Return nothing."""
        return {}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw nothing."""
        return {}

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the velocity along x, m/s."""
        return velocity[:, 0]


class Direction(Goal):
    """Run towards +x or -x: `"direction"`, 1 or -1, each with probability one half."""

    def space(self) -> dict[str, spaces.Space]:
        """Return [-1, 1]."""
        return {"direction": spaces.Box(-1.0, 1.0, (), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a side."""
        return {"direction": 1.0 if rng.random() < 0.5 else -1.0}

    def members(self) -> tuple[dict[str, Any], ...]:
        """Return both."""
        return ({"direction": 1.0}, {"direction": -1.0})

    def check(self, task: Task) -> None:
        """Refuse what is neither."""
        if abs(float(task["direction"])) != 1.0:
            raise ValueError(f"task['direction']={float(task['direction'])} must be -1 or 1")

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the velocity along the direction, m/s."""
        return tasks["direction"] * velocity[:, 0]

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the direction."""
        return {"direction": float(task["direction"])}


class Velocity(Goal):
    """Run at a given speed along x: `"velocity"`, m/s, uniform."""

    default_range = (0.0, 3.0)
    has_ood = True

    def space(self) -> dict[str, spaces.Space]:
        """Return the range and what lies beyond its upper end."""
        return {"velocity": spaces.Box(self.low, self._beyond, (), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a speed."""
        low, high = (self.high, self._beyond) if ood else (self.low, self.high)
        return {"velocity": rng.uniform(low, high)}

    def position(self, task: Task) -> float:
        """Return where it lies in the range."""
        return (float(task["velocity"]) - self.low) / (self.high - self.low)

    def inside(self, task: Task) -> bool:
        """Tell whether it lies in the training range."""
        return float(task["velocity"]) <= self.high

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return minus the difference to the wanted speed, m/s."""
        return -np.abs(velocity[:, 0] - tasks["velocity"])

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the speed."""
        return {"velocity": float(task["velocity"])}


class Heading(Goal):
    """Run towards a heading in the plane: `"angle"`, radians from +x, uniform."""

    needs_plane = True
    default_range = (0.0, 2 * math.pi)

    def space(self) -> dict[str, spaces.Space]:
        """Return the range of angles."""
        return {"angle": spaces.Box(self.low, self.high, (), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw an angle."""
        return {"angle": rng.uniform(self.low, self.high)}

    def position(self, task: Task) -> float:
        """Return where it lies in the range."""
        return (float(task["angle"]) - self.low) / (self.high - self.low)

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the velocity along the heading, m/s."""
        angle = tasks["angle"]
        return np.cos(angle) * velocity[:, 0] + np.sin(angle) * velocity[:, 1]

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the heading."""
        return {"heading": float(task["angle"])}


class _Place(Goal):
    """Go to a place: `"goal"`, x and y in metres. `goal_range` is of the region's size.

    Args:
        goal_range: As the region says.
        goal_norm: `"l1"` or `"l2"`, of the distance that is paid for.
        sparse_radius: Metres; farther away the reward is minus the goal's norm, as if one stood at
            the start, so that nothing shows the way. None is dense.
    """

    needs_plane = True

    def __init__(
        self,
        goal_range: Sequence[float] | None = None,
        goal_norm: str = "l1",
        sparse_radius: float | None = None,
    ):
        super().__init__(goal_range)
        if goal_norm not in ("l1", "l2"):
            raise ValueError(f"goal_norm={goal_norm!r} is unknown; allowed are 'l1' and 'l2'")
        if sparse_radius is not None and not sparse_radius > 0:
            raise ValueError(f"sparse_radius={sparse_radius!r} must be positive (metres) or None")
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


class Square(_Place):
    """A place in a square around the start, uniform; `goal_range` holds for x and for y."""

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


class Disc(_Place):
    """A place in a disc around the start, uniform over its area; `goal_range` is (0, radius)."""

    default_range = (0.0, 3.0)
    has_ood = True

    def space(self) -> dict[str, spaces.Space]:
        """Return the square around the disc and the ring beyond."""
        return {"goal": spaces.Box(-self._beyond, self._beyond, (2,), np.float64)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw a place; `"ood"` is the ring beyond the disc."""
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
        """Refuse the square's corners."""
        if _radius(task) > self._beyond:
            raise ValueError(
                f"task['goal']={task['goal'].tolist()} is {_radius(task):.3g} m from the start; "
                f"goals are at most {self._beyond:.3g} m away"
            )


class HalfCircle(_Place):
    """A place on the half circle y >= 0 around the start, uniform; `goal_range` is (0, radius)."""

    default_range = (0.0, 2.0)
    has_ood = True

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

    def check(self, task: Task) -> None:
        """Refuse what is not on the circle."""
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


def make_goal(name: str, settings: Settings) -> Goal:
    """Return a goal with a source's numbers.

    Raises:
        ValueError: If there is none of that name, or a number is out of range.
    """
    if name not in GOALS:
        raise ValueError(f"goal={name!r} is unknown; there are {sorted(GOALS)}")
    made = GOALS[name]
    if issubclass(made, _Place):
        return made(settings.goal_range, settings.goal_norm, settings.sparse_radius)
    return made(settings.goal_range)


def _radius(task: Task) -> float:
    return math.hypot(float(task["goal"][0]), float(task["goal"][1]))


GOALS: dict[str, type[Goal]] = {
    "forward": Forward,
    "direction": Direction,
    "velocity": Velocity,
    "heading": Heading,
    "square": Square,
    "disc": Disc,
    "half_circle": HalfCircle,
    "half_planes": HalfPlanes,
}
