"""Encoders of sets of transitions. M tasks, N transitions of a task, D numbers of one, L latents.

A posterior is a diagonal Gaussian: a mean and a log variance, [..., L]; the prior is N(0, I).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .belief import gaussian_kl
from .kernels.fast_mlp import FastMlp, Precision

_SMALLEST_VARIANCE = 1e-7  # of a factor, as in the code of Rakelly et al.


def product_of_gaussians(
    precision: torch.Tensor, weighted_mean: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the product of Gaussian factors, from sums over the factors.

    Args:
        precision: Sum of the factors' inverse variances, [..., L]; 0 where there is no factor.
        weighted_mean: Sum of their means times these, [..., L].

    Returns:
        Mean and log variance, [..., L]; the prior's 0 and 0 where there is no factor. The prior is
        no factor of its own.

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
    """One Gaussian factor a transition; their product is the posterior, whatever their order.

    Args:
        input_size: D.
        latent_size: L.
        net_arch: Widths of the layers.
        activation: Between them.

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
        """Return each transition's precision, and its mean times that; [..., D] -> [..., L].

        Args:
            context: Transitions.
            precision: Of the hidden layers, as in `FastMlp`.
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
            context: [M, N, D]; without transitions (N = 0) it is the prior.
            mask: 1 where there is a transition, [M, N]; None is everywhere.
            drawn: Which of the transitions `context` [n, D] the contexts consist of, int64 [M, N]:
                one that was drawn more than once is encoded once.
            precision: Of the hidden layers, as in `FastMlp`.

        Returns:
            Mean and log variance, [M, L].
        """
        sharpness, weighted = self.factors(context, precision)
        if drawn is not None:
            sharpness, weighted = sharpness[drawn], weighted[drawn]
        if mask is not None:
            sharpness, weighted = sharpness * mask[..., None], weighted * mask[..., None]
        return product_of_gaussians(sharpness.sum(dim=-2), weighted.sum(dim=-2))
