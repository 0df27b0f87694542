"""Actuators that fail from episode to episode: which pair, how strongly, and by what schedule.

L limbs in two sides of L / 2, so that limb i and limb i + L / 2 mirror each other; N rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, number, positive
from ..core.distribution import TaskFamily
from ..core.tasks import Task, Tasks

SCHEDULES = ("linear", "jump", "random_walk", "periodic")
SPLITS = ("train", "test", "all")
_MOST_EPISODES = 10**6


class Schedule:
    """How the factor of failing actuators goes on from one episode of a trial to the next.

    Args:
        kind: `"linear"`: down to 0 in equal steps, where it stays; `"jump"`: at once to 0, before
            one of the later episodes, all equally likely; `"random_walk"`: normal steps, reflected
            at 0 and 1; `"periodic"`: half a cosine down to 0, half a cosine up to 1, and so on,
            whatever the first factor was.
        drift_episodes: Episodes from a factor of 1 to one of 0, both included; a random walk goes
            on for ever.
        walk_step: Standard deviation of the random walk's steps.

    Raises:
        ValueError: If an argument is unknown or out of range.
    """

    def __init__(self, kind: str = "linear", drift_episodes: int = 7, walk_step: float = 0.25):
        self.kind = choice("schedule", kind, SCHEDULES)
        self.drift_episodes = positive("drift_episodes", drift_episodes)
        if not 2 <= self.drift_episodes <= _MOST_EPISODES:
            raise ValueError(
                f"drift_episodes={drift_episodes} must be from 2, the first and the last factor, "
                f"to {_MOST_EPISODES}"
            )
        self.walk_step = number("walk_step", walk_step, above=0.0, high=1.0)

    def following(self, factor: float, episode: int, rng: np.random.Generator) -> float:
        """Return the factor of the next episode.

        Args:
            factor: The current one.
            episode: How many episodes of the trial have begun.
            rng: Source of its randomness.
        """
        steps = self.drift_episodes - 1
        if self.kind == "linear":
            left = round(factor * steps, 9) - 1  # rounded: thirds do not add up to 0
            return max(left / steps, 0.0)
        if self.kind == "jump":
            ahead = self.drift_episodes - episode  # episodes before which it may still jump
            return 0.0 if ahead <= 1 or rng.random() * ahead < 1 else factor
        if self.kind == "random_walk":
            walked = abs(factor + self.walk_step * rng.normal()) % 2.0
            return float(min(walked, 2.0 - walked))
        return float(0.5 + 0.5 * np.cos(np.pi * episode / steps))


class FailingLimbs(TaskFamily):
    """The tasks of a machine two of whose limbs fail together, more in every episode.

    A family inherits it before its other base, and sets `limbs` and `schedule` first.
    """

    splits: tuple[str, ...] = SPLITS
    limbs: int
    schedule: Schedule

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a pair of limbs, which still work."""
        return {"pair": int(rng.integers(len(pairs_of(self.limbs)))), "factor": 1.0}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every pair, at the start of a trial."""
        return tuple({"pair": pair, "factor": 1.0} for pair in range(len(pairs_of(self.limbs))))

    def in_split(self, task: Task) -> bool:
        """Tell whether a pair is of the split: those that mirror each other are held out."""
        first, second = pairs_of(self.limbs)[int(task["pair"])]
        return (self.split == "test") == (second - first == self.limbs // 2)

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        """Return the same pair, with the schedule's next factor."""
        return {**task, "factor": self.schedule.following(float(task["factor"]), episode, rng)}


def checked_limbs(limbs: Any, actuators: int) -> int:
    """Return a number of limbs, even, at least 4, into which actuators can be divided.

    Raises:
        ValueError: If it is not.
    """
    if positive("limbs", limbs) < 4 or limbs % 2 or actuators % limbs:
        allowed = [one for one in range(4, actuators + 1, 2) if actuators % one == 0]
        raise ValueError(
            f"limbs={limbs} must be an even number of at least 4 that divides the {actuators} "
            f"actuators: {' or '.join(map(str, allowed)) if allowed else 'none does'}"
        )
    return int(limbs)


def pairs_of(limbs: int) -> tuple[tuple[int, int], ...]:
    """Return all pairs of limbs, in a fixed order."""
    return tuple(combinations(range(limbs), 2))


def pair_labels(names: Sequence[str]) -> tuple[str, ...]:
    """Return a label for each pair, from the limbs' names."""
    return tuple(f"{names[one]} + {names[other]}" for one, other in pairs_of(len(names)))


def pair_space(limbs: int) -> dict[str, spaces.Space]:
    """Return the support of `"pair"` and `"factor"`."""
    return {
        "pair": spaces.Discrete(len(pairs_of(limbs))),
        "factor": spaces.Box(0.0, 1.0, (), np.float64),
    }


def strengths(tasks: Tasks, limbs: int, actuators: int) -> np.ndarray:
    """Return what is left of every actuator's force, as a share, float64 [N, actuators].

    Args:
        tasks: Tasks of N rows.
        limbs: L.
        actuators: Actuators, those of a limb side by side.
    """
    rows = np.arange(len(tasks["factor"]))
    of_limbs = np.ones((len(rows), limbs))
    for limb in np.array(pairs_of(limbs))[tasks["pair"]].T:
        of_limbs[rows, limb] = tasks["factor"]
    return of_limbs.repeat(actuators // limbs, axis=1)
