"""In-context losses. G discounts, C critics, T steps, B trials, A actions; time-major.

Source: Grigsby et al. 2024 (AMAGO, arXiv 2310.09971), section 4, and the code published with it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..core.losses.losses import masked_mean


def multi_gamma_targets(
    rewards: Tensor, next_values: Tensor, continues: Tensor, gammas: Tensor
) -> Tensor:
    """Return r + gamma * V(next) for every discount, [G, T, B]; r alone at a trial's last step.

    Args:
        rewards: [T, B].
        next_values: Values of the successors, [G, T - 1, B]: those of steps 1 to T - 1.
        continues: 1 where the trial goes on after the step, [T, B].
        gammas: [G].
    """
    following = torch.zeros(len(gammas), *rewards.shape, device=rewards.device)
    following[:, :-1] = next_values
    return rewards + gammas[:, None, None] * continues * following


def pessimistic(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the least value of the chosen critics, [G, ...].

    Args:
        values: [G, C, ...].
        chosen: Indices of critics.

    Source:
        Chen et al. 2021 (REDQ, arXiv 2101.05982), equation 1.
    """
    return values[:, chosen].amin(dim=1)


def expected(log_probs: Tensor, values: Tensor) -> Tensor:
    """Return the mean over a policy's actions, [G, C, ...].

    Args:
        log_probs: [G, ..., A].
        values: Of every action, [G, C, ..., A].
    """
    return (log_probs.exp().unsqueeze(1) * values).sum(dim=-1)


def critic_loss(values: Tensor, targets: Tensor, scales: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared error of all critics, each discount's in units of its scale.

    Args:
        values: Of the actions taken, [G, C, T, B].
        targets: [G, T, B]; constants.
        scales: [G].
        mask: 1 where a step counts, [T, B].
    """
    errors = (values - targets.detach().unsqueeze(1)) / scales[:, None, None, None]
    return masked_mean(errors.square().mean(dim=(0, 1)), mask)


def filtered_cloning(log_prob: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """Return the mean surprise at actions that were better than the policy's, others being 0.

    Args:
        log_prob: Log probability of the actions taken, by each discount's policy, [G, T, B].
        advantages: Their values beyond the policy's, [G, T, B]; constants.
        mask: 1 where a step counts, [T, B].

    Source:
        Wang et al. 2020 (CRR, arXiv 2006.15134), equation 3 with the binary filter.
    """
    better = (advantages.detach() > 0).to(log_prob.dtype)
    return -masked_mean((better * log_prob).mean(dim=0), mask)


def policy_gain(values: Tensor, scales: Tensor, mask: Tensor) -> Tensor:
    """Return the mean value of the policies' own actions, in units of the scales, a scalar.

    Args:
        values: [G, C, T, B].
        scales: [G].
        mask: 1 where a step counts, [T, B].
    """
    return masked_mean((values / scales[:, None, None, None]).mean(dim=(0, 1)), mask)


def spread_of(targets: Tensor, mask: Tensor) -> Tensor:
    """Return the standard deviation of each discount's targets, [G].

    Args:
        targets: [G, T, B].
        mask: 1 where a step counts, [T, B].
    """
    count = mask.sum()
    means = (targets * mask).sum(dim=(1, 2)) / count
    apart = (targets - means[:, None, None]).square() * mask
    return (apart.sum(dim=(1, 2)) / count).sqrt()
