"""STAC as a rule of learners: IMPALA whose constants follow a meta-gradient. M learners."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..core.lifetimes.losses import Basis, Constants, loss_of_unroll
from ..core.lifetimes.meta_gradient import Figures, MetaGradientRule
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.nets.discrete_heads import DiscreteHead
from ..core.nets.policy_head import PolicyHead
from ..core.nets.stacked import Parts
from .rule import ImpalaRule, clipped, moved_on

NAMES = ("gamma", "gae_lambda", "vf_coef", "policy_coef", "ent_coef", "alpha")
_SHARES = ("vf_coef", "policy_coef", "ent_coef")  # eta holds these as shares of the outer ones


@dataclass(kw_only=True)
class StacRule(MetaGradientRule):
    """IMPALA with leaky V-trace, whose constants follow the gradient of its own outer loss.

    The outer loss is of the same unroll, at the updated parameters, with the inner rule's constants
    as they stand.

    Args:
        inner: Acts and learns; its constants are those of the outer loss, and of the inner loss
            where they are no meta-parameters.
        kl_coef: Weight of the outer loss's KL divergence from the updated to the present policy.
        auxiliary: Further pairs of policy and value, which never act and have their own constants.
    """

    inner: ImpalaRule
    kl_coef: float
    auxiliary: int = 0

    def acting(self, learners: Learners) -> torch.Tensor:
        """Return the parameters that act, [M, P]."""
        return self.inner.acting(learners)

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, Figures]:
        """Take one gradient step, and one of the meta-parameters."""
        seen = clipped(unroll, self.inner.clip_reward)
        updated, figures = super().update(learners, seen, differentiable)
        return moved_on(learners, updated), figures

    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the loss [M] of all pairs of policy and value, and figures [M] of the first."""
        pairs = self._pairs(policy, unroll)
        bases = [None] * len(pairs) if fixed is None else self._pairs(fixed, unroll)
        total, figures = self._loss(pairs[0], unroll, self._constants(eta, 0), bases[0])
        for index in range(1, len(pairs)):
            constants = self._constants(eta, index)
            total = total + self._loss(pairs[index], unroll, constants, bases[index])[0]
        return total, figures

    def outer(
        self,
        learners: Learners,
        policy: torch.Tensor,
        unroll: Unroll,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the outer loss [M] of the pair that acts, and figures [M]."""
        pair = self._pairs(policy, unroll)[0]
        basis = None if fixed is None else self._pairs(fixed, unroll)[0]
        loss, _ = self._loss(pair, unroll, self.inner.constants, basis)
        with torch.no_grad():
            before = self._pairs(learners["policy"], unroll)[0].policy
        apart = by_learner(self.network.head.kl(pair.policy, before), unroll.mask)
        return loss + self.kl_coef * apart * unroll.mask.sum(dim=(0, 2)), {"kl": apart}

    def _pairs(self, policy: torch.Tensor, unroll: Unroll) -> list[Basis]:
        """Return the outputs of every pair of policy and value, that which acts first."""
        further = [auxiliary_name(one) for one in range(1, self.auxiliary + 1)]
        outputs, after = unroll.outputs(self.network, policy, ("value", *further))
        pairs = [Basis(outputs["policy"], outputs["value"], after["value"])]
        for name in further:
            policies = distribution(self.network.head, outputs[name][..., :-1])
            pairs.append(Basis(policies, outputs[name][..., -1], after[name][..., -1]))
        return pairs

    def _loss(
        self, pair: Basis, unroll: Unroll, constants: Constants, basis: Basis | None
    ) -> tuple[torch.Tensor, Figures]:
        of, inner = self.network.head, self.inner
        return loss_of_unroll(of, *pair, unroll, constants, inner.off_policy, inner.summed, basis)

    def _constants(self, eta: Parts, index: int) -> Constants:
        """Return the constants of a pair: meta-parameters where there are, else the outer ones."""
        fixed, own = self.inner.constants._asdict(), {}
        for name in NAMES:
            value = eta.get(eta_name(name, index))
            if value is None:
                continue
            if name == "alpha":
                own["leak"] = (1.0 - value).unsqueeze(-1)
            else:
                own[name] = value * fixed[name] if name in _SHARES else value.unsqueeze(-1)
        return Constants(**{**fixed, **own})


def parameters_of(head: PolicyHead) -> int:
    """Return how many outputs an auxiliary policy has."""
    if isinstance(head, DiscreteHead):
        return head.logits.out_features
    return 2 * head.noise_size  # means and log deviations


def distribution(head: PolicyHead, outputs: torch.Tensor) -> torch.Tensor:
    """Return the distribution parameters of an auxiliary policy for its outputs."""
    return head.distribution(outputs) if isinstance(head, DiscreteHead) else outputs


def eta_name(name: str, index: int) -> str:
    """Return the name of a meta-parameter of a pair; the first pair is the one that acts."""
    return f"{name}_{index}" if index else name


def auxiliary_name(index: int) -> str:
    """Return the name of an auxiliary pair's output: its logits, then its value."""
    return f"auxiliary_{index}"
