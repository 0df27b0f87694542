"""Soft actor-critic networks that take a condition beside the observation.

B samples, D numbers of an observation, C of a condition, A of an action, P of a distribution.
Actions are flat and of unit size: in [-1, 1] where the space is a Box, one-hot where discrete.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from gymnasium import spaces
from torch import nn

from ..losses import sac_losses as losses
from ..nets.kernels.fast_mlp import FastMlp, Precision, check_precision
from .action_kinds import OneHot, TanhGaussian, action_kind

_MIN_LOG_STD, _MAX_LOG_STD = -20.0, 2.0
_LOG_SQRT_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass
class Transitions:
    """A batch of transitions for the losses."""

    inputs: torch.Tensor  # [B, D]
    actions: torch.Tensor  # [B, A]
    rewards: torch.Tensor  # [B]
    terminated: torch.Tensor  # 1 where the episode terminated (not truncated), [B]
    next_inputs: torch.Tensor  # [B, D]


CRITICS = ("core.q.", "core.target_q.")  # what acting does without, in a policy with a `core`
RewardHook = Callable[[Transitions], torch.Tensor]  # rewards [B] instead of the batch's


class TwinQ(nn.Module):
    """Two critics.

    Args:
        inputs: Size of an input.
        outputs: 1, or one for each action.
        net_arch: Widths of the layers.
        activation: Activation between the layers.
    """

    def __init__(
        self, inputs: int, outputs: int, net_arch: Sequence[int], activation: type[nn.Module]
    ):
        super().__init__()
        self.both = nn.ModuleList(FastMlp(inputs, outputs, net_arch, activation) for _ in range(2))

    def forward(self, inputs: torch.Tensor, precision: Precision = "float32") -> torch.Tensor:
        """Return [2, B, outputs]."""
        return torch.stack([one(inputs, precision) for one in self.both])


class SoftActorCritic(nn.Module):
    """A policy, twin critics and their slow copies (Haarnoja et al. 2018), all given a condition.

    Gradients of the critics' loss reach the condition; the policy's and the targets' do not.

    Args:
        observation_size: D.
        action_space: Box with bounds, or Discrete.
        condition_size: C; 0 for none.
        net_arch: Widths of the layers.
        activation: Activation between the layers.
        precision: `"float32"`, or `"bfloat16"` for hidden layers in the losses (`FastMlp`); actions
            are always chosen in float32.

    Raises:
        TypeError: If the action space is not supported.
        ValueError: If it has no bounds, or the precision is unknown.
    """

    def __init__(
        self,
        observation_size: int,
        action_space: spaces.Space,
        condition_size: int = 0,
        net_arch: Sequence[int] = (256, 256),
        activation: type[nn.Module] = nn.ReLU,
        precision: Precision = "float32",
    ):
        super().__init__()
        check_precision(precision)
        self.precision = precision
        self.kind = action_kind(action_space)
        self.discrete = isinstance(self.kind, OneHot)
        seen = observation_size + condition_size
        self.policy = FastMlp(seen, self.kind.params_size, net_arch, activation)
        outputs = self.kind.size if self.discrete else 1
        inputs = seen if self.discrete else seen + self.kind.size
        self.q = TwinQ(inputs, outputs, net_arch, activation)
        self.target_q = copy.deepcopy(self.q).requires_grad_(False)

    def params(self, inputs: torch.Tensor, condition: torch.Tensor | None) -> torch.Tensor:
        """Return the policy's distribution parameters, [B, P]."""
        return self.policy(_beside(inputs, condition))

    def critic_loss(
        self,
        batch: Transitions,
        condition: torch.Tensor | None,
        noise: torch.Tensor,
        *,
        ent_coef: torch.Tensor,
        gamma: float,
        reward_hook: RewardHook | None = None,
    ) -> torch.Tensor:
        """Return the loss of both critics; only its gradient reaches the condition.

        Args:
            batch: [B, ...].
            condition: [B, C], or None.
            noise: Noise for the next actions, [B, noise size].
            ent_coef: Weight of the entropy, scalar.
            gamma: Discount.
            reward_hook: Returns rewards [B] to use instead of the batch's, e.g. of a skill or a
                relabelling.
        """
        with torch.no_grad():
            rewards = batch.rewards if reward_hook is None else reward_hook(batch)
            fixed = None if condition is None else condition.detach()
            value, _, _ = self._value(
                self.target_q, batch.next_inputs, fixed, noise, ent_coef.detach()
            )
            target = losses.td_target(rewards, batch.terminated, value, gamma)
        return losses.twin_q_loss(self._q_of(batch, condition), target)

    def actor_loss(
        self,
        inputs: torch.Tensor,
        condition: torch.Tensor | None,
        noise: torch.Tensor,
        *,
        ent_coef: torch.Tensor,
        penalty_coef: float = 0.0,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the policy's loss and its entropy [B] (estimated from one action if continuous).

        Args:
            inputs: [B, D].
            condition: [B, C], or None; treated as a constant.
            noise: Noise for the actions, [B, noise size].
            ent_coef: Weight of the entropy, scalar.
            penalty_coef: Weight of `size_penalty`, for continuous actions.
        """
        fixed = None if condition is None else condition.detach()
        self.q.requires_grad_(False)
        value, entropy, params = self._value(self.q, inputs, fixed, noise, ent_coef.detach())
        self.q.requires_grad_(True)
        loss = losses.policy_loss(value)
        if penalty_coef and not self.discrete:
            loss = loss + penalty_coef * losses.size_penalty(params)
        return loss, entropy

    @torch.no_grad()
    def follow(self, tau: float) -> None:
        """Move the slow critics by `tau` towards the critics."""
        slow: list[torch.Tensor] = list(self.target_q.parameters())
        fast: list[torch.Tensor] = list(self.q.parameters())
        torch._foreach_lerp_(slow, fast, tau)

    def _q_of(self, batch: Transitions, condition: torch.Tensor | None) -> torch.Tensor:
        """Return the critics' values of the played actions, [2, B]."""
        seen = _beside(batch.inputs, condition)
        if self.discrete:
            return (self.q(seen, self.precision) * batch.actions).sum(dim=-1)
        return self.q(torch.cat([seen, batch.actions], dim=-1), self.precision).squeeze(-1)

    def _value(
        self,
        critics: nn.Module,
        inputs: torch.Tensor,
        condition: torch.Tensor | None,
        noise: torch.Tensor,
        ent_coef: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the policy's soft value [B], its entropy [B] and its parameters [B, P]."""
        seen = _beside(inputs, condition)
        params = self.policy(seen, self.precision)
        if isinstance(self.kind, TanhGaussian):
            actions, log_prob = self.kind.sample(params, noise)
            q = critics(torch.cat([seen, actions], dim=-1), self.precision).squeeze(-1)
            return losses.soft_value(q, log_prob, ent_coef), -log_prob, params
        log_probs = torch.log_softmax(params, dim=-1)
        value = losses.discrete_soft_value(critics(seen, self.precision), log_probs, ent_coef)
        return value, -(log_probs.exp() * log_probs).sum(dim=-1), params


def _beside(inputs: torch.Tensor, condition: torch.Tensor | None) -> torch.Tensor:
    return inputs if condition is None else torch.cat([inputs, condition], dim=-1)
