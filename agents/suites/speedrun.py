"""Speedruns: how long a training takes until it has a fixed score on held-out tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.evaluation.held_out import HeldOutCallback

_SIGMAS = 1.96  # of the standard error, from the mean down to the lower bound


@dataclass(frozen=True)
class Course:
    """What is to be reached.

    Args:
        agent: Name of the algorithm whose preset runs, unless another is named.
        id: Where.
        target: Sum of a trial's returns that the lower end of the 95 % interval must reach.
        known: What the target lies between.
        every: Steps between evaluations.
        num_tasks: Held-out tasks of an evaluation.
        most: Steps after which a run is given up.
        env_kwargs: Of the id.
    """

    agent: str
    id: str
    target: float
    known: str
    every: int
    num_tasks: int
    most: int
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)


COURSES = {
    "dependent-bandit": Course(
        "rl2", "meta/DependentBandit-v0", 72.5, "random 50, optimum 73.779", 50_000, 1000, 5_000_000
    ),
    "gridnavi": Course(
        *("rl2", "meta/GridNavi-v0", 30.0, "optimum 37.214", 100_000, 500, 10_000_000),
        env_kwargs={"split": "all"},
    ),
    "navigation": Course(
        *("maml", "meta/PointNavigation-v0", -80.0, "MAML after 8 million steps -57"),
        *(250_000, 100, 20_000_000),
    ),
}


@dataclass(frozen=True)
class Time:
    """What a run took.

    Args:
        seed: Of the training.
        seconds: Of the training, without evaluations; None if the target was not reached.
        cpu_seconds: Of the processor in that time, which a busy machine changes less.
        steps: Environment steps.
        mean: Score at the end.
        standard_error: Of that score.
    """

    seed: int
    seconds: float | None
    cpu_seconds: float | None
    steps: int
    mean: float
    standard_error: float


class _Watched(HeldOutCallback):
    """Stops at the target, and tells how long evaluations took."""

    def __init__(self, course: Course, told: Callable[[str], None]):
        super().__init__(course.every, num_tasks=course.num_tasks, on_score=self._reached)
        self.course, self.told, self.spent, self.reached = course, told, np.zeros(2), False

    def _evaluate(self) -> None:
        began = _clocks()
        super()._evaluate()
        self.spent += _clocks() - began

    def _reached(self, steps: int, mean: float) -> bool:
        error = self.evaluations[-1]["standard_error"]
        self.told(f"{steps:>12,} steps: {mean:.4g} +- {error:.2g}")
        self.reached = mean - _SIGMAS * error >= self.course.target
        return not self.reached


def _clocks() -> np.ndarray:
    """Return the seconds of the clock and of the processor [2]."""
    return np.array([time.perf_counter(), time.process_time()])


def run(
    course: Course, seed: int, told: Callable[[str], None], agent: str | None = None, **given: Any
) -> Time:
    """Train until the target is reached, or the course's most steps.

    Args:
        course: What is to be reached.
        seed: Of the training.
        told: Called with a line an evaluation.
        agent: Another algorithm than the course's.
        **given: Arguments of the algorithm, over its preset.

    Raises:
        ValueError: An argument is wrong.
    """
    from ..runs.train import class_of

    cls = class_of(agent or course.agent)[1]
    policy = {"policy": next(iter(cls.policy_aliases))} if cls.policy_aliases else {}
    kwargs = dict(course.env_kwargs) or None
    model = cls(env=course.id, env_kwargs=kwargs, seed=seed, **{**policy, **given})
    watched = _Watched(course, told)
    began = _clocks()
    model.learn(course.most, callback=watched, log_interval=None)
    seconds, cpu_seconds = (_clocks() - began - watched.spent).tolist()
    last = watched.evaluations[-1]
    return Time(
        seed,
        seconds if watched.reached else None,
        cpu_seconds if watched.reached else None,
        model.num_timesteps,
        last["return"],
        last["standard_error"],
    )


def slower(times: list[Time]) -> float | None:
    """Return the seconds of the slowest run, which is the record; None if one did not arrive."""
    taken = [one.seconds for one in times]
    return None if None in taken or not taken else max(one for one in taken if one is not None)
