"""A policy with a value network, both adapted by gradient steps; and how they learn a task.

M tasks, R rows of a task, T steps; N steps of a task, D numbers in an observation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from gymnasium import spaces

from ..core.learning.adaptation import Parameters, adapt, spread
from ..core.losses.losses import masked_mean
from ..core.nets.mlp import MlpRegressor, PerTaskPolicy
from ..core.nets.standardise import Standardise
from .episodes import Episodes, episode_gae, standardised
from .learner import Learner
from .losses import inner_loss


def of_part(part: str, parameters: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the parameters of a part of a policy, by their names in it."""
    begin = f"{part}."
    return {
        name.removeprefix(begin): tensor
        for name, tensor in parameters.items()
        if name.startswith(begin)
    }


class ValuedPolicy(PerTaskPolicy):
    """An MLP policy and a value network of the same shape.

    The value network's outputs are in units of the returns' deviation, so the size of rewards does
    not matter; their moments change only between iterations.

    Args:
        observation_space: As in `PerTaskPolicy`.
        action_space: As in `PerTaskPolicy`.
        net_arch: Widths of the layers of each.
        **rest: As in `PerTaskPolicy`.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (64, 64),
        **rest: Any,
    ):
        super().__init__(observation_space, action_space, net_arch, **rest)
        size = self.builder.observation_size
        self.critic: Any = MlpRegressor(size, 1, net_arch, type(self.activation))
        self.returns = Standardise(1)

    def value_episodes(
        self, parameters: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> torch.Tensor:
        """Return values of whole episodes in units of the returns' deviation, [M, R, T].

        Args:
            parameters: As in `apply_parameters`.
            inputs: [M, R, T, D].
        """
        flat = self._shown(inputs).flatten(1, 2)
        found = self.critic.apply_parameters(of_part("critic", parameters), flat)
        return found.reshape(inputs.shape[:3])

    def in_deviations(self, returns: torch.Tensor) -> torch.Tensor:
        """Return returns in units of their deviation."""
        return self.returns(returns[..., None])[..., 0]

    def in_rewards(self, values: torch.Tensor) -> torch.Tensor:
        """Return values in units of rewards."""
        mean, variance = self.returns.moments[1:, 0].to(values.dtype)
        return values * variance.sqrt() + mean


@dataclass
class ValuedEpisodes(Episodes):
    """A round with what the value network should have said."""

    returns: torch.Tensor  # that the advantages imply, in rewards, [M, R, T]
    targets: torch.Tensor  # the same in units of their deviation, [M, R, T]


@dataclass(frozen=True)
class PairReplay:
    """What the outer loss sees of some tasks: their adaptation, and the following task's round."""

    params: torch.Tensor  # of the adapted policy in the following task, [M, R, T, P]
    log_prob: torch.Tensor  # of its actions, [M, R, T]
    values: torch.Tensor  # of the adapted value network, in deviations, [M, R, T]
    before: list[torch.Tensor]  # log probabilities of every step's round, [M, R, T] each


@dataclass(frozen=True)
class ValuedLearner(Learner):
    """Gradient steps on a policy and its value network.

    Args:
        vf_coef: Weight of the value network's loss in the steps.
    """

    policy: ValuedPolicy
    vf_coef: float = 0.5

    def prepare_with(
        self, taken: Mapping[str, torch.Tensor], parameters: Parameters
    ) -> ValuedEpisodes:
        """Return what an `EpisodeStore` gave, with advantages over the acting value network.

        Args:
            taken: From `EpisodeStore.take`.
            parameters: Those that acted, one set per task, [M, ...].
        """
        rewards, mask, inputs = taken["rewards"], taken["mask"], taken["inputs"]
        log_prob = self.policy.head.log_prob(taken["params"], taken["actions"]) * mask
        with torch.no_grad():
            device = next(iter(parameters.values())).device
            found = self.policy.value_episodes(parameters, inputs.to(device))
            values = self.policy.in_rewards(found).cpu()
            gained = episode_gae(rewards, values, mask, self.gamma, self.gae_lambda)
            advantages, returns = (part * mask for part in gained)
            if self.normalize_advantage:
                advantages = standardised(advantages, rewards, mask)
            targets = self.policy.in_deviations(returns.to(device)).cpu() * mask
        return ValuedEpisodes(
            **taken, log_prob=log_prob, advantages=advantages, returns=returns, targets=targets
        )

    def replay_pair(self, rounds: list[ValuedEpisodes], differentiable: bool = True) -> PairReplay:
        """Repeat the adaptation to a task from the current parameters, and evaluate the next one.

        Args:
            rounds: One round for each inner step, and one of the following task; all of the same M.
            differentiable: Keep the graph.
        """
        *before, after = rounds
        log_probs: list[torch.Tensor] = []

        def loss(parameters: Parameters, step: int) -> torch.Tensor:
            total, log_prob = self._losses(before[step], parameters)
            log_probs.append(log_prob)
            return total

        adapted = adapt(
            spread(self.policy.parameters_by_name(), after.num_tasks),
            loss,
            self.rates,
            len(before),
            differentiable=differentiable,
            first_order=self.first_order,
            limit=self.limit,
        )
        params, log_prob = self.evaluate(adapted, after)
        return PairReplay(params, log_prob, self.values(adapted, after), log_probs)

    def values(self, parameters: Parameters, episodes: Episodes) -> torch.Tensor:
        """Return values in units of the returns' deviation, [M, R, T]."""
        return self.policy.value_episodes(parameters, episodes.inputs)

    def reuse(
        self, parameters: Parameters, episodes: ValuedEpisodes, step: int, weights: torch.Tensor
    ) -> Parameters:
        """Take a step on episodes that other policies played; as in `step`.

        Args:
            parameters: One set per task, [M, ...].
            episodes: Episodes of the same tasks.
            step: Number of the step.
            weights: Importance weights of the played steps, [M, R, T].
        """
        return self.step(
            parameters, replace(episodes, advantages=episodes.advantages * weights), step
        )

    def _loss(self, episodes: Any, parameters: Parameters, step: int) -> torch.Tensor:
        return self._losses(episodes, parameters)[0]

    def _losses(
        self, episodes: ValuedEpisodes, parameters: Parameters
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sum of the tasks' losses, and log probabilities [M, R, T]."""
        _, log_prob = self.evaluate(parameters, episodes)
        weights = episodes.weights
        policy = inner_loss(
            self.estimator, log_prob, episodes.log_prob, episodes.advantages, weights
        )
        error = (self.values(parameters, episodes) - episodes.targets).square()
        return policy + self.vf_coef * (error * weights).sum(), log_prob


def value_error(values: torch.Tensor, episodes: ValuedEpisodes) -> torch.Tensor:
    """Return the mean squared error of values [M, R, T] in deviations; tasks count equally."""
    return masked_mean((values - episodes.targets).square(), episodes.weights)
