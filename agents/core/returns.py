"""Returns and advantages, once for every agent. T steps, B trials; all [T, B], time-major.

Differentiable in `gamma` and `gae_lambda`, which may be tensors.
"""

from __future__ import annotations

import torch

Weight = float | torch.Tensor


def gae(
    rewards: torch.Tensor,
    values: torch.Tensor,
    continues: torch.Tensor,
    gamma: Weight,
    gae_lambda: Weight,
    last_value: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return generalised advantages and the returns they imply.

    Args:
        rewards: After each step, [T, B].
        values: Of the state before each step, [T, B].
        continues: 0 where nothing follows the step (a trial's end), else 1, [T, B].
        gamma: Discount.
        gae_lambda: Lambda.
        last_value: Of the state after the last step, [B]; None is 0.

    Returns:
        Advantages [T, B], and returns (advantages + values) [T, B].

    Source:
        Schulman et al. 2016, equation 16.
    """
    after = torch.zeros_like(values[0]) if last_value is None else last_value
    next_values = torch.cat([values[1:], after[None]])
    deltas = rewards + gamma * continues * next_values - values
    weights = gamma * gae_lambda * continues
    advantage = torch.zeros_like(after)
    backwards = []
    for delta, weight in zip(reversed(deltas.unbind()), reversed(weights.unbind()), strict=True):
        advantage = torch.addcmul(delta, weight, advantage)
        backwards.append(advantage)
    advantages = torch.stack(backwards[::-1])
    return advantages, advantages + values


def lambda_returns(
    rewards: torch.Tensor,
    next_values: torch.Tensor,
    continues: torch.Tensor,
    gamma: Weight,
    lambda_: Weight,
) -> torch.Tensor:
    """Return lambda-returns.

    Args:
        rewards: After each step, [T, B].
        next_values: Of the state after each step, [T, B].
        continues: 0 where nothing follows the step, else 1, [T, B].
        gamma: Discount.
        lambda_: 0 is one step, 1 the discounted sum.

    Source:
        Sutton and Barto 2018, equation 12.3.
    """
    result = next_values[-1]
    backwards = []
    for step in range(len(rewards) - 1, -1, -1):
        mixed = (1 - lambda_) * next_values[step] + lambda_ * result
        result = rewards[step] + gamma * continues[step] * mixed
        backwards.append(result)
    return torch.stack(backwards[::-1])
