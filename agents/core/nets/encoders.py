"""Encoders of sets of transitions. M tasks with N transitions of D numbers each, L latents.

A posterior is a diagonal Gaussian: a mean and a log variance, [..., L]; the prior is N(0, I).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .belief import gaussian_kl
from .kernels.fast_mlp import FastMlp, Precision

_SMALLEST_VARIANCE = 1e-7  # of one factor, as in the code of Rakelly et al.


def product_of_gaussians(
    precision: torch.Tensor, weighted_mean: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the product of Gaussian factors, given sums over the factors.

    Args:
        precision: Sum of the factors' inverse variances, [..., L]; 0 if there are no factors.
        weighted_mean: Sum of the factors' means times their inverse variances, [..., L].

    Returns:
        Mean and log variance, [..., L]; both 0, as in the prior, if there are no factors. The prior
        is not itself a factor.

    Source:
        Rakelly et al. 2019, section 4.1.
    """
    empty = precision == 0
    whole = torch.where(empty, torch.ones_like(precision), precision)
    return weighted_mean / whole, -torch.log(whole)


def kl_to_prior(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return KL(posterior || N(0, I)) in nats, [...]."""
    zeros = torch.zeros_like(mean)
    return gaussian_kl(mean, log_variance, zeros, zeros)


class ProductEncoder(nn.Module):
    """One Gaussian factor per transition; their product, in any order, is the posterior.

    Args:
        input_size: D.
        latent_size: L.
        net_arch: Widths of the layers.
        activation: Activation between the layers.

    Source:
        Rakelly et al. 2019 (PEARL), section 4.1 and figure 1.
    """

    def __init__(
        self,
        input_size: int,
        latent_size: int,
        net_arch: Sequence[int] = (200, 200, 200),
        activation: type[nn.Module] = nn.ReLU,
    ):
        super().__init__()
        self.latent_size = latent_size
        self.layers = FastMlp(input_size, 2 * latent_size, net_arch, activation)

    def factors(
        self, context: torch.Tensor, precision: Precision = "float32"
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return each transition's precision, and mean times precision; [..., D] -> [..., L].

        Args:
            context: Transitions.
            precision: Floating-point precision of the hidden layers, as in `FastMlp`.
        """
        mean, raw = self.layers(context, precision).chunk(2, dim=-1)
        sharpness = nn.functional.softplus(raw).clamp(min=_SMALLEST_VARIANCE).reciprocal()
        return sharpness, mean * sharpness

    def forward(
        self,
        context: torch.Tensor,
        mask: torch.Tensor | None = None,
        *,
        drawn: torch.Tensor | None = None,
        precision: Precision = "float32",
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Infer the posterior of each task.

        Args:
            context: [M, N, D]; without transitions (N = 0) the result is the prior.
            mask: 1 where there is a transition, [M, N]; None for everywhere.
            drawn: Indices into the transitions `context` [n, D] of each task's context, int64
                [M, N]; a transition drawn more than once is encoded once.
            precision: Floating-point precision of the hidden layers, as in `FastMlp`.

        Returns:
            Mean and log variance, [M, L].
        """
        sharpness, weighted = self.factors(context, precision)
        if drawn is not None:
            sharpness, weighted = sharpness[drawn], weighted[drawn]
        if mask is not None:
            sharpness, weighted = sharpness * mask[..., None], weighted * mask[..., None]
        return product_of_gaussians(sharpness.sum(dim=-2), weighted.sum(dim=-2))
