"""The loss of an actor-critic, separate for each learner. T steps, M learners, R rows."""

from __future__ import annotations

from typing import NamedTuple

import torch

from ..losses.returns import VTrace, Weight, vtrace
from ..nets.policy_head import PolicyHead
from .rule import Unroll, by_learner


class Constants(NamedTuple):
    """The constants of an actor-critic's loss; tensors of them may require gradients.

    Discount, lambda and leak are numbers or tensors that broadcast to [T, M, R] (one for each
    learner: [M, 1]); coefficients are numbers or tensors [M].
    """

    gamma: Weight
    gae_lambda: Weight
    vf_coef: Weight
    ent_coef: Weight
    policy_coef: Weight = 1.0
    leak: Weight = 0.0  # as in `vtrace`; papers write alpha = 1 - leak


class Basis(NamedTuple):
    """What returns are made of, by other parameters than those that are to be improved."""

    policy: torch.Tensor  # distribution parameters, [T, M, R, ...]
    values: torch.Tensor  # [T, M, R]
    next_values: torch.Tensor  # of each step's true successor, [T, M, R]


def returns_of(
    head: PolicyHead,
    policy: torch.Tensor,
    values: torch.Tensor,
    next_values: torch.Tensor,
    unroll: Unroll,
    constants: Constants,
    off_policy: bool = False,
    attached: bool = False,
) -> VTrace:
    """Return targets and advantages of an unroll, differentiable in the constants.

    Args:
        head: What the distribution parameters belong to.
        policy: Distribution parameters of the policy that learns, [T, M, R, ...].
        values: Its values, [T, M, R].
        next_values: Its values of each step's true successor, [T, M, R].
        unroll: What was played.
        constants: Discount, lambda and leak are used.
        off_policy: Weigh by the policy's probabilities over those of the policy that acted
            (`unroll.record["policy"]`).
        attached: Make them differentiable in policy and values too.
    """
    if not attached:
        policy, values, next_values = policy.detach(), values.detach(), next_values.detach()
    log_rho = None
    if off_policy:
        acted = head.log_prob(unroll.record["policy"], unroll.actions)
        log_rho = head.log_prob(policy, unroll.actions) - acted
    return vtrace(
        unroll.rewards,
        values,
        next_values,
        constants.gamma * unroll.alive,
        unroll.continues,
        log_rho,
        constants.gae_lambda,
        leak=constants.leak,
    )


def loss_of_unroll(
    head: PolicyHead,
    policy: torch.Tensor,
    values: torch.Tensor,
    next_values: torch.Tensor,
    unroll: Unroll,
    constants: Constants,
    off_policy: bool = False,
    summed: bool = False,
    basis: Basis | None = None,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return each learner's loss [M] on an unroll, and figures [M]; see `returns_of` for arguments.

    Gradients reach the network through `policy` and `values` only outside the returns, and the
    constants everywhere. With `basis` the returns are made of it, and differentiable in it.
    """
    attached = basis is not None
    basis = basis or Basis(policy, values, next_values)
    returns = returns_of(head, *basis, unroll, constants, off_policy, attached)
    return actor_critic_loss(
        head.log_prob(policy, unroll.actions),
        head.entropy(policy),
        values,
        returns.advantages,
        returns.targets,
        unroll.mask,
        ent_coef=constants.ent_coef,
        vf_coef=constants.vf_coef,
        policy_coef=constants.policy_coef,
        summed=summed,
    )


def actor_critic_loss(
    log_prob: torch.Tensor,
    entropy: torch.Tensor,
    values: torch.Tensor,
    advantages: torch.Tensor,
    targets: torch.Tensor,
    mask: torch.Tensor,
    *,
    ent_coef: Weight,
    vf_coef: Weight,
    policy_coef: Weight = 1.0,
    summed: bool = False,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return each learner's loss [M] and figures [M] to log.

    Args:
        log_prob: Log probabilities of the actions, [T, M, R].
        entropy: Entropy of the policy, [T, M, R].
        values: Predicted values, [T, M, R].
        advantages: Advantages, which do not depend on the parameters, [T, M, R].
        targets: Targets of the values, likewise, [T, M, R].
        mask: 1 where a step counts, [T, M, R].
        ent_coef: Weight of the entropy; a number or [M], as are the others.
        vf_coef: Weight of the value loss.
        policy_coef: Weight of the policy gradient.
        summed: Return the sum over steps and rows instead of the mean; figures stay means.

    Source:
        Mnih et al. 2016, section 4 and algorithm S3; half the squared error as in section 4.1 of
        Espeholt et al. 2018, who sum; A2C takes means.
    """
    policy = -by_learner(log_prob * advantages, mask)
    value = 0.5 * by_learner((targets - values).square(), mask)
    spread = by_learner(entropy, mask)
    total = policy_coef * policy + vf_coef * value - ent_coef * spread
    if summed:
        total = total * mask.sum(dim=(0, 2))
    return total, {"policy_gradient_loss": policy, "value_loss": value, "entropy": spread}
