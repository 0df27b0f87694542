"""The value function of each lifetime, by which the outer loop judges. M learners, R rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..core.learning.functional import Adam
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.losses.returns import vtrace
from ..core.nets.actor_critic import ActorCritic

_OPTIMIZER = Adam(eps=1e-5)
_PREFIX = "critic_optimizer."


@dataclass(frozen=True)
class Critic:
    """A value function that starts anew with its learner, and follows it.

    Args:
        network: A network with the output `"value"`.
        learning_rate: Of its Adam.
        gamma: Discount.
        gae_lambda: Lambda of advantages and targets.
    """

    network: ActorCritic
    learning_rate: float
    gamma: float
    gae_lambda: float

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new value functions."""
        critic = self.network.begin(seeds)
        state = _OPTIMIZER.begin(critic)
        return {"critic": critic, **{f"{_PREFIX}{name}": part for name, part in state.items()}}

    def step(
        self, learners: Learners, unroll: Unroll
    ) -> tuple[Learners, torch.Tensor, torch.Tensor]:
        """Take a step towards an unroll's returns.

        Returns:
            The learners; the advantages [T, M, R], by the values before the step; the loss [M].
        """
        critic = learners["critic"].detach().requires_grad_()
        outputs, next_values = unroll.values(self.network, critic)
        values = outputs["value"]
        returns = vtrace(
            unroll.rewards,
            values.detach(),
            next_values.detach(),
            self.gamma * unroll.alive,
            unroll.continues,
            None,
            self.gae_lambda,
        )
        loss = 0.5 * by_learner((returns.targets - values).square(), unroll.mask)
        (grads,) = torch.autograd.grad(loss.sum(), critic)
        state = {
            name.removeprefix(_PREFIX): part
            for name, part in learners.items()
            if name.startswith(_PREFIX)
        }
        after, state = _OPTIMIZER.step(critic.detach(), grads, state, self.learning_rate)
        judged = {"critic": after, **{f"{_PREFIX}{name}": part for name, part in state.items()}}
        return {**learners, **judged}, returns.advantages, loss.detach()
