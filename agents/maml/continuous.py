"""Continuous adaptation: MAML for tasks that change from episode to episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least, one_of
from ..core.base.inner_step_arguments import InnerClipArguments
from ..core.base.venv import check_spaces
from ..core.learning.adaptation import InnerRates
from ..core.losses import losses
from ..core.play.player import OnStep
from ..core.play.view import open_loop
from . import presets
from .consecutive import PairCollector
from .importance import WEIGHTS, RestartLoop, ValuedLoop
from .maml import MAML
from .outer import OuterLoss
from .rounds import Round
from .valued import ValuedEpisodes, ValuedLearner, ValuedPolicy, value_error
from .valued_lstm import ValuedLstmPolicy


@dataclass(frozen=True)
class PairLoss(OuterLoss):
    """How the policies adapted to a task do in the task that follows, and their value networks.

    Both terms of the policy gradient are in it: that of the adapted policies' actions, and, by
    `exploration_coef`, that of all actions which they were adapted on.

    Source:
        Al-Shedivat et al. 2018, equation 8, and equation 24 for several steps.
    """

    learner: ValuedLearner
    vf_coef: float = 0.5

    def __call__(
        self,
        rounds: list[Any],
        gains: torch.Tensor,
        clip: float | None,
        differentiable: bool = True,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and KL(acting || current) of the adapted policies; means over tasks.

        Args:
            rounds: A round for each inner step, and one of the following tasks.
            gains: How well each task's adapted policy did, standardised, [M].
            clip: PPO's clip range.
            differentiable: Keep the graph.
        """
        after: ValuedEpisodes = rounds[-1]
        replay = self.learner.replay_pair(rounds, differentiable)
        data = (replay.log_prob, after.log_prob, after.advantages)
        if clip is None:
            loss = losses.ratio_surrogate(*data, after.weights)
        else:
            loss = losses.clipped_surrogate(*data, clip, after.weights)
        loss = loss + self.vf_coef * value_error(replay.values, after)
        if self.exploration_coef:
            for log_prob, episodes in zip(replay.before, rounds[:-1], strict=True):
                loss = loss + self.exploration_coef * second_term(log_prob, episodes, gains, clip)
        kl = self.learner.policy.head.kl(after.params, replay.params)
        return loss, losses.masked_mean(kl, after.weights)


def second_term(
    log_prob: torch.Tensor, episodes: ValuedEpisodes, gains: torch.Tensor, clip: float | None
) -> torch.Tensor:
    """Return the loss of actions that were adapted on: likelier where the adapted policy did well.

    In PPO's clipped form, as the outer loss takes several steps on the same episodes: plain log
    probabilities have no lower bound, and would push the policy away from what did badly for ever.

    Args:
        log_prob: Of the actions, under the policy that is adapted so far, [M, R, T].
        episodes: The episodes in which they were played.
        gains: As in `PairLoss`, [M].
        clip: As in `PairLoss`.
    """
    data = (log_prob, episodes.log_prob, gains[:, None, None].expand_as(log_prob))
    if clip is None:
        return losses.ratio_surrogate(*data, episodes.weights)
    return losses.clipped_surrogate(*data, clip, episodes.weights)


