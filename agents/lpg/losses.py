"""The losses of LPG. T steps, M learners, R rows; m numbers of a prediction."""

from __future__ import annotations

import torch

from ..core.lifetimes.rule import by_learner


def inner_loss(
    log_prob: torch.Tensor,
    predicted: torch.Tensor,
    policy_target: torch.Tensor,
    prediction_target: torch.Tensor,
    mask: torch.Tensor,
    kl_coef: float | torch.Tensor,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the loss [M] that learners descend, and its parts [M].

    Args:
        log_prob: Log probabilities of the actions taken, [T, M, R].
        predicted: Log probabilities of the predictions, [T, M, R, m].
        policy_target: How much more probable each action is to become, [T, M, R].
        prediction_target: Log probabilities that predictions are to have, [T, M, R, m].
        mask: 1 where a step was played, [T, M, R].
        kl_coef: Weight of the divergence of the predictions; a number or [M].

    Source:
        Oh et al. 2020, equation 2: the update is along log pi * pi_hat - alpha KL(y || y_hat).
    """
    gain = by_learner(log_prob * policy_target, mask)
    apart = (predicted.exp() * (predicted - prediction_target)).sum(dim=-1)
    divergence = by_learner(apart, mask)
    return kl_coef * divergence - gain, {"gain": gain, "divergence": divergence}


def regularisers(
    policy_target: torch.Tensor, prediction_target: torch.Tensor, mask: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the mean squares [M] of what the rule asks for.

    Args:
        policy_target: [T, M, R].
        prediction_target: Log probabilities, [T, M, R, m].
        mask: 1 where a step was played, [T, M, R].
    """
    squares = prediction_target.exp().square().sum(dim=-1)
    return {
        "policy_target_l2": by_learner(policy_target.square(), mask),
        "prediction_target_l2": by_learner(squares, mask),
    }


def outer_loss(
    log_prob: torch.Tensor,
    advantages: torch.Tensor,
    entropy: torch.Tensor,
    predicted: torch.Tensor,
    squares: dict[str, torch.Tensor],
    mask: torch.Tensor,
    coefs: tuple[float, float, float, float],
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return each lifetime's meta-loss [M], to be minimised in the rule, and its parts [M].

    Args:
        log_prob: Log probabilities, under the learners after K updates, of what they then did,
            [T, M, R].
        advantages: Their advantages, constants, [T, M, R].
        entropy: Entropy of their policies, [T, M, R].
        predicted: Log probabilities of their predictions, [T, M, R, m].
        squares: What `regularisers` returns, means over the K updates.
        mask: 1 where a step was played, [T, M, R].
        coefs: Weights of the entropies of policy and prediction, and of the two squares.

    Source:
        Oh et al. 2020, equations 4 and 5.
    """
    spread = -(predicted.exp() * predicted).sum(dim=-1)
    parts = {
        "meta_gain": by_learner(log_prob * advantages, mask),
        "policy_entropy": by_learner(entropy, mask),
        "prediction_entropy": by_learner(spread, mask),
        **squares,
    }
    of_policy, of_prediction, of_policy_target, of_prediction_target = coefs
    loss = (
        -parts["meta_gain"]
        - of_policy * parts["policy_entropy"]
        - of_prediction * parts["prediction_entropy"]
        + of_policy_target * parts["policy_target_l2"]
        + of_prediction_target * parts["prediction_target_l2"]
    )
    return loss, parts
