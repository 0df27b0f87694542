"""A population in one environment: its learners, their loop, and the state of their rows.

N rows: M learners of R rows each, learner-major.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.lifetime_state import LifetimeState
from ..core.base.venv import first_tasks
from ..core.lifetimes.off_policy import OffPolicyLoop
from ..core.play.player import Player
from ..core.play.view import RowsView
from .rule import ObjectiveRule


class Body:
    """Learners in one environment, each in a task of its own.

    Args:
        venv: The rows.
        rule: How learners act and learn.
        rows_per_task: R.
        seed: Seed of all.
    """

    def __init__(self, venv: Any, rule: ObjectiveRule, rows_per_task: int, seed: int):
        self.venv, self.rule, self.seed = venv, rule, seed
        self.loop = OffPolicyLoop(rule, RowsView(venv), rows_per_task, fold(seed, "act"))
        self.loop.learns_by_itself = False
        self.state = LifetimeState(self)
        self._begin_rows()

    def _begin_rows(self) -> None:
        self.observation: Any = None
        self._sums = np.zeros(self.venv.num_envs)
        self._lengths = np.zeros(self.venv.num_envs, dtype=np.int64)
        self._player = Player(self.venv, self.loop)

    def play(self, steps: int, iteration: int, seen: Callable[[Any], None]) -> None:
        """Play steps in every row, across episodes.

        Args:
            steps: Their number.
            iteration: Number of the iteration, which seeds a first reset.
            seen: Called with each step.
        """
        if self.observation is None:
            self._reset(iteration)
        self._player.observations = self.observation
        for _ in range(steps):
            step = self._player.step()
            self.observation = self._player.observations
            seen(step)
        self.loop.keep(np.arange(self.loop.num_learners))

    def renew(self, played: int, steps: int, lifetime: int) -> None:
        """Replace learners whose life is over; first lives are cut short, so that ages differ.

        Args:
            played: Steps of a row so far.
            steps: Steps since this was last asked.
            lifetime: Steps of a life.
        """
        count = self.loop.num_learners
        ahead = lifetime * np.arange(count) // count
        over = (played + ahead) // lifetime > (played - steps + ahead) // lifetime
        if over.any():
            self.loop.reset(np.flatnonzero(np.repeat(over, self.loop.rows_per_task)))

    def _reset(self, iteration: int) -> None:
        rows = self.venv.unwrapped
        if rows.single_task_space.spaces:
            drawn = first_tasks(rows, self.loop.num_learners, self.seed)
            tasks = [_tasks.at(drawn, one) for one in range(self.loop.num_learners)]
            each = self.loop.rows_per_task
            rows.set_tasks([task for task in tasks for _ in range(each)])
        self._player.reset(fold(self.seed, "episodes", iteration))
        self.observation = self._player.observations