class ContinuousMAML(InnerClipArguments, MAML):
    """Continuous adaptation (Al-Shedivat et al. 2018, arXiv 1710.03641): MAML for changing tasks.

    Trained on pairs of consecutive tasks: each task plays `inner_steps` rounds of `rows_per_task`
    episodes with a gradient step after each, at rates that are learnt for each step; then the task
    that follows it is played, and PPO improves the initial parameters, value network included, by
    how well that went. At execution, after every episode: from the initial parameters again,
    `inner_steps` steps on the last `buffer_episodes` episodes, which other policies have played
    (importance weights). With `inner_steps=0` it is PPO on all tasks, without adaptation.

    Differences from the paper: advantages are standardised within each task; the second term of
    the gradient weighs the adapting episodes by their task's mean reward after adaptation,
    relative to the other tasks'; importance weights are clipped, and may be those of single steps
    (`iw`: over hundreds of steps those of whole episodes leave few effective samples). The state of
    `"LstmPolicy"` begins anew in each episode, and gradients pass through `unroll` steps, 10, as in
    the paper. No agent was released.

    Raises:
        ValueError: If an argument is out of range, `outer` is not `"ppo"` or `estimator` not
            `"logp"`.
    """

    policy_aliases = {
        "MlpPolicy": ValuedPolicy,
        "LstmPolicy": ValuedLstmPolicy,
        "ValuedPolicy": ValuedPolicy,
        "ValuedLstmPolicy": ValuedLstmPolicy,
    }

    presets = presets.CONTINUOUS
    paper_policy = {"net_arch": (64, 64)}

    outer = "ppo"
    inner_steps = 3
    inner_lr = 1e-3
    learn_inner_lr = True
    inner_lr_per_step = True
    exploration_coef = 1.0
    clip_range = 0.2
    learning_rate = 3e-4
    gamma = 0.995
    gae_lambda = 0.95
    inner_grad_clip = 0.1
    vf_coef: float = argument(
        "Weight of the value network's loss, inside and outside.", default=0.5
    )
    restart: bool = argument(
        "Begin with the initial parameters after every episode of execution, as in the paper; "
        "False goes on from the adapted ones, by a step on the episode that they have just played, "
        "which needs neither older episodes nor importance weights.",
        default=True,
    )
    buffer_episodes: int = argument(
        "Episodes of each row that are learnt from at execution.", at_least(1), default=3
    )
    iw: str = argument(
        'Importance weights at execution: of whole episodes (`"trajectory"`) or of each action '
        '(`"step"`).',
        one_of(*WEIGHTS),
        default="trajectory",
    )
    iw_clip: float = argument("The largest importance weight.", default=10.0)

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        for name, only in (("outer", "ppo"), ("estimator", "logp")):
            if values[name] != only:
                raise ValueError(
                    f"{name}={values[name]!r}: {type(self).__name__} has {only!r} alone; use ProMP "
                    "or MAML for others"
                )
        if values["iw_clip"] is not None and not values["iw_clip"] > 0:
            raise ValueError(f"iw_clip={values['iw_clip']} must be above 0")

    def _make_learner(self, rates: InnerRates) -> ValuedLearner:
        return ValuedLearner(
            self.policy,
            rates,
            self.estimator,
            self.gamma,
            self.gae_lambda,
            self.normalize_advantage,
            self.first_order,
            self.inner_grad_clip,
            self.vf_coef,
        )

    def _make_outer_loss(self) -> PairLoss:
        learner: Any = self.learner  # of `_make_learner`
        return PairLoss(learner, self.exploration_coef, self.inner_kl_coef, self.vf_coef)

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None, keep: bool = False
    ) -> ValuedLoop:
        """Return the learnt learner with empty experience; as in `MAML`.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: Episodes that are learnt from together.
            seed: As in `MetaAlgorithm`.
            keep: Adapt as in training, step by step, and keep the rounds, for collectors.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        if keep:
            steps = max(self.inner_steps, 1)
            return ValuedLoop(
                self.learner, venv, rows_per_task, seed, trained_steps=steps, keep=True
            )
        return self._execution(venv, rows_per_task, seed)

    def _execution(self, venv: Any, rows_per_task: int, seed: int | None) -> ValuedLoop:
        learner: Any = self.learner  # of `_make_learner`
        if self.inner_steps and not self.restart:
            return ValuedLoop(
                learner,
                venv,
                rows_per_task,
                seed,
                trained_steps=self.inner_steps,
                later_rate=self.later_inner_lr,
            )
        return RestartLoop(
            learner,
            venv,
            rows_per_task,
            seed,
            steps=self.inner_steps,
            buffer_episodes=self.buffer_episodes,
            weights=self.iw,
            iw_clip=self.iw_clip,
        )

    def _collect(self, on_step: OnStep) -> Round:
        rows = self.rows_per_task
        loop = open_loop(self, self.venv, rows, fold(self.seed, "act", self.iteration), keep=True)
        return PairCollector(self.venv, loop, rows, on_step, self.balance).collect(
            fold(self.seed, "tasks", self.iteration),
            fold(self.seed, "collect", self.iteration),
            self.inner_steps + 1,
        )

    def train(self, experience: Round) -> dict[str, float]:
        """Take the outer steps, and return figures to log."""
        figures = super().train(experience)
        rounds: list[Any] = [*experience.loop.rounds()]  # with returns
        for played in rounds:
            self.policy.returns.update(played.returns[..., None].to(self.device), played.mask)
        rates = self.learner.rates
        for step in range(self.inner_steps):
            mean = torch.stack(
                [part[min(step, rates.steps - 1)].detach().mean() for part in rates.rates]
            )
            figures[f"inner_lr_{step + 1}"] = float(mean.mean())
        return figures

    @torch.no_grad()
    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        if not self.policy.memory_size:
            return super()._act_unadapted(observations, state, starts, deterministic)
        inputs = self.policy.inputs(observations).to(self.device)
        if state is None:
            state = np.zeros((len(inputs), self.policy.memory_size), np.float32)
        memory = torch.as_tensor(state, device=self.device)
        if starts is not None:
            memory = memory * torch.from_numpy(~starts).to(self.device)[:, None]
        shared = self.policy.parameters_by_name()
        params, after = self.policy.apply_step(shared, inputs[None], memory[None])
        head, params = self.policy.head, params[0].cpu()
        if deterministic:
            actions = head.mode(params)
        else:
            actions = head.sample(params, self._predict_noise(head, len(params)))
        return actions.numpy(), after[0].cpu().numpy()
