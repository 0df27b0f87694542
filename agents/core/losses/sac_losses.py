"""Losses of soft actor-critics. B samples, A actions of a discrete space; [..., B] -> scalar.

The first axis of `q` holds the two critics. `ent_coef` weighs the entropy against the reward.
"""

from __future__ import annotations

import torch


def td_target(
    rewards: torch.Tensor, terminated: torch.Tensor, next_values: torch.Tensor, gamma: float
) -> torch.Tensor:
    """Return the critics' targets, [B]; values continue past truncation, but not past termination.

    Source:
        Haarnoja et al. 2018 (arXiv 1801.01290), equation 8.
    """
    return rewards + gamma * (1.0 - terminated) * next_values


def twin_q_loss(q: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the sum of the two critics' mean squared errors.

    Args:
        q: Values of the played actions, [2, B].
        target: Targets [B]; constants.
    """
    return (q - target.detach()).square().mean(dim=-1).sum()


def soft_value(q: torch.Tensor, log_prob: torch.Tensor, ent_coef: torch.Tensor) -> torch.Tensor:
    """Return a policy's value estimated from one of its actions, [B].

    Args:
        q: Values of that action, [2, B].
        log_prob: Log probability of that action, [B].
        ent_coef: Weight of the entropy, scalar.

    Source:
        Haarnoja et al. 2018, equation 3, with the smaller of two critics (section 4.2).
    """
    return q.min(dim=0).values - ent_coef * log_prob


def discrete_soft_value(
    q: torch.Tensor, log_probs: torch.Tensor, ent_coef: torch.Tensor
) -> torch.Tensor:
    """Return a discrete policy's value, [B]: the expectation over its actions.

    Args:
        q: Values of every action, [2, B, A].
        log_probs: Log probabilities of every action, [B, A].
        ent_coef: Weight of the entropy, scalar.

    Source:
        Christodoulou 2019 (arXiv 1910.07207), equation 10.
    """
    return (log_probs.exp() * (q.min(dim=0).values - ent_coef * log_probs)).sum(dim=-1)


def policy_loss(value: torch.Tensor) -> torch.Tensor:
    """Return minus the mean soft value [B] of the policy's own actions.

    Source:
        Haarnoja et al. 2018, equation 12; Christodoulou 2019, equation 12.
    """
    return -value.mean()


def temperature_loss(
    log_ent_coef: torch.Tensor, entropy: torch.Tensor, target_entropy: float
) -> torch.Tensor:
    """Return the loss that raises the entropy's weight when there is too little entropy.

    Args:
        log_ent_coef: Scalar; the only argument that is trained.
        entropy: Entropy of the policy, or minus the log probabilities of its actions, [B].
        target_entropy: Target, in nats.

    Source:
        Haarnoja et al. 2018b (arXiv 1812.05905), equation 18, on the logarithm, as in their code.
    """
    return log_ent_coef * (entropy.detach() - target_entropy).mean()


def size_penalty(params: torch.Tensor) -> torch.Tensor:
    """Return the mean square of a Gaussian's means plus that of its log deviations.

    Args:
        params: Means and log deviations, [B, 2 A].
    """
    means, log_std = params.chunk(2, dim=-1)
    return means.square().mean() + log_std.square().mean()
