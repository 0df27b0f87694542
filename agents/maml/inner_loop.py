"""The inner loop of gradient-based agents: each task's own parameters, adapted between episodes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom

from ..core.learning.adaptation import Parameters, spread
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step
from .episodes import Episodes, EpisodeStore, joined
from .learner import Learner

_ACTING = 100  # the stream of a row's seed that actions are drawn from; environments use 0-2


class GradientInnerLoop(InnerLoop):
    """Takes a gradient step for a task each time all of its rows have ended an episode.

    The step is taken when the task acts next (or at `freeze`), so none is wasted.

    Args:
        learner: Policy, rates and losses; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: Episodes of one gradient step.
        seed: As in `InnerLoop`.
        trained_steps: Number of gradient steps in training.
        later_rate: Factor on the rates for each step beyond those.
        warn: Warn about steps beyond those.
        keep: Keep every round, for collectors.
    """

    def __init__(
        self,
        learner: Learner,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        *,
        trained_steps: int = 1,
        later_rate: float = 1.0,
        warn: bool = False,
        keep: bool = False,
    ):
        super().__init__(venv, rows_per_task, seed)
        self.learner = learner
        self.trained_steps = trained_steps
        self.later_rate = later_rate
        self.keep = keep
        self._warn = warn
        self.num_tasks = self.num_rows // rows_per_task
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.store = EpisodeStore(self.num_rows, rows_per_task)
        self.steps = np.zeros(self.num_tasks, dtype=np.int64)  # gradient steps taken
        self.frozen = np.zeros(self.num_tasks, dtype=bool)
        self._memory = torch.zeros(self.num_rows, learner.policy.memory_size, device=self._device)
        self._pieces: list[list[tuple[np.ndarray, Episodes]]] = []
        self._begin()

    def reset(self, rows: Rows = None) -> None:
        """Forget everything of the tasks that `rows` belong to."""
        tasks = np.unique(self.rows(rows) // self.rows_per_task)
        self.steps[tasks] = 0
        self.frozen[tasks] = False
        if len(tasks) == self.num_tasks:
            self._pieces = []
            self._begin()
        else:
            for name, part in self._initial(tasks).items():
                self.parameters[name][tasks] = part
        of_tasks = tasks[:, None] * self.rows_per_task + np.arange(self.rows_per_task)
        self.store.forget(of_tasks.ravel())
        self._memory[of_tasks.ravel()] = 0.0

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions with each task's parameters, after the gradient steps that are due."""
        where = self.rows(rows)
        if self.store.ended.any():
            due = self.store.complete()
            self._learn(due[np.isin(due, where // self.rows_per_task)])
        policy = self.learner.policy
        inputs = self._inputs(observation, where, deterministic)
        shown = inputs
        if len(where) < self.num_rows or rows is not None:
            shown = torch.zeros(self.num_rows, inputs.shape[1])
            shown[where] = inputs
        by_task = shown.reshape(self.num_tasks, self.rows_per_task, -1).to(self._device)
        memory = self._memory.reshape(self.num_tasks, self.rows_per_task, -1)
        params, memory = policy.apply_step(self.parameters, by_task, memory)
        params = params.cpu().reshape(self.num_rows, -1)[where]
        if policy.memory_size:
            self._memory[where] = memory.reshape(self.num_rows, -1)[where]
        if deterministic:
            actions = policy.head.mode(params)
        else:
            normal = policy.head.noise_kind == "normal"
            draw = self.random.normal if normal else self.random.uniform
            noise = draw(where, policy.head.noise_size).astype(np.float32)
            actions = policy.head.sample(params, torch.from_numpy(noise))
        self._acted = {
            "inputs": inputs,
            "actions": actions,
            "params": params,
            **self._more(where),
        }
        return actions.numpy()

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step for the task's next gradient step."""
        where = self.rows(rows)
        if self.learner.policy.memory_size:
            self._memory[where[step.ended]] = 0.0
        rewards = torch.from_numpy(np.asarray(step.reward, np.float32))
        kept, over = {**self._acted, "rewards": rewards}, step.ended
        # a row that plays on while others of its task have not finished is not counted
        learning = ~(self.frozen[where // self.rows_per_task] | self.store.ended[where])
        if not learning.all():
            kept = {name: part[learning] for name, part in kept.items()}
            where, over = where[learning], over[learning]
        if where.size:
            self.store.write(where, kept, over)

    def freeze(self) -> None:
        """Take the steps that are due, then no more until `reset`."""
        self.learn_now()
        self.store.forget(np.arange(self.num_rows))
        self.frozen[:] = True

    def learn_now(self) -> None:
        """Take the gradient steps that are due, without waiting for the next action."""
        self._learn(self.store.complete())

    def rounds(self) -> list[Episodes]:
        """Return every round played since `reset`, for all tasks (needs `keep`)."""
        last = self.store.complete()
        if len(last):
            self._keep(last, self._prepared(last))
        return [joined(pieces) for pieces in self._pieces]

    @property
    def _device(self) -> torch.device:
        return next(self.learner.policy.parameters()).device

    def _begin(self) -> None:
        own = self._initial(np.arange(self.num_tasks))
        self.parameters = {name: part.clone() for name, part in own.items()}

    def _initial(self, tasks: np.ndarray) -> Parameters:
        """Return what `tasks` begin with, a set per task."""
        shared = self.learner.policy.parameters_by_name()
        return spread({name: part.detach() for name, part in shared.items()}, len(tasks))

    def _inputs(self, observation: Any, rows: np.ndarray, deterministic: bool) -> torch.Tensor:
        """Return what the policy sees in `rows`, float32 [R, D]."""
        return self.learner.policy.inputs(observation)

    def _more(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return what else is kept of each step of `rows`, [R, ...]."""
        return {}

    def _learn(self, tasks: np.ndarray) -> None:
        """Take the next gradient step of `tasks`."""
        if not len(tasks):
            return
        episodes = self._prepared(tasks)
        self._keep(tasks, episodes)
        for number in np.unique(self.steps[tasks]).tolist():
            same = np.flatnonzero(self.steps[tasks] == number)
            beyond = number >= self.trained_steps
            if beyond and self._warn:
                self._warn = False
                warnings.warn(
                    f"gradient step {number + 1}: the learnt rates were trained for "
                    f"{self.trained_steps}, and further steps may diverge; play at most "
                    f"{self.trained_steps + 1} episodes",
                    stacklevel=3,
                )
            chosen = tasks[same]
            with torch.enable_grad():
                stepped = self.learner.step(
                    {name: part[chosen] for name, part in self.parameters.items()},
                    episodes.tasks(same).to(self._device),
                    number,
                    self.later_rate ** max(number - self.trained_steps + 1, 0),
                )
            for name, part in stepped.items():
                self.parameters[name][chosen] = part.detach()
        self.steps[tasks] += 1

    def _prepared(self, tasks: np.ndarray) -> Episodes:
        """Take the finished episodes of `tasks` out of the store."""
        return self.learner.prepare(self.store.take(tasks))

    def _keep(self, tasks: np.ndarray, episodes: Episodes) -> None:
        if not self.keep:
            return
        for number in np.unique(self.steps[tasks]).tolist():
            same = np.flatnonzero(self.steps[tasks] == number)
            while len(self._pieces) <= number:
                self._pieces.append([])
            self._pieces[number].append((tasks[same], episodes.tasks(same)))
