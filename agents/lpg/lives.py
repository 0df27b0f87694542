"""Many lifetimes side by side, each with a task, a learner and settings of its own.

N rows: M learners of R rows each, learner-major.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from ..core.base.lifetime_algorithm import LifetimeAlgorithm
from ..core.lifetimes.loop import LifetimeLoop
from ..core.lifetimes.rule import Learners
from ..core.play.view import open_loop
from .arguments import OuterArguments, RuleArguments
from .arms import Arms
from .curriculum import Curriculum
from .rule import LIFE, Hypers


class _Armed:
    """Declared apart: type checkers take annotations of an algorithm's class for arguments."""

    arms: Arms


class Lives(Curriculum, RuleArguments, OuterArguments, LifetimeAlgorithm, _Armed):
    """The places in which learners live one after the other.

    The first lives end at different times, so that learners of all ages are seen. Subclasses set
    `arms`, from which new learners get their settings, before `_setup_model` of this class.
    """

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        if values["task"] == "changing":
            raise ValueError(
                "task='changing': each lifetime has one task; None draws a task for each"
            )
        shortest, longest = values["shortest_lifetime"], values["lifetime"]
        if shortest is not None and shortest > longest:
            raise ValueError(
                f"shortest_lifetime={shortest} is longer than lifetime={longest}, the longest"
            )

    def _setup_model(self) -> None:
        if self.n_envs % self.rows_per_task:
            nearest = max(self.n_envs // self.rows_per_task, 1) * self.rows_per_task
            raise ValueError(
                f"rows_per_task={self.rows_per_task} does not divide n_envs={self.n_envs}; use "
                f"e.g. n_envs={nearest}"
            )
        super()._setup_model()
        every = np.arange(self.loop.num_learners)
        self._lifetimes = np.full(len(every), self.lifetime, dtype=np.int64)  # in updates
        self._arm = np.zeros(len(every), dtype=np.int64)
        self._begin_levels()
        self._earned = np.zeros(len(every))  # by a row of each learner, in its life
        self._draw_settings(every)

    def _open_loop(self) -> LifetimeLoop:
        seed = fold(self.seed, "act")
        return open_loop(self, self.venv, self.rows_per_task, seed, rule=self.rule)

    def _seed_of_life(self, purpose: str, learner: int) -> int:
        return fold(fold(self.seed, purpose, learner), "life", int(self.loop.lives[learner]))

    def _draw_settings(self, which: np.ndarray) -> None:
        """Draw what new learners are born with."""
        for one in which.tolist():
            rng = np.random.default_rng(self._seed_of_life("settings", one))
            self._arm[one] = self.arms.draw(rng)
            if self.shortest_lifetime is not None:
                logs = np.log([self.shortest_lifetime, self.lifetime + 1])
                self._lifetimes[one] = min(int(np.exp(rng.uniform(*logs))), self.lifetime)
        born = [self.arms.arms[arm] for arm in self._arm[which]]
        there = self.loop.device
        index = torch.from_numpy(which).to(there)
        learners = dict(self.loop.learners)
        for number, name in enumerate(Hypers._fields):
            values = torch.tensor([one[number] for one in born], device=there)
            learners[f"hyper.{name}"] = learners[f"hyper.{name}"].index_copy(0, index, values)
        if LIFE in learners:
            lengths = torch.from_numpy(self._lifetimes[which]).to(learners[LIFE])
            learners[LIFE] = learners[LIFE].index_copy(0, index, lengths)
        self.loop.learners = learners

    def _set_tasks(self, which: np.ndarray) -> None:
        """Give learners' rows the task of their life, from their next reset on."""
        venv = self.venv.unwrapped
        if not venv.single_task_space.spaces:
            return
        for one in which.tolist():
            task = self.task
            if task is None:
                task = self._begun_level(one)
            if task is None:
                drawn = venv.sample_tasks(1, seed=self._seed_of_life("task", one))
                task = _tasks.at(drawn, 0)
            rows = np.arange(self.rows_per_task) + one * self.rows_per_task
            venv.set_tasks([task] * len(rows), rows)

    def _reset_rows(self) -> None:
        self._set_tasks(np.arange(self.loop.num_learners))
        self._player.reset(fold(self.seed, "episodes", self.iteration))
        self.observation = self._player.observations

    def _life_in_steps(self) -> np.ndarray:
        """Return after how many steps of a row each learner's life ends, [M]."""
        places = self.loop.num_learners
        iterations = -(-self._lifetimes // self.n_updates)
        first = -(-iterations * (np.arange(places) + 1) // places)
        each = np.where(self.loop.lives == 0, first, iterations)
        return each * (self.n_updates + 1) * self.n_steps

    def _end_lives(self) -> None:
        """Replace learners that are old enough: new ones, in new tasks."""
        which = np.flatnonzero(self.loop.ages >= self._life_in_steps())
        if not which.size:
            return
        for one in which.tolist():
            self.arms.pay(int(self._arm[one]), self._earned[one] / self.loop.ages[one])
        self._leave_levels(which)
        rows = (which[:, None] * self.rows_per_task + np.arange(self.rows_per_task)).ravel()
        self.loop.reset(rows)
        self._earned[which] = 0.0
        self._draw_settings(which)
        self._set_tasks(which)
        mask = np.zeros(self.n_envs, dtype=bool)
        mask[rows] = True
        self._player.reset(options={"reset_mask": mask})
        self.observation = self._player.observations
        self._sums[rows], self._lengths[rows] = 0.0, 0

    def _extra_state(self) -> dict[str, Any]:
        return {
            **super()._extra_state(),
            "arms": self.arms.get_state(),
            "arm": self._arm.tolist(),
            "earned": self._earned.tolist(),
            "lifetimes": self._lifetimes.tolist(),
            "level": self._level.tolist(),
        }

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        self.arms.set_state(state["arms"])
        self._arm = np.array(state["arm"], dtype=np.int64)
        self._earned = np.array(state["earned"], dtype=np.float64)
        places = self.loop.num_learners  # files from before have neither of the next two
        self._lifetimes = np.array(state.get("lifetimes", [self.lifetime] * places), dtype=np.int64)
        self._level = np.array(state.get("level", [-1] * places), dtype=np.int64)

    def _acting_learners(self) -> Learners:
        return self.rule.begin([fold(self.seed, "predict")])
