"""Advantage actor-critic on whole trials. T steps, B trials; all [T, B] -> scalar."""

from __future__ import annotations

import torch

from ..core import losses


def a2c_loss(
    log_prob: torch.Tensor,
    entropy: torch.Tensor,
    value: torch.Tensor,
    advantage: torch.Tensor,
    target: torch.Tensor,
    mask: torch.Tensor,
    *,
    ent_coef: float,
    vf_coef: float,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the loss and its parts.

    Args:
        log_prob: Of the played actions.
        entropy: Of the policy.
        value: Current values.
        advantage: Return minus value, over the whole trial.
        target: Of the value.
        mask: 1 where a step was played.
        ent_coef: Weight of the entropy bonus.
        vf_coef: Weight of the value loss.

    Source:
        Wang et al. 2016, section 2.3 (the gradient of Mnih et al. 2016).
    """
    policy_part = losses.policy_gradient(log_prob, advantage, mask)
    value_part = losses.value_loss(value, target, mask)
    entropy_mean = losses.masked_mean(entropy, mask)
    total = policy_part + vf_coef * value_part - ent_coef * entropy_mean
    figures = {
        "policy_gradient_loss": policy_part,
        "value_loss": value_part,
        "entropy": entropy_mean,
    }
    return total, figures
