"""The evidence lower bound of trials. E beliefs, B trials, T steps, C cells, L latents.

E counts beliefs of one trial: each decodes all of its steps, past and future.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from ..core.losses.losses import masked_mean
from ..core.nets.belief import gaussian_kl


def posterior_kl(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return how far each belief is from the one before it, and the first from N(0, I).

    Args:
        mean: Means of all beliefs of a trial, the prior first, [T + 1, B, L].
        log_variance: Their log variances, [T + 1, B, L].

    Returns:
        [T + 1, B], in nats.

    Source:
        Zintgraf et al. 2020, section 3.1: the previous posterior is the prior of the next.
    """
    before_mean = torch.cat([torch.zeros_like(mean[:1]), mean[:-1]])
    before_log_variance = torch.cat([torch.zeros_like(log_variance[:1]), log_variance[:-1]])
    return gaussian_kl(mean, log_variance, before_mean, before_log_variance)


def gaussian_log_likelihood(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return log N(target; prediction, I) without its constant, [..., D] -> [...]."""
    return -0.5 * (prediction - target).square().sum(dim=-1)


def bernoulli_log_likelihood(
    logits: torch.Tensor, hits: torch.Tensor, misses: torch.Tensor
) -> torch.Tensor:
    """Return the log likelihood of how often each cell paid and did not.

    All steps of a trial at once: those in one cell share its logit.

    Args:
        logits: Logits that a cell pays, [E, B, C].
        hits: Steps of the trial that ended in a cell and paid, [B, C].
        misses: Steps that ended in a cell and did not, [B, C].

    Returns:
        Sums over the steps, [E, B].
    """
    paid = functional.logsigmoid(logits) * hits
    missed = functional.logsigmoid(-logits) * misses
    return (paid + missed).sum(dim=-1)


def goal_log_likelihood(
    logits: torch.Tensor, hits: torch.Tensor, misses: torch.Tensor
) -> torch.Tensor:
    """Return the log likelihood of a trial's steps where exactly one cell pays, each time.

    It is the probability of the cells that may be the goal after the trial: the one that paid, or
    else all those it has not seen empty. Unlike a likelihood per cell, this learns nothing
    from where the policy happened to look, so the prior of a cell that is only visited after many
    others were empty is not overrated.

    Args:
        logits: Logits of the cells, [E, B, C].
        hits: As in `bernoulli_log_likelihood`, [B, C].
        misses: [B, C].

    Returns:
        [E, B].
    """
    found = hits.sum(dim=-1, keepdim=True) > 0
    possible = torch.where(found, hits > 0, misses == 0)
    consistent = logits.masked_fill(~possible, -torch.inf)
    # all cells seen empty: not a world of one goal, and nothing to learn
    consistent = torch.where(possible.any(dim=-1, keepdim=True), consistent, logits)
    return torch.logsumexp(consistent, dim=-1) - torch.logsumexp(logits, dim=-1)


def elbo_loss(
    log_likelihood: torch.Tensor,
    kl: torch.Tensor,
    mask: torch.Tensor,
    *,
    kl_coef: float,
    kl_scale: str = "consistent",
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the negative evidence lower bound, a mean over beliefs and trials.

    Args:
        log_likelihood: Log likelihood of all steps of a trial under a belief, [E, B].
        kl: Divergence from the previous belief, [E, B].
        mask: 1 where the trial has that belief, [E, B].
        kl_coef: Weight of the KL; 1 is the bound itself.
        kl_scale: `"consistent"` averages both over trials. `"original"` is what the release
            computes: the reconstruction is a mean over trials and the KL a sum, so its weight grows
            with the number of trials, B times `kl_coef`.

    Source:
        Zintgraf et al. 2020, equations 5-8; `vae.py` of the release for `"original"`.
    """
    reconstruction = -masked_mean(log_likelihood, mask)
    divergence = masked_mean(kl, mask)
    weight = kl_coef * (mask.shape[1] if kl_scale == "original" else 1)
    figures = {"reconstruction_loss": reconstruction, "belief_kl": divergence}
    return reconstruction + weight * divergence, figures
