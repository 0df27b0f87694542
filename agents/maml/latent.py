"""A latent that a policy is told, and what each task believes of it, adapted by gradient.

M tasks, R rows of a task, T steps; D numbers of an observation, L of a latent, P parameters of a
distribution over actions. A belief is the mean and log deviation of a normal distribution, 2 L.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.learning.adaptation import Parameters, adapt, spread
from ..core.losses import losses
from ..core.nets.mlp import Parameters as AnyParameters
from ..core.nets.mlp import PerTaskPolicy
from .episodes import Episodes, linear_advantages, standardised
from .learner import Learner
from .losses import inner_loss
from .outer import OuterLoss

MEAN, LOG_STD = "belief.mean", "belief.log_std"  # of a task's belief, among what adapts
LOG_STDS = (-4.0, 2.0)  # bounds of log deviations: no step makes a belief a point
_HALF_LOG_2PI = 0.9189385332046727


class LatentPolicy(PerTaskPolicy):
    """An MLP that sees an observation and a latent, with a belief for each training task.

    Args:
        observation_space: As in `PerTaskPolicy`.
        action_space: As in `PerTaskPolicy`.
        net_arch: As in `PerTaskPolicy`.
        latent_size: L; 0 is a policy without.
        n_tasks: Training tasks; their beliefs begin as the prior.
        **rest: As in `PerTaskPolicy`.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (100, 100),
        latent_size: int = 2,
        n_tasks: int = 1,
        **rest: Any,
    ):
        super().__init__(observation_space, action_space, net_arch, n_extra=latent_size, **rest)
        self.latent_size = latent_size
        self.means = nn.Parameter(torch.zeros(n_tasks, latent_size))
        self.log_stds = nn.Parameter(torch.zeros(n_tasks, latent_size))

    def parameters_by_name(self) -> dict[str, Tensor]:
        """Return the network's parameters, by name; beliefs are not among them."""
        beliefs = ("means", "log_stds")
        return {name: part for name, part in self.named_parameters() if name not in beliefs}

    def apply_parameters(self, parameters: AnyParameters, inputs: Tensor) -> Tensor:
        """Return distribution parameters, [M, N, P]; what `parameters` leave out is shared.

        Args:
            parameters: As in `PerTaskPolicy`.
            inputs: Observations and latents, [M, N, D + L].
        """
        return super().apply_parameters({**self.parameters_by_name(), **parameters}, inputs)

    def beliefs(self, problems: Tensor) -> Parameters:
        """Return beliefs before adaptation, [M, L] each.

        Args:
            problems: Numbers of training tasks, [M]; -1 is a new one, whose belief is the prior.
        """
        if not self.latent_size:
            return {}
        known = (problems >= 0).unsqueeze(1)
        rows = problems.clamp(min=0)
        return {
            name: torch.where(known, table[rows], table.new_zeros(()))
            for name, table in ((MEAN, self.means), (LOG_STD, self.log_stds))
        }


@dataclass
class LatentEpisodes(Episodes):
    """A round of episodes, each with a latent, which `inputs` end with."""

    beliefs: Tensor  # what the latent was drawn from, the same at all steps, [M, R, T, 2 L]
    problems: Tensor  # as in `LatentPolicy.beliefs`, the same everywhere in a task, [M, R, T]
    gains: Tensor  # returns of whole episodes relative to the task's, at all steps, [M, R, T]

    @property
    def lengths(self) -> Tensor:
        """Mean length of the tasks' episodes, [M]."""
        return self.mask.sum(dim=2).mean(dim=1)


def log_density(means: Tensor, log_stds: Tensor, latents: Tensor) -> Tensor:
    """Return log densities of latents, summed over the last axis."""
    scaled = (latents - means) * torch.exp(-log_stds)
    return (-0.5 * scaled.square() - log_stds - _HALF_LOG_2PI).sum(dim=-1)


