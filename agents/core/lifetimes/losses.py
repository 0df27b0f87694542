"""The loss of an actor-critic, separate for each learner. T steps, M learners, R rows."""

from __future__ import annotations

import torch

from .rule import by_learner


def actor_critic_loss(
    log_prob: torch.Tensor,
    entropy: torch.Tensor,
    values: torch.Tensor,
    advantages: torch.Tensor,
    targets: torch.Tensor,
    mask: torch.Tensor,
    *,
    ent_coef: float,
    vf_coef: float,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return each learner's loss [M] and figures [M] to log.

    Args:
        log_prob: Log probabilities of the actions, [T, M, R].
        entropy: Entropy of the policy, [T, M, R].
        values: Predicted values, [T, M, R].
        advantages: Advantages (constants), [T, M, R].
        targets: Targets of the values (constants), [T, M, R].
        mask: 1 where a step counts, [T, M, R].
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value loss.

    Source:
        Mnih et al. 2016, section 4 and algorithm S3; half the squared error as in section 4.1 of
        Espeholt et al. 2018. Means over steps and rows, not sums.
    """
    policy = -by_learner(log_prob * advantages, mask)
    value = 0.5 * by_learner((targets - values).square(), mask)
    spread = by_learner(entropy, mask)
    total = policy + vf_coef * value - ent_coef * spread
    return total, {"policy_gradient_loss": policy, "value_loss": value, "entropy": spread}
