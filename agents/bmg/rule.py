"""The rule of `BMG`: the target of meta-learning is where the learner itself went later.

T steps, M learners, P parameters, R rows; C rewards of the context.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from ..core.learning.functional import clip_norm
from ..core.lifetimes.actor_critic import descend
from ..core.lifetimes.meta_gradient import Figures, MetaGradientRule
from ..core.lifetimes.meta_parameters import Bounded, MetaParameters, Weights
from ..core.lifetimes.path import of_policy
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.nets import stacked

_LEAST = 1e-8  # of the scale of rewards


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
        if self.context:
            nothing = learners["policy"].new_zeros(len(seeds), self.context)
            learners |= {"history": nothing, "context": nothing, "scale": nothing[:, :2]}
        return learners

    def see(self, learners: Learners, unroll: Unroll) -> Learners:
        """Note the unroll's mean reward, for the context.

        The context is tanh(mean reward / scale), where the scale is the root of the mean square of
        all the mean rewards so far.
        """
        if not self.context:
            return learners
        latest = by_learner(unroll.rewards, unroll.mask)[:, None]
        history = torch.cat([learners["history"][:, 1:], latest], dim=1)
        count = learners["scale"][:, 1:] + 1
        mean = learners["scale"][:, :1]
        mean = mean + (latest.square() - mean) / count
        context = torch.tanh(history / (mean.sqrt() + _LEAST))
        scale = torch.cat([mean, count], dim=1)
        return {**learners, "history": history, "context": context, "scale": scale}

    def ent_coef(self, eta: stacked.Parts, context: torch.Tensor | None) -> torch.Tensor:
        """Return the weight of the entropy, [M]."""
        if context is None:
            return eta["ent_coef"]
        layer = eta["entropy.0.weight"], eta["entropy.0.bias"]
        hidden = torch.relu(stacked.linear(context[:, None], *layer))
        last = stacked.linear(hidden, eta["entropy.1.weight"], eta["entropy.1.bias"])
        return torch.sigmoid(last[:, 0, 0])

    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: stacked.Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the actor-critic's loss [M] with the learnt entropy bonus, and figures [M]."""
        ent_coef = self.ent_coef(eta, context)
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


def meta_parameters(initial: float, context: int, width: int) -> MetaParameters:
    """Return the meta-parameters of a `BootstrapRule`.

    Args:
        initial: Weight of the entropy at first: exactly without a context, else on the average.
        context: C.
        width: Units of the network between context and entropy bonus.

    Raises:
        ValueError: If `initial` is not strictly between 0 and 1.
    """
    bonus = Bounded(initial)
    if not context:
        return MetaParameters({"ent_coef": bonus})
    shapes = {
        **{"0.weight": (width, context), "0.bias": (width,)},
        **{"1.weight": (1, width), "1.bias": (1,)},
    }
    return MetaParameters({}, {"entropy": Weights(shapes, partial(_draw_bonus, shapes, bonus))})


def _draw_bonus(
    shapes: Mapping[str, tuple[int, ...]], bonus: Bounded, generator: torch.Generator
) -> stacked.Parts:
    return {
        "0.weight": stacked.orthogonal(shapes["0.weight"], math.sqrt(2), generator),
        "0.bias": torch.zeros(shapes["0.bias"]),
        "1.weight": stacked.orthogonal(shapes["1.weight"], 0.1, generator),
        "1.bias": torch.full(shapes["1.bias"], bonus.raw_initial()),
    }
