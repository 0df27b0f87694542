"""The inner loop of agents with latents. N rows, R some of them; L numbers of a latent."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..core.learning.adaptation import Parameters
from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .inner_loop import GradientInnerLoop
from .latent import LOG_STD, LOG_STDS, MEAN, LatentLearner


class LatentInnerLoop(GradientInnerLoop):
    """As `GradientInnerLoop`; every episode draws a latent from its task's belief.

    The mean is taken instead where actions are `deterministic`.

    Args:
        learner: Policy, rates and losses; not changed.
        *args: As in `GradientInnerLoop`.
        problems: For collectors: numbers of the training tasks that are played, [tasks]; None are
            new ones.
        **kwargs: As in `GradientInnerLoop`.
    """

    learner: LatentLearner

    def __init__(
        self, learner: LatentLearner, *args: Any, problems: np.ndarray | None = None, **kwargs: Any
    ):
        self._given = problems
        super().__init__(learner, *args, **kwargs)
        size = learner.policy.latent_size
        self.latents = torch.zeros(self.num_rows, size)  # of the episodes that are played
        self._drawn = torch.zeros(self.num_rows, 2 * size)  # the beliefs they are from
        self._fresh = np.ones(self.num_rows, dtype=bool)  # rows whose episode begins

    @property
    def problems(self) -> torch.Tensor:
        """Numbers of the training tasks, -1 for new ones, [tasks]."""
        given = np.full(self.num_tasks, -1) if self._given is None else self._given
        return torch.from_numpy(np.asarray(given, dtype=np.int64))

    def reset(self, rows: Rows = None) -> None:
        """Forget everything of the tasks that `rows` belong to."""
        super().reset(rows)
        tasks = np.unique(self.rows(rows) // self.rows_per_task)
        of_tasks = tasks[:, None] * self.rows_per_task + np.arange(self.rows_per_task)
        self._fresh[of_tasks.ravel()] = True

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step for the task's next gradient step."""
        super().observe(step, rows)
        self._fresh[self.rows(rows)] = step.ended

    def _initial(self, tasks: np.ndarray) -> Parameters:
        problems = self.problems[torch.from_numpy(tasks)].to(self._device)
        own = self.learner.start(problems)
        return {name: part.detach() for name, part in own.items()}

    def _inputs(self, observation: Any, rows: np.ndarray, deterministic: bool) -> torch.Tensor:
        policy = self.learner.policy
        inputs = policy.inputs(observation)
        if not policy.latent_size:
            return inputs
        begins = rows[self._fresh[rows]]
        if begins.size:
            tasks = torch.from_numpy(begins // self.rows_per_task)
            mean = self.parameters[MEAN].cpu()[tasks]
            log_std = self.parameters[LOG_STD].cpu()[tasks].clamp(*LOG_STDS)
            self._drawn[begins] = torch.cat([mean, log_std], dim=1)
            if not deterministic:
                noise = self.random.normal(begins, policy.latent_size).astype(np.float32)
                mean = mean + torch.exp(log_std) * torch.from_numpy(noise)
            self.latents[begins] = mean
            self._fresh[begins] = False
        return torch.cat([inputs, self.latents[rows]], dim=1)

    def _more(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        problems = self.problems[torch.from_numpy(rows // self.rows_per_task)]
        return {"beliefs": self._drawn[rows], "problems": problems}