def normal_kl(mean: Tensor, log_std: Tensor, other_mean: Tensor, other_log_std: Tensor) -> Tensor:
    """Return KL(N(mean, std) || N(other mean, other std)), summed over the last axis."""
    apart = (mean - other_mean).square() + torch.exp(2 * log_std)
    terms = other_log_std - log_std + 0.5 * apart * torch.exp(-2 * other_log_std) - 0.5
    return terms.sum(dim=-1)


def episode_gains(rewards: Tensor, mask: Tensor, gamma: float, standardise: bool) -> Tensor:
    """Return discounted returns of episodes minus their task's mean, at every step, [M, R, T].

    Args:
        rewards: [M, R, T].
        mask: 1 where a step was played, [M, R, T].
        gamma: Discount.
        standardise: Divide by the returns' deviation; equal returns give zeros.
    """
    discounts = gamma ** torch.arange(rewards.shape[2], dtype=rewards.dtype)
    returns = (rewards * mask * discounts).sum(dim=2, keepdim=True)
    one = torch.ones_like(returns)
    gains = standardised(returns, returns, one) if standardise else returns - returns.mean(1, True)
    return gains.expand(rewards.shape)


@dataclass(frozen=True)
class LatentReplay:
    """What the outer loss sees of some tasks: their adaptation, repeated on their data."""

    params: Tensor  # of the adapted policy in the last round, [M, R, T, P]
    log_prob: Tensor  # of its actions, [M, R, T]
    first: Parameters  # beliefs before adaptation, [M, L] each; empty without a latent
    last: Parameters  # beliefs after it


@dataclass(frozen=True)
class LatentLearner(Learner):
    """Gradient steps on the belief of a task, and on the policy's parameters where they adapt too.

    An episode's latent is one more action, which the belief takes at its start: its score times
    the return of the whole episode is the gradient.

    Args:
        adapt_policy: Adapt the policy's parameters as MAML does.
    """

    policy: LatentPolicy
    adapt_policy: bool = False

    def start(self, problems: Tensor) -> Parameters:
        """Return what tasks begin with, one set per task.

        Args:
            problems: As in `LatentPolicy.beliefs`.
        """
        shared = self.policy.parameters_by_name() if self.adapt_policy else {}
        return {**self.policy.beliefs(problems), **spread(shared, len(problems))}

    def prepare(self, taken: Mapping[str, Tensor]) -> LatentEpisodes:
        """Return what an `EpisodeStore` gave, with log probabilities, advantages and gains."""
        rewards, mask = taken["rewards"], taken["mask"]
        log_prob = self.policy.head.log_prob(taken["params"], taken["actions"]) * mask
        seen = taken["inputs"][..., : self.policy.builder.observation_size]
        advantages = linear_advantages(seen, rewards, mask, self.gamma, self.gae_lambda)
        if self.normalize_advantage:
            advantages = standardised(advantages, rewards, mask)
        gains = episode_gains(rewards, mask, self.gamma, self.normalize_advantage)
        return LatentEpisodes(**taken, log_prob=log_prob, advantages=advantages, gains=gains)

    def repeat(self, rounds: list[LatentEpisodes], differentiable: bool = True) -> LatentReplay:
        """Repeat the adaptation from the current parameters, on data played with older ones.

        Args:
            rounds: One round for each inner step, and one after them; all of the same tasks.
            differentiable: Keep the graph.
        """
        *before, after = rounds
        start = self.start(after.problems[:, 0, 0])
        adapted = adapt(
            start,
            lambda parameters, step: self._loss(before[step], parameters, step),
            self.rates,
            len(before),
            differentiable=differentiable,
            first_order=self.first_order,
            limit=self.limit,
        )
        params, log_prob = self.evaluate(adapted, after)
        beliefs = ({name: part[name] for name in self._names} for part in (start, adapted))
        return LatentReplay(params, log_prob, *beliefs)

    def densities(self, beliefs: Parameters, episodes: LatentEpisodes) -> tuple[Tensor, Tensor]:
        """Return log densities of the episodes' latents, now and when they were drawn, [M, R]."""
        size = self.policy.latent_size
        latents = episodes.inputs[:, :, 0, -size:]
        mean, log_std = (beliefs[name].unsqueeze(1) for name in (MEAN, LOG_STD))
        old, old_log_std = episodes.beliefs[:, :, 0].split(size, dim=-1)
        now = log_density(mean, log_std.clamp(*LOG_STDS), latents)
        return now, log_density(old, old_log_std, latents)

    @property
    def _names(self) -> tuple[str, ...]:
        return (MEAN, LOG_STD) if self.policy.latent_size else ()

    def _loss(self, episodes: Any, parameters: Parameters, step: int) -> Tensor:
        """Return the sum of the tasks' losses."""
        total = episodes.mask.new_zeros(())
        if self.adapt_policy:
            _, log_prob = self.evaluate(parameters, episodes)
            data = (log_prob, episodes.log_prob, episodes.advantages, episodes.weights)
            total = total + inner_loss(self.estimator, *data)
        if self.policy.latent_size:
            now, old = self.densities(parameters, episodes)
            score = now if self.estimator == "logp" else torch.exp(now - old)
            total = total - (score * episodes.gains[:, :, 0]).mean(dim=1).sum()
        return total


