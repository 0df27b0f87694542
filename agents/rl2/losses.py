"""PPO on whole trials. T steps, B trials; all [T, B] -> scalar."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..core import losses

PolicyLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float, torch.Tensor], torch.Tensor]


def ppo_loss(
    log_prob: torch.Tensor,
    entropy: torch.Tensor,
    value: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    target: torch.Tensor,
    mask: torch.Tensor,
    *,
    clip: float,
    ent_coef: float,
    vf_coef: float,
    policy_loss: PolicyLoss = losses.clipped_surrogate,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return PPO's loss and its parts.

    Args:
        log_prob: Of the played actions under the current policy.
        entropy: Of the current policy.
        value: Current values.
        old_log_prob: Under the acting policy.
        advantage: Over the whole trial.
        target: Of the value.
        mask: 1 where a step was played.
        clip: Range of the probability ratio.
        ent_coef: Weight of the entropy bonus.
        vf_coef: Weight of the value loss.
        policy_loss: Another surrogate of the same arguments.

    Source:
        Schulman et al. 2017, equation 9.
    """
    surrogate = policy_loss(log_prob, old_log_prob, advantage, clip, mask)
    value_part = losses.value_loss(value, target, mask)
    entropy_mean = losses.masked_mean(entropy, mask)
    total = surrogate + vf_coef * value_part - ent_coef * entropy_mean
    with torch.no_grad():
        figures = {
            "policy_gradient_loss": surrogate,
            "value_loss": value_part,
            "entropy": entropy_mean,
            "approx_kl": losses.approx_kl(log_prob, old_log_prob, mask),
            "clip_fraction": losses.clip_fraction(log_prob, old_log_prob, clip, mask),
        }
    return total, figures
