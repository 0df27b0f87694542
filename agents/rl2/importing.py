"""IMPORT: a recurrent learner that is told the problem in half of its training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..core.base.agent_arguments import PPOArguments
from ..core.base.arguments import argument, at_least, within
from ..core.base.problem_coded import ProblemCoded
from ..core.base.trial_algorithm import TrialAlgorithm
from ..core.base.updates import GradientUpdate, Update
from ..core.losses.losses import masked_mean
from ..core.play.recurrent import RecurrentInnerLoop
from ..core.play.trials import Batch
from ..core.play.view import RowsView
from .informed import InformedLoop, InformedPolicy
from .presets import INFORMED


class IMPORT(PPOArguments, ProblemCoded, TrialAlgorithm):
    """IMPORT (Kamienny et al. 2020, arXiv 2005.02934): RL2 that is told the problem at times.

    The policy sees the observation and a latent. Some training rows (`told_share`) act on the
    latent that is embedded from the problem, the others on the one that a GRU infers from the trial
    so far; both learn by the same loss, and the inference is drawn to the problem's latent
    (`informed_coef` times the squared distance, summed over the latent, through which the embedding
    does not learn). A new trial infers. What of the task is hidden (all that the first observation
    does not show) is read in training alone.

    Differences from the paper: PPO; which rows are told is fixed; rewards are
    divided by the running deviation of the discounted return, as in RL2.

    Raises:
        ValueError: If an argument is out of range, or the first observation shows all of the task.
    """

    policy_aliases = {"GruPolicy": InformedPolicy, "InformedPolicy": InformedPolicy}

    presets = INFORMED

    learning_rate = 5e-4
    n_envs = 128
    n_epochs = 8
    gae_lambda = 0.95
    told_share: float = argument(
        "Share of the rows that are told the problem in training.", within(0, 1), default=0.5
    )
    informed_coef: float = argument(
        "Weight of the distance between what is inferred and the problem's latent.",
        at_least(0),
        default=0.1,
    )

    def _setup_model(self) -> None:
        self.code = self._code()
        super()._setup_model()

    def _policy_arguments(self) -> dict[str, Any]:
        own = {"code_size": self.code.size, "categories": self.code.categories}
        return {**own, **super()._policy_arguments()}

    def _make_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.policy.parameters(), lr=1e-3, eps=1e-5)

    def _make_update(self) -> Update:
        self._settle_batch_size()
        self._inferred = torch.zeros(0)
        self._acting_loss = self._ppo_loss(network=self._run)
        size = self.batch_size
        return GradientUpdate(self.loss, self.optimizer, self.max_grad_norm, self.n_epochs, size)

    def _run(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the policy, and keep what it inferred of the problem for the loss."""
        params, values, self._inferred = self.policy.run(inputs)
        return params, values

    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return PPO's loss and the distance of what is inferred from the problems' latents."""
        total, figures = self._acting_loss(batch, progress)
        inferred, self._inferred = self._inferred, torch.zeros(0)  # no graph outlives its loss
        latents = self.policy.latents(batch.inputs).detach()
        apart = (inferred - latents).square().sum(dim=-1)
        distance = masked_mean(apart, batch.mask)
        return total + self.informed_coef * distance, {**figures, "informed_loss": distance}

    def _training_loop(self, seed: int) -> RecurrentInnerLoop:
        rows = np.arange(self.n_envs)
        # spread evenly over the rows: row i is told where the running share passes a whole number
        told = np.floor((rows + 1) * self.told_share) > np.floor(rows * self.told_share)
        view = RowsView(self.venv)
        loop = InformedLoop(self.policy, view, 1, seed, code=self.code, told=told)
        view.show_tasks_to(loop)
        return loop
