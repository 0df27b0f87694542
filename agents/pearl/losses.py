"""PEARL's loss of the encoder. M tasks, L latents."""

from __future__ import annotations

import torch

from ..core.nets.encoders import kl_to_prior


def encoder_loss(
    critic_loss: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, kl_coef: float
) -> torch.Tensor:
    """Return the loss that critics and encoder share: the Bellman error and the bottleneck.

    Args:
        critic_loss: Loss of the critics given a sample of the posterior, scalar; besides the
            divergence, the only one whose gradient reaches the encoder.
        mean: Means of the posteriors, [M, L].
        log_variance: Log variances of the posteriors, [M, L].
        kl_coef: Weight of the divergence from N(0, I), which is summed over tasks.

    Source:
        Rakelly et al. 2019, equation 1 and algorithm 1, line 19; the sum as in their code.
    """
    return critic_loss + kl_coef * kl_to_prior(mean, log_variance).sum()
