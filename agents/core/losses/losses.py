"""Losses and figures that algorithms share. T steps, B trials; all [T, B] -> scalar.

`mask` is 1 where a step was played and 0 where a trial is padded; means are over played steps.
"""

from __future__ import annotations

import torch

_EPSILON = 1e-8


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean over played steps; 0 where rows only wait."""
    return (values * mask).sum() / mask.sum().clamp(min=_EPSILON)


def clipped_surrogate(
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    clip: float,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Return PPO's policy loss.

    Source:
        Schulman et al. 2017, equation 7, negated.
    """
    ratio = torch.exp(log_prob - old_log_prob)
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -masked_mean(torch.minimum(ratio * advantage, clipped * advantage), mask)


def ratio_surrogate(
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Return TRPO's policy loss.

    Source:
        Schulman et al. 2015, equation 14, negated.
    """
    return -masked_mean(torch.exp(log_prob - old_log_prob) * advantage, mask)


def policy_gradient(
    log_prob: torch.Tensor, advantage: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Return the policy loss of an actor-critic; `advantage` carries no gradient.

    Source:
        Mnih et al. 2016, section 4, negated.
    """
    return -masked_mean(log_prob * advantage, mask)


def value_loss(value: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error (not halved, as in Stable-Baselines3)."""
    return masked_mean((value - target).square(), mask)


def clipped_value_loss(
    value: torch.Tensor,
    old_value: torch.Tensor,
    target: torch.Tensor,
    clip: float,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Return PPO2's value loss: values move at most `clip` away from the acting network's."""
    clipped = old_value + (value - old_value).clamp(-clip, clip)
    worst = torch.maximum((value - target).square(), (clipped - target).square())
    return masked_mean(worst, mask)


def approx_kl(
    log_prob: torch.Tensor, old_log_prob: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Estimate KL(old || new) without bias and with low variance.

    Source:
        Schulman 2020, "Approximating KL divergence", estimator k3.
    """
    log_ratio = log_prob - old_log_prob
    return masked_mean(torch.expm1(log_ratio) - log_ratio, mask)


def clip_fraction(
    log_prob: torch.Tensor, old_log_prob: torch.Tensor, clip: float, mask: torch.Tensor
) -> torch.Tensor:
    """Return the share of steps whose probability ratio is outside the clip range."""
    outside = torch.expm1(log_prob - old_log_prob).abs() > clip
    return masked_mean(outside.to(mask.dtype), mask)


def explained_variance(
    value: torch.Tensor, target: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Return 1 - Var(target - value) / Var(target); 1 is perfect, NaN for a constant target."""
    error = target - value
    left = masked_mean((error - masked_mean(error, mask)).square(), mask)
    shifted = target - target[mask > 0][0]  # exactly 0 if constant, unlike with a mean
    whole = masked_mean((shifted - masked_mean(shifted, mask)).square(), mask)
    return torch.where(whole > 0, 1 - left / whole, torch.nan)


def standardise(advantage: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return advantages with mean 0 and deviation 1 over played steps, and 0 elsewhere."""
    centred = (advantage - masked_mean(advantage, mask)) * mask
    return centred / (masked_mean(centred.square(), mask).sqrt() + _EPSILON)
