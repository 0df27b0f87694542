"""On-policy learning from whole trials: collect, compute advantages over the trial, update.

Shapes: T steps, B trials (one a column), D inputs; time-major.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from meta_envs.core.rng import fold

from . import losses
from .balance import check_balance
from .iterations import IterativeAlgorithm
from .normalise import RewardNormaliser
from .policies import GruPolicy, LstmPolicy, RecurrentPolicy
from .recurrent import RecurrentInnerLoop, act_on_trials
from .returns import gae
from .schedules import Schedule, check_schedule, value_at
from .training_log import record_iteration
from .trials import Batch, TrialCollector, Trials
from .venv import check_spaces


class TrialAlgorithm(IterativeAlgorithm):
    """Collects whole trials and learns from them; subclasses write `loss` and the optimiser.

    Args:
        policy: `"GruPolicy"`, `"LstmPolicy"`, or a `RecurrentPolicy` class.
        env: As in `MetaAlgorithm`.
        learning_rate: A number or `("linear", start, end)`.
        n_trials: Whole trials a row and iteration.
        batch_size: Trials a minibatch; must divide `n_envs * n_trials`. None is all.
        n_epochs: Passes over the trials of an iteration.
        gamma: Discount, over the whole trial; may be a schedule.
        gae_lambda: Of generalised advantage estimation, over the whole trial.
        ent_coef: Weight of the entropy bonus; may be a schedule.
        vf_coef: Weight of the value loss.
        max_grad_norm: Gradients are clipped to this norm; None does not clip.
        normalize_advantage: Standardise advantages over the iteration's trials.
        normalize_reward: Divide rewards by the running deviation of the discounted return.
        cut_at_episode_ends: Let no advantage cross an episode's end (off: the paper's way).
        balance: A quantity of the task, of which each iteration has every value equally often;
            None draws tasks independently.
        **base: As in `MetaAlgorithm`.

    Raises:
        ValueError: If an argument is out of range.
    """

    policy: RecurrentPolicy
    policy_aliases = {"GruPolicy": GruPolicy, "LstmPolicy": LstmPolicy}

    def __init__(
        self,
        policy: str | type[nn.Module],
        env: Any,
        learning_rate: Schedule,
        *,
        n_trials: int,
        batch_size: int | None,
        n_epochs: int,
        gamma: Schedule,
        gae_lambda: float,
        ent_coef: Schedule,
        vf_coef: float,
        max_grad_norm: float | None,
        normalize_advantage: bool,
        normalize_reward: bool,
        cut_at_episode_ends: bool,
        balance: str | None = None,
        _init_setup_model: bool = True,
        **base: Any,
    ):
        super().__init__(policy, env, learning_rate, **base)
        check_schedule("learning_rate", learning_rate)
        check_schedule("ent_coef", ent_coef)
        check_schedule("gamma", gamma)
        ends = {"gamma": value_at(gamma, 0.0), "gamma's end": value_at(gamma, 1.0)}
        for name, value in {**ends, "gae_lambda": gae_lambda}.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name}={value} is outside [0, 1]")
        for name, count in (("n_trials", n_trials), ("n_epochs", n_epochs)):
            if count < 1:
                raise ValueError(f"{name}={count} must be at least 1")
        if balance is not None:
            check_balance(self.venv, balance)
            if n_trials > 1:
                raise ValueError(f"balance={balance!r} needs n_trials=1, not {n_trials}")
        self.n_trials = n_trials
        self.balance = balance
        explicit = self.applied.get("batch_size") == "explicit"
        self.batch_size = _dividing(batch_size, self.n_envs * n_trials, explicit)
        if "batch_size" in self.settings:
            self.settings["batch_size"] = self.batch_size
        self.n_epochs = n_epochs
        self.gamma = gamma
        self.gae_lambda = gae_lambda
        self.ent_coef = ent_coef
        self.vf_coef = vf_coef
        self.max_grad_norm = max_grad_norm
        self.normalize_advantage = normalize_advantage
        self.cut_at_episode_ends = cut_at_episode_ends
        self.reward_normaliser = RewardNormaliser() if normalize_reward else None
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        with torch.random.fork_rng(devices=[]):  # leave the global generator as it was
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space, self.action_space, **self.policy_kwargs
            ).to(self.device)  # type: ignore[assignment]
        self.optimizer = self._make_optimizer()

    @abstractmethod
    def _make_optimizer(self) -> torch.optim.Optimizer:
        """Make the optimiser of `self.policy`."""

    @abstractmethod
    def loss(self, batch: Batch, progress: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of a minibatch and figures to log.

        Args:
            batch: A minibatch of whole trials.
            progress: Fraction of training that is over.
        """

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> RecurrentInnerLoop:
        """Return the learnt learner with empty experience: a recurrent state a row."""
        check_spaces(venv, self.observation_space, self.action_space)
        return RecurrentInnerLoop(self.policy, venv, rows_per_task, seed)

    # ---- the outer loop -------------------------------------------------------------------------

    def _collect(self, on_step: Callable[[int], bool]) -> Trials | None:
        loop = self.inner_loop(self.venv, seed=fold(self.seed, "act", self.iteration))
        collector = TrialCollector(self.venv, self.n_trials, balance=self.balance)
        return collector.collect(loop, fold(self.seed, "collect", self.iteration), on_step)

    def _record(
        self, experience: Trials, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        record_iteration(self, experience, figures, seconds, dump)

    def train(self, trials: Trials) -> dict[str, float]:
        """Update the policy from the trials of one iteration, and return figures to log."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)  # type: ignore[arg-type]
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        whole = self.prepare(trials, value_at(self.gamma, progress)).to(self.device)
        shuffle = np.random.default_rng(fold(self.seed, "minibatches", self.iteration))
        once = self.update_once(whole, progress)
        logged: dict[str, list[float]] = {}
        for batch in self.minibatches(whole, shuffle):
            loss, figures = self.loss(batch, progress)
            self._step(loss)
            for name, figure in {"loss": loss, **figures}.items():
                logged.setdefault(name, []).append(float(figure.detach()))
        self.policy.after_iteration(trials.inputs.to(self.device), whole.mask)
        figures_mean = {name: float(np.mean(values)) for name, values in logged.items()}
        explained = losses.explained_variance(whole.old_values, whole.returns, whole.mask)
        return {
            **figures_mean,
            **once,
            "explained_variance": float(explained),
            "learning_rate": rate,
        }

    def update_once(self, whole: Batch, progress: float) -> dict[str, float]:
        """Update from all trials at once, before the epochs of `loss`; return figures to log."""
        return {}

    def minibatches(self, whole: Batch, shuffle: np.random.Generator) -> Iterator[Batch]:
        """Yield the minibatches of all epochs: whole trials, in an order drawn from `shuffle`."""
        count = whole.mask.shape[1]
        size = self.batch_size or count
        for _ in range(self.n_epochs):
            order = torch.from_numpy(shuffle.permutation(count)).to(self.device)
            for index in order.split(size):
                yield whole if size == count else whole.columns(index)

    def baseline_values(
        self, trials: Trials, rewards: torch.Tensor, continues: torch.Tensor, gamma: float
    ) -> torch.Tensor:
        """Return what advantages are measured against, [T, B]: the acting network's values.

        Args:
            trials: Of one iteration.
            rewards: Normalised, where they are, [T, B].
            continues: 0 where no return crosses the step's end, else 1, [T, B].
            gamma: Discount.
        """
        return trials.values * trials.mask

    @torch.no_grad()
    def prepare(self, trials: Trials, gamma: float) -> Batch:
        """Compute advantages over the whole trial, and what the loss needs of the acting policy."""
        rewards = trials.rewards
        if self.reward_normaliser is not None:
            self.reward_normaliser.update(rewards, trials.mask, gamma)
            rewards = self.reward_normaliser.normalise(rewards)
            if not self.policy.sees_raw_rewards:
                self.policy.reward_scale.fill_(1.0 / self.reward_normaliser.scale)
        continues = trials.continues
        if self.cut_at_episode_ends:
            continues = continues * (~trials.ends).to(continues.dtype)
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

    def _step(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        if self.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
        self.optimizer.step()
        self._n_updates += 1

    # ---- acting through SB3's predict -----------------------------------------------------------

    def predict(  # type: ignore[override]
        self,
        observation: Any,
        state: np.ndarray | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Act on `TrialWrapper`'s observations.

        Args:
            observation: float32 [D] or [R, D], as `TrialWrapper` shows it.
            state: What the last call returned, [R, S]; None at the start.
            episode_start: Whether a trial starts (an episode of `TrialWrapper`), [R].
            deterministic: Take the most probable action.

        Returns:
            Actions [...] or [R, ...], and the state [R, S].

        Raises:
            ValueError: If the observation is not `TrialWrapper`'s.
        """
        return act_on_trials(
            self.policy, observation, state, episode_start, deterministic, self._predict_random
        )

    @property
    def _predict_random(self) -> np.random.Generator:
        if not hasattr(self, "_predict_generator"):
            self._predict_generator = np.random.default_rng(fold(self.seed, "predict"))
        return self._predict_generator

    def _extra_state(self) -> dict[str, Any]:
        normaliser = self.reward_normaliser
        return {} if normaliser is None else {"reward_normaliser": normaliser.state()}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
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
