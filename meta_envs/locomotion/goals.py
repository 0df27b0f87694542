"""What a body is rewarded for. N rows; place and velocity [N, 1] (planar bodies) or [N, 2].

A goal knows its part of the task (bounds, distribution, splits) and a reward over all rows. Places
are in `places`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

from ..core.names import look_up
from ..core.tasks import Task, Tasks
from .goal_base import Goal
from .places import Disc, Edges, HalfCircle, HalfPlanes, Push, Reach, Square, ToPlace
from .settings import Settings


class Forward(Goal):
    """Run towards +x as fast as possible; the same for every task."""

    def space(self) -> dict[str, spaces.Space]:
        """Return no bounds: there is nothing to draw."""
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
        """Draw a direction."""
        return {"direction": 1.0 if rng.random() < 0.5 else -1.0}

    def members(self) -> tuple[dict[str, Any], ...]:
        """Return both directions."""
        return ({"direction": 1.0}, {"direction": -1.0})

    def check(self, task: Task) -> None:
        """Refuse anything but -1 and 1."""
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
        """Return the range, including the "ood" part beyond its upper end."""
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
        """Return minus the absolute difference from the wanted speed, m/s."""
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


class Axis(Goal):
    """Run along one of the two axes, and stay on it: `"axis"`, 0 (+x) or 1 (+y)."""

    needs_plane = True

    def space(self) -> dict[str, spaces.Space]:
        """Return the two axes."""
        return {"axis": spaces.Discrete(2)}

    def draw(self, rng: np.random.Generator, ood: bool) -> dict[str, Any]:
        """Draw an axis."""
        return {"axis": rng.integers(2)}

    def members(self) -> tuple[dict[str, Any], ...]:
        """Return both axes."""
        return ({"axis": 0}, {"axis": 1})

    def reward(self, place: np.ndarray, velocity: np.ndarray, tasks: Tasks) -> np.ndarray:
        """Return the velocity along the axis, m/s, less half the distance from it, m."""
        along_x = tasks["axis"] == 0
        speed = np.where(along_x, velocity[:, 0], velocity[:, 1])
        return speed - 0.5 * np.abs(np.where(along_x, place[:, 1], place[:, 0]))

    def facts(self, task: Task) -> dict[str, Any]:
        """Mark the axis."""
        return {"heading": math.pi / 2 * float(task["axis"])}


def make_goal(name: str, settings: Settings) -> Goal:
    """Return a goal with the settings of a source.

    Raises:
        ValueError: If there is none with that name, or a number is out of range.
    """
    made = goal_named(name)
    if issubclass(made, ToPlace):
        return made(settings.goal_range, settings.goal_norm, settings.sparse_radius)
    return made(settings.goal_range)


def goal_named(name: str) -> type[Goal]:
    """Return a goal's class, given a name in `GOALS` or `"module:Name"`.

    Raises:
        ValueError: If there is none with that name.
    """
    return look_up("goal", name, GOALS, _is_goal, "a Goal class")


def _is_goal(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Goal)


GOALS: dict[str, type[Goal]] = {
    "forward": Forward,
    "direction": Direction,
    "velocity": Velocity,
    "heading": Heading,
    "square": Square,
    "axis": Axis,
    "edges": Edges,
    "disc": Disc,
    "half_circle": HalfCircle,
    "half_planes": HalfPlanes,
    "reach": Reach,
    "push": Push,
}
