"""The rule of `BMG`: the target of meta-learning is where the learner itself went later.

T steps, M learners, P parameters, R rows; C rewards of the context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from ..core.learning.functional import clip_norm
from ..core.lifetimes.actor_critic import descend
from ..core.lifetimes.meta_gradient import Figures, MetaGradientRule
from ..core.lifetimes.path import of_policy
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.nets import stacked
from .context import InContext, RewardContext

ENT_COEF = InContext("ent_coef", "entropy")


@dataclass(kw_only=True)
class BootstrapRule(MetaGradientRule):
    """An actor-critic that adapts its entropy bonus, perhaps as a function of its latest rewards.

    Args:
        context: C, how many unrolls' mean rewards the entropy bonus is a function of; 0 makes it
            one number.
        matching: `"kl"`: KL(target || learner) over the unroll; `"squared"`: half the squared
            distance of parameters.
        value_match_coef: Weight of half the squared difference of values, beside `"kl"`.
    """

    context: int
    matching: Literal["kl", "squared"]
    value_match_coef: float

    @property
    def adapts(self) -> tuple[str, ...]:  # type: ignore[override]
        """The figures that are meta-parameters."""
        return ("ent_coef",)

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        learners = super().begin(seeds)
        return learners | RewardContext(self.context).begin(learners["policy"])

    def see(self, learners: Learners, unroll: Unroll) -> Learners:
        """Note the unroll's mean reward, for the context."""
        return RewardContext(self.context).see(learners, unroll)

    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: stacked.Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the actor-critic's loss [M] with the learnt entropy bonus, and figures [M]."""
        ent_coef = ENT_COEF.value(eta, context)
        constants = self.inner.constants._replace(ent_coef=ent_coef)
        loss, figures = self.inner.loss(policy, unroll, constants, fixed)
        return loss, {**figures, "ent_coef": ent_coef}

    def target(self, learners: Learners, unroll: Unroll) -> torch.Tensor:
        """Return the parameters [M, P] after a step on the true objective, without the bonus."""
        policy = learners["policy"].detach().requires_grad_()
        loss, _ = self.inner.loss(policy, unroll, self.inner.constants._replace(ent_coef=0.0))
        (grads,) = torch.autograd.grad(loss.sum(), policy)
        clipped = clip_norm(grads, self.inner.max_grad_norm)
        parts = of_policy(learners)
        rate = self.inner.learning_rate
        return descend(self.inner.optimizer, parts, policy, clipped, rate)["policy"].detach()

    def outer(
        self,
        learners: Learners,
        policy: torch.Tensor,
        unroll: Unroll,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the distance [M] between the learner and its target."""
        target = self.target(learners, unroll)
        if self.matching == "squared":
            return 0.5 * (target - policy).square().sum(dim=1), {}
        inputs = unroll.inputs[:-1]
        wanted = self.network.over_time(target, inputs)
        found = self.network.over_time(policy, inputs)
        kl = self.network.head.kl(wanted["policy"], found["policy"])
        loss = by_learner(kl, unroll.mask)
        if self.value_match_coef:
            errors = (wanted["value"] - found["value"]).square()
            loss = loss + self.value_match_coef * 0.5 * by_learner(errors, unroll.mask)
        return loss, {}
