"""Whole losses of actor-critics. T steps, B trials; all [T, B] -> scalar."""

from __future__ import annotations

from collections.abc import Callable

import torch

from . import losses

PolicyLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float, torch.Tensor], torch.Tensor]

POLICY_LOSSES: dict[str, PolicyLoss] = {"clipped": losses.clipped_surrogate}


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
        log_prob: Log probabilities of the played actions under the current policy.
        entropy: Entropy of the current policy.
        value: Current values.
        old_log_prob: Log probabilities of the played actions under the acting policy.
        advantage: Advantages over the whole trial.
        target: Targets of the value.
        mask: 1 where a step was played.
        clip: Range of the probability ratio.
        ent_coef: Weight of the entropy bonus.
        vf_coef: Weight of the value loss.
        policy_loss: Another surrogate that takes the same arguments.

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
        log_prob: Log probabilities of the played actions.
        entropy: Entropy of the policy.
        value: Current values.
        advantage: Return minus value, over the whole trial.
        target: Targets of the value.
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
