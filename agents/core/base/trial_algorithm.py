"""On-policy learning from whole trials: collect, compute advantages over the trial, update.

Shapes: T steps, B trials (one a column), D inputs; time-major.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core.names import look_up
from meta_envs.core.rng import fold

from ..losses import losses
from ..losses.normalise import RewardNormaliser
from ..losses.policy_losses import POLICY_LOSSES
from ..losses.returns import gae
from ..play.balance import check_balance
from ..play.player import OnStep
from ..play.recurrent import RecurrentInnerLoop
from ..play.trials import Batch, TrialCollector, Trials
from ..play.view import open_loop
from ..saving.allowed import name_of_function
from .agent_arguments import TrialArguments
from .arguments import within
from .curious import CuriousAlgorithm
from .recurrent_acting import RecurrentActing
from .schedules import value_at
from .updates import PPO, GradientUpdate, Network, Update
from .venv import trial_length


class TrialAlgorithm(TrialArguments, RecurrentActing, CuriousAlgorithm):
    """Collects whole trials and learns from them.

    Subclasses define `_make_optimizer` and `loss`, which is then minimised on all trials at once;
    or `_make_update`, for anything else.
    """

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        for name, done in (("gamma", 0.0), ("gamma's end", 1.0)):
            within(0, 1)(name, value_at(values["gamma"], done))
        if values["balance"] is not None and values["n_trials"] > 1:
            raise ValueError(
                f"balance={values['balance']!r} needs n_trials=1, not {values['n_trials']}"
            )

    def _setup_model(self) -> None:
        if self.balance is not None:
            check_balance(self.venv, self.balance)
        self.reward_normaliser = RewardNormaliser() if self.normalize_reward else None
        self._make_policy()
        self._make_curiosity()
        self.optimizer = self._make_optimizer()
        self.update = self._make_update()

    @abstractmethod
    def _make_optimizer(self) -> torch.optim.Optimizer:
        """Make the optimiser of `self.policy`; its rate is set before each iteration."""

    def _make_update(self) -> Update:
        """Return the policy's update; the default minimises `loss` on all trials at once."""
        return GradientUpdate(self.loss, self.optimizer, self.max_grad_norm)

    def _settle_batch_size(self: Any) -> None:  # for algorithms with `PPOArguments`
        """Check `batch_size` against the trials of an iteration; fit one that was not given."""
        explicit = self.applied["batch_size"] == "explicit"
        self.batch_size = _dividing(self.batch_size, self.n_envs * self.n_trials, explicit)
        self.settings["batch_size"] = self.batch_size

    def _ppo_loss(  # for algorithms with `PPOArguments`
        self: Any, vf_coef: float | None = None, network: Network | None = None
    ) -> PPO:
        """Return PPO's loss with the policy loss that was given.

        Args:
            vf_coef: Weight of the value loss; None takes the argument.
            network: As in `PPO`.

        Raises:
            ValueError: If a name stands for no function.
        """
        if callable(given := self.policy_loss):
            surrogate, name = given, name_of_function(given)
            self.settings["policy_loss"] = given if name is None else name
        else:
            what = "a function (log_prob, old_log_prob, advantage, clip, mask)"
            surrogate = look_up("policy_loss", given, POLICY_LOSSES, callable, what)
        weight = self.vf_coef if vf_coef is None else vf_coef
        return PPO(self.policy, self.clip_range, self.ent_coef, weight, surrogate, network)

    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of a minibatch and figures to log.

        Args:
            batch: A minibatch of whole trials.
            progress: Fraction of training that has passed.
        """
        raise NotImplementedError(f"{type(self).__name__} writes neither loss nor _make_update")

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration, at most; None if episodes have no fixed end."""
        length = trial_length(self.venv.unwrapped)
        return None if length is None else self.n_envs * self.n_trials * length

    # ---- the outer loop -------------------------------------------------------------------------

    @property
    def _needs_tasks(self) -> bool:
        """Whether the update (never the policy) sees the tasks of each step."""
        return False

    @property
    def _learns_values(self) -> bool:
        """Whether the policy's values are trained, so that they can stand for what follows."""
        return True

    def _training_loop(self, seed: int) -> RecurrentInnerLoop:
        """Return the loop that plays training trials."""
        return open_loop(self, self.venv, seed=seed)

    def _collect(self, on_step: OnStep) -> Trials:
        loop = self._training_loop(fold(self.seed, "act", self.iteration))
        collector = TrialCollector(
            self.venv,
            self.n_trials,
            with_tasks=self._needs_tasks,
            balance=self.balance,
            with_cut_values=self.cut_at_episode_ends and self._learns_values,
        )
        return collector.collect(loop, fold(self.seed, "collect", self.iteration), on_step)

    def train(self, trials: Trials) -> dict[str, float]:
        """Update the policy from the trials of one iteration, and return figures to log."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        whole = self.prepare(trials, value_at(self.gamma, progress)).to(self.device)
        shuffle = np.random.default_rng(fold(self.seed, "minibatches", self.iteration))
        figures = self.update.run(self.policy, whole, progress, shuffle)
        self._n_updates += self.update.n_updates
        self.policy.after_iteration(trials.inputs.to(self.device), whole.mask)
        explained = losses.explained_variance(whole.old_values, whole.returns, whole.mask)
        told = {} if self.curiosity is None else self.curiosity.figures
        return {**figures, **told, "explained_variance": float(explained), "learning_rate": rate}

    def baseline_values(
        self, trials: Trials, rewards: torch.Tensor, continues: torch.Tensor, gamma: float
    ) -> torch.Tensor:
        """Return what advantages are measured against, [T, B]: the acting network's values.

        Args:
            trials: Trials of one iteration.
            rewards: Rewards, normalised if the agent does so, [T, B].
            continues: 0 where returns stop at the end of the step, else 1, [T, B].
            gamma: Discount.
        """
        return trials.values * trials.mask

    @torch.no_grad()
    def prepare(self, trials: Trials, gamma: float) -> Batch:
        """Compute advantages over the whole trial, and what the loss needs from its policy."""
        rewards = trials.rewards
        if self.reward_normaliser is not None:
            self.reward_normaliser.update(rewards, trials.mask, gamma)
            rewards = self.reward_normaliser.normalise(rewards)
            if not self.policy.sees_raw_rewards:
                self.policy.reward_scale.fill_(1.0 / self.reward_normaliser.scale)
        rewards = self.paid(trials, rewards, gamma)
        continues = trials.continues
        if self.cut_at_episode_ends:
            continues = continues * (~trials.ends).to(continues.dtype)
        if trials.cut_values is not None:  # what follows a truncation still counts by its value
            rewards = rewards + gamma * trials.cut_values
        values = self.baseline_values(trials, rewards, continues, gamma)
        advantages, returns = gae(rewards, values, continues, gamma, self.gae_lambda)
        if self.normalize_advantage:
            advantages = losses.standardise(advantages, trials.mask)
        return Batch(
            inputs=trials.inputs,
            actions=trials.actions,
            old_log_prob=self.policy.head.log_prob(trials.params, trials.actions),
            old_values=values,
            advantages=advantages,
            returns=returns,
            mask=trials.mask,
        )

    def _extra_state(self) -> dict[str, Any]:
        normaliser = self.reward_normaliser
        own = {} if normaliser is None else {"reward_normaliser": normaliser.state()}
        return {**super()._extra_state(), **own}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        if self.reward_normaliser is not None and "reward_normaliser" in state:
            self.reward_normaliser.load_state(state["reward_normaliser"])


def _dividing(batch_size: int | None, total: int, explicit: bool) -> int | None:
    """Return a size that divides the trials: the given one, or the nearest to a preset's."""
    if batch_size is None or (batch_size >= 1 and total % batch_size == 0):
        return batch_size
    divisors = [size for size in range(1, total + 1) if total % size == 0]
    nearest = min(divisors, key=lambda size: abs(size - batch_size))
    if not explicit:
        return nearest
    raise ValueError(
        f"batch_size={batch_size} does not divide n_envs * n_trials = {total} trials; "
        f"use e.g. {nearest}"
    )
