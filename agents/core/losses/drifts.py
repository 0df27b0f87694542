"""Mirror learning: policy losses that are a gain minus a drift. All tensors of one shape.

A drift f(rho, A) is at least 0, and at rho = 1 both it and its slope are 0: any such f keeps the
guarantees of a trust region. rho is the probability of the action taken over that when it was
taken, A its advantage.

Source:
    Kuba et al. 2022 (mirror learning); Lu et al. 2022 (arXiv 2210.05639).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .losses import masked_mean

Drift = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of log rho and A
_MOST = 20.0  # |log rho| above which it counts as this: exp must stay finite


def ppo_drift(log_ratio: torch.Tensor, advantage: torch.Tensor, clip: float = 0.2) -> torch.Tensor:
    """Return the drift with which mirror learning is PPO: ReLU((rho - clip(rho)) A)."""
    ratio = log_ratio.exp()
    return torch.relu((ratio - ratio.clamp(1 - clip, 1 + clip)) * advantage)


def dpo_drift(
    log_ratio: torch.Tensor, advantage: torch.Tensor, alpha: float = 2.0, beta: float = 0.6
) -> torch.Tensor:
    """Return the drift of DPO, which was read off a learnt one.

    Args:
        log_ratio: log rho.
        advantage: A, standardised: both tanh depend on its scale.
        alpha: Scale of the drift where A is positive.
        beta: Scale where it is negative.

    Source:
        Lu et al. 2022, section 5: ReLU((rho - 1) A - alpha tanh((rho - 1) A / alpha)) for A >= 0,
        ReLU(A log rho - beta tanh(A log rho / beta)) for A < 0.
    """
    up = torch.expm1(log_ratio) * advantage
    down = log_ratio * advantage
    risen = torch.relu(up - alpha * torch.tanh(up / alpha))
    fallen = torch.relu(down - beta * torch.tanh(down / beta))
    return torch.where(advantage >= 0, risen, fallen)


def drift_loss(
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    mask: torch.Tensor,
    drift: Drift,
) -> torch.Tensor:
    """Return the negative mean of rho A - f(rho, A).

    Source:
        Lu et al. 2022, equation 3.
    """
    log_ratio = (log_prob - old_log_prob).clamp(-_MOST, _MOST)
    return -masked_mean(log_ratio.exp() * advantage - drift(log_ratio, advantage), mask)


def dpo_surrogate(
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    clip: float,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Return DPO's policy loss, for whatever takes a `policy_loss`; `clip` has no effect."""
    return drift_loss(log_prob, old_log_prob, advantage, mask, dpo_drift)
