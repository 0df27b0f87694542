"""Inner and outer losses of gradient-based meta-learning.

M tasks, R rows of a task, T steps; all [M, R, T], task-major: a task's steps are one block of
memory for the batched products of its own parameters. `weights` are 0 where nothing was played and
sum to 1 in every task, so tasks count equally whatever their episodes' lengths.
"""

from __future__ import annotations

import torch

from ..core.losses.losses import masked_mean

ESTIMATORS = ("logp", "lvc", "dice")


def task_weights(mask: torch.Tensor) -> torch.Tensor:
    """Return weights that sum to 1 in every task, from a mask of played steps."""
    return mask / mask.sum(dim=(1, 2), keepdim=True)


def inner_loss(
    estimator: str,
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    advantage: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Return the sum over tasks of each task's policy-gradient surrogate.

    All three have the same first derivative at the acting policy, sample by sample; they differ in
    the second derivatives, through which a meta-gradient sees the pre-update sampling. Ratios are
    relative to the acting policy, not to a constant copy of the current one, so the outer loss is a
    function of the parameters, as a line search and further steps on the same data require. If the
    two policies are equal, it makes no difference.

    Args:
        estimator: `"logp"` (MAML as published: biased), `"lvc"` (ratios: low variance, biased by
            the cross terms only) or `"dice"` (unbiased, about twice the deviation).
        log_prob: Log probabilities of the played actions.
        old_log_prob: The same under the acting policy.
        advantage: Advantages; carry no gradient.
        weights: See above.

    Source:
        Finn et al. 2017, equation 4; Rothfuss et al. 2018 (ProMP), equations 9-10; Foerster et al.
        2018 (DiCE) in the form with advantages of Farquhar et al. 2019 (Loaded DiCE): so the same
        advantages serve all three; the release fits a baseline to discounted rewards instead.
    """
    if estimator == "logp":
        return -(log_prob * advantage * weights).sum()
    if estimator == "lvc":
        return -(torch.exp(log_prob - old_log_prob) * advantage * weights).sum()
    played = (weights > 0).to(log_prob.dtype)
    box = torch.exp(torch.cumsum((log_prob - old_log_prob) * played, dim=2))
    # the change of the box credits A_t to step t: sum_t box_t (A_t - A_t+1), rearranged
    before = torch.cat([torch.ones_like(box[:, :, :1]), box[:, :, :-1]], dim=2)
    return -((box - before) * advantage * weights).sum()


def exploration_loss(
    log_prob: torch.Tensor, weights: torch.Tensor, gain: torch.Tensor
) -> torch.Tensor:
    """Return E-MAML's term: make pre-update actions likelier where the adapted policy did well.

    Args:
        log_prob: Log probabilities of the actions before adaptation, under the initial policy.
        weights: See above.
        gain: Mean standardised reward after adaptation, [M].

    Source:
        Stadie et al. 2018, equation 6, as ProMP's release computes it (negated).
    """
    return -(gain * (log_prob * weights).sum(dim=(1, 2))).mean()


def standardised_gains(rewards: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return each task's mean reward, standardised over all tasks' steps, [M].

    Args:
        rewards: Rewards after adaptation.
        mask: 1 where a step was played.
    """
    centred = rewards - masked_mean(rewards, mask)
    deviation = masked_mean(centred.square(), mask).sqrt()
    return (centred * task_weights(mask)).sum(dim=(1, 2)) / (deviation + 1e-8)
