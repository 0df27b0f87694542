"""The actor-critic as a rule of learners: act, and after T steps one gradient step on them.

M learners of P parameters, R rows of each, T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..learning.functional import Optimizer, Rate, clip_norm, norms
from ..nets.actor_critic import ActorCritic
from .losses import Basis, Constants, loss_of_unroll
from .rule import Learners, Rule, Unroll

_PREFIX = "optimizer."  # of the optimiser's state among a learner's arrays


@dataclass(frozen=True)
class ActorCriticRule(Rule):
    """On-policy actor-critic with lambda returns.

    Args:
        network: A network with an output `"value"`.
        optimizer: Optimiser of the parameters.
        n_steps: Steps of a row between updates, T.
        learning_rate: Learning rate of the optimiser.
        gamma: Discount.
        gae_lambda: Lambda of the advantages and of the value targets.
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value loss.
        max_grad_norm: Each learner's gradient norm is clipped to this; None does not clip.
    """

    network: ActorCritic
    optimizer: Optimizer
    n_steps: int
    learning_rate: float
    gamma: float
    gae_lambda: float
    ent_coef: float
    vf_coef: float
    max_grad_norm: float | None

    off_policy = False  # weigh by probabilities over those of the policy that acted
    summed = False  # the loss is a sum over steps, not a mean

    @property
    def constants(self) -> Constants:
        """The constants of the loss."""
        return Constants(self.gamma, self.gae_lambda, self.vf_coef, self.ent_coef)

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        return with_optimizer(self.optimizer, self.network.begin(seeds))

    def loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        constants: Constants | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return each learner's loss [M] at parameters [M, P], and figures [M].

        Args:
            policy: Parameters, [M, P].
            unroll: What was played.
            constants: Constants of the loss, which may be tensors that require gradients; None
                takes the rule's own.
            fixed: The same parameters again, if the returns are to be differentiable in them: a
                gradient with respect to `policy` takes returns as constants nevertheless.
        """
        constants = self.constants if constants is None else constants
        outputs, next_values = unroll.values(self.network, policy)
        basis = None
        if fixed is not None:
            again, next_again = unroll.values(self.network, fixed)
            basis = Basis(again["policy"], again["value"], next_again)
        return loss_of_unroll(
            self.network.head,
            outputs["policy"],
            outputs["value"],
            next_values,
            unroll,
            constants,
            self.off_policy,
            self.summed,
            basis,
        )

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Take one gradient step on what each learner did."""
        policy = learners["policy"]
        if not differentiable:
            policy = policy.detach().requires_grad_()
        loss, figures = self.loss(policy, unroll)
        (grads,) = torch.autograd.grad(loss.sum(), policy, create_graph=differentiable)
        clipped = clip_norm(grads, self.max_grad_norm)
        updated = descend(self.optimizer, learners, policy, clipped, self.learning_rate)
        figures = {**figures, "grad_norm": norms(grads)}
        if not differentiable:
            updated, figures = (
                {name: part.detach() for name, part in parts.items()}
                for parts in (updated, figures)
            )
        return updated, figures


def with_optimizer(optimizer: Optimizer, policy: torch.Tensor) -> Learners:
    """Return learners with parameters `policy` [M, P], and the optimiser's first state."""
    return {"policy": policy, **_prefixed(optimizer.begin(policy))}


def descend(
    optimizer: Optimizer,
    learners: Learners,
    policy: torch.Tensor,
    grads: torch.Tensor,
    learning_rate: Rate,
) -> Learners:
    """Return learners after one step of the optimiser; a graph through it is kept if there is one.

    Args:
        optimizer: The optimiser whose state the learners hold as `optimizer.*`.
        learners: [M, ...]; everything but the policy and the optimiser's state stays as it is.
        policy: Parameters from which the step is taken, [M, P].
        grads: Gradients of the loss to be minimised, [M, P].
        learning_rate: A number, or a tensor [] or [M].
    """
    state = {
        name.removeprefix(_PREFIX): part
        for name, part in learners.items()
        if name.startswith(_PREFIX)
    }
    after, state = optimizer.step(policy, grads, state, learning_rate)
    return {**learners, "policy": after, **_prefixed(state)}


def _prefixed(state: dict[str, torch.Tensor]) -> Learners:
    return {f"{_PREFIX}{name}": part for name, part in state.items()}