@dataclass(frozen=True)
class LatentLoss(OuterLoss):
    """The loss of adapted beliefs and policy, and of beliefs that are far from the prior.

    A latent counts as an action of an episode's first step, so terms of latents are divided by
    the episodes' length, as the mean over steps divides those of actions.

    Args:
        kl_coef: Weight of the divergence of the training tasks' beliefs from the prior.

    Source:
        Gupta et al. 2018, the objective of meta-training.
    """

    learner: LatentLearner
    kl_coef: float = 0.1

    def __call__(
        self,
        rounds: list[Any],
        gains: Tensor,
        clip: float | None,
        differentiable: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Return the loss, and KL(acting || current) of the adapted policies; means over tasks.

        Args:
            rounds: Rounds of some tasks.
            gains: Not used.
            clip: PPO's clip range; None gives TRPO's surrogate.
            differentiable: Keep the graph.
        """
        after: LatentEpisodes = rounds[-1]
        replay = self.learner.repeat(rounds, differentiable)
        data = (replay.log_prob, after.log_prob, after.advantages)
        loss = _surrogate(*data, after.weights, clip)
        kl = self.learner.policy.head.kl(after.params, replay.params)
        kl = losses.masked_mean(kl, after.weights)
        if not replay.first:
            return loss, kl
        shares = 1.0 / (after.lengths * after.num_tasks)  # of each task's episodes
        now, old = self.learner.densities(replay.last, after)
        weights = (shares / now.shape[1]).unsqueeze(1).expand_as(now)
        of_latents = _surrogate(now, old, after.gains[:, :, 0], weights, clip)
        first, last = replay.first, replay.last
        prior = torch.zeros_like(first[MEAN])
        far = normal_kl(first[MEAN], first[LOG_STD], prior, prior)
        drawn, log_std = after.beliefs[:, 0, 0].chunk(2, dim=-1)
        moved = normal_kl(drawn, log_std, last[MEAN], last[LOG_STD].clamp(*LOG_STDS))
        loss = loss + weights.sum() * of_latents + self.kl_coef * (far * shares).sum()
        return loss, kl + (moved * shares).sum()


def _surrogate(
    log_prob: Tensor, old: Tensor, advantages: Tensor, weights: Tensor, clip: float | None
) -> Tensor:
    """Return TRPO's loss, or PPO's with `clip`; a weighted mean."""
    if clip is None:
        return losses.ratio_surrogate(log_prob, old, advantages, weights)
    return losses.clipped_surrogate(log_prob, old, advantages, clip, weights)
