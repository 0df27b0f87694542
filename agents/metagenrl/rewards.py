"""Mean and deviation of the rewards that a learner has seen. M learners."""

from __future__ import annotations

import torch

from ..core.lifetimes.rule import Learners, Unroll


def count_rewards(learners: Learners, unroll: Unroll) -> Learners:
    """Return learners whose statistics have taken in an unroll's rewards."""
    mask = unroll.mask.transpose(0, 1).flatten(1)
    rewards = unroll.rewards.transpose(0, 1).flatten(1) * mask
    fresh, before = mask.sum(dim=1), learners["rewards"]
    mean = rewards.sum(dim=1) / fresh.clamp(min=1)
    squares = ((rewards - mean[:, None]).square() * mask).sum(dim=1)
    count = before + fresh
    apart, share = mean - learners["reward_mean"], fresh / count.clamp(min=1)
    between = apart.square() * before * share
    return {
        **learners,
        "rewards": count,
        "reward_mean": learners["reward_mean"] + apart * share,
        "reward_squares": learners["reward_squares"] + squares + between,
    }


def deviation_of_rewards(learners: Learners) -> torch.Tensor:
    """Return the deviation of each learner's rewards so far, [M]."""
    variance = learners["reward_squares"] / learners["rewards"].clamp(min=1)
    return (variance + 1e-6).sqrt()
