"""Where new lives begin: in new levels, or in kept ones with a high algorithmic regret.

N rows: M learners of R rows each, learner-major.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.venv import ENDLESS, is_foreign, make_rows
from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.loop import LifetimeLoop
from ..core.lifetimes.rule import Rule
from .levels import LevelBuffer
from .regret import regrets


class Curriculum:
    """The levels of an agent of many lives; does nothing if its `curriculum` is None."""

    curriculum: str | None
    venv: Any
    loop: LifetimeLoop
    rule: Rule
    env_id: Any
    env_kwargs: Any
    seed: Any
    n_steps: int
    rows_per_task: int
    levels: LevelBuffer | None

    @abstractmethod
    def _antagonist(self) -> ActorCriticRule:
        """Return the learners that the rule's are compared to."""

    @abstractmethod
    def _seed_of_life(self, purpose: str, learner: int) -> int:
        """Return a seed of a learner's present life."""

    def _begin_levels(self) -> None:
        self._level = np.full(self.loop.num_learners, -1, dtype=np.int64)  # -1: not from the buffer
        self.levels = None
        self.regrets: list[float] = []  # of the newest lives
        if self.curriculum is None:
            return
        venv = self.venv.unwrapped
        if self.env_id is None or is_foreign(self.env_id) or not venv.single_task_space.spaces:
            raise ValueError(
                f"curriculum={self.curriculum!r} keeps tasks of an id, and {self.env_id} has none; "
                "name a task distribution"
            )
        example = _tasks.at(venv.sample_tasks(1, seed=fold(self.seed, "example")), 0)
        agent: Any = self
        self.levels = LevelBuffer(
            example, agent.level_buffer, agent.replay_probability, agent.rank_temperature
        )

    def _begun_level(self, one: int) -> Any:
        """Return the kept level in which a learner's new life begins; None asks for a new one."""
        before, self._level[one] = self._level[one], -1
        if self.levels is None:
            return None
        if before >= 0:  # of a life that did not come to its end
            self.levels.active[before] = False
        rng = np.random.default_rng(self._seed_of_life("level", one))
        place = self.levels.draw(rng)
        if place is None:
            return None
        self._level[one] = place
        return self.levels.task(place)

    def _leave_levels(self, which: np.ndarray) -> None:
        """Score the levels of lives that end, and keep them."""
        if self.levels is None:
            return
        lives = self.venv.unwrapped.tasks
        self.regrets = []
        for age in np.unique(self.loop.ages[which]):
            group = which[self.loop.ages[which] == age]
            tasks = [_tasks.at(lives, one * self.rows_per_task) for one in group.tolist()]
            for one, task, score in zip(
                group.tolist(), tasks, self.regrets_of(group, tasks, int(age)), strict=True
            ):
                self.regrets.append(float(score))
                if self._level[one] >= 0:
                    self.levels.leave(int(self._level[one]), float(score))
                    self._level[one] = -1
                else:
                    self.levels.enter(task, float(score))

    def regrets_of(self, which: np.ndarray, tasks: list[Any], steps: int) -> np.ndarray:
        """Return the algorithmic regrets of learners as they are, in tasks.

        Args:
            which: Learners, as integer indices.
            tasks: One for each of them.
            steps: Steps of a row of a life.
        """
        agent: Any = self
        kwargs = {**(self.env_kwargs or {}), "episodes_per_trial": ENDLESS}
        venv = make_rows(str(self.env_id), len(which) * self.rows_per_task, kwargs)
        index = torch.from_numpy(which)
        learners = {name: part[index].detach() for name, part in self.loop.learners.items()}
        seeds = [self._seed_of_life("regret", one) for one in which.tolist()]
        try:
            return regrets(
                *(venv, self.rule, learners, self._antagonist(), seeds, self.rows_per_task),
                *(steps, agent.regret_episodes, tasks),
            )
        finally:
            venv.close()
