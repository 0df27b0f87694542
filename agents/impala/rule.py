"""IMPALA as a rule of learners: older parameters act, V-trace corrects. M learners, k updates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..core.lifetimes.actor_critic import ActorCriticRule
from ..core.lifetimes.losses import Constants
from ..core.lifetimes.rule import Learners, Unroll
from ..core.losses.returns import Weight


@dataclass(frozen=True)
class ImpalaRule(ActorCriticRule):
    """Off-policy actor-critic with V-trace; losses are summed over steps and rows.

    Args:
        lag: Act with the parameters of this many updates ago, k.
        clip_reward: Rewards are clipped to plus and minus this; None does not clip.
        policy_coef: Weight of the policy gradient.
        leak: Share of unbounded importance weights, as in `vtrace`.
    """

    lag: int = 0
    clip_reward: float | None = None
    policy_coef: Weight = 1.0
    leak: Weight = 0.0

    off_policy = True
    summed = True

    @property
    def constants(self) -> Constants:
        """The constants of the loss."""
        return Constants(
            self.gamma, self.gae_lambda, self.vf_coef, self.ent_coef, self.policy_coef, self.leak
        )

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        return with_past(super().begin(seeds), self.lag)

    def acting(self, learners: Learners) -> torch.Tensor:
        """Return the parameters that act, [M, P]."""
        return oldest(learners)

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take one gradient step on what each learner did."""
        seen = clipped(unroll, self.clip_reward)
        updated, figures = super().update(learners, seen, differentiable)
        return moved_on(learners, updated), figures


def clipped(unroll: Unroll, bound: float | None) -> Unroll:
    """Return an unroll with rewards clipped to plus and minus `bound`; None does not clip."""
    if bound is None:
        return unroll
    return dataclasses.replace(unroll, rewards=unroll.rewards.clamp(-bound, bound))


def with_past(learners: Learners, lag: int) -> Learners:
    """Return new learners that remember the parameters of the last `lag` updates, [M, lag, P]."""
    if not lag:
        return learners
    return {**learners, "past": learners["policy"].unsqueeze(1).repeat(1, lag, 1)}


def oldest(learners: Learners) -> torch.Tensor:
    """Return the oldest parameters that learners remember, [M, P]."""
    return learners["past"][:, 0] if "past" in learners else learners["policy"]


def moved_on(before: Learners, after: Learners) -> Learners:
    """Return learners after an update, with those before it as the newest past."""
    if "past" not in before:
        return after
    newest = before["policy"].unsqueeze(1)
    return {**after, "past": torch.cat([before["past"][:, 1:], newest], dim=1)}
