"""The rule of `QBMG`: Q(lambda), whose epsilon is learnt from where the action values went later.

T steps, M learners, P parameters, R rows, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..core.learning.functional import Optimizer, clip_norm, norms
from ..core.lifetimes.actor_critic import descend, with_optimizer
from ..core.lifetimes.meta_parameters import MetaParameters
from ..core.lifetimes.path import adapt, refuse_not_finite
from ..core.lifetimes.rule import Learners, Rule, Unroll, by_learner
from ..core.losses.returns import vtrace
from .context import InContext, RewardContext
from .q_network import EpsilonGreedyQ, epsilon_greedy

EPSILON = InContext("epsilon", "exploration")


@dataclass(kw_only=True)
class EpsilonRule(Rule):
    """Q(lambda) on unrolls, whose epsilon follows a bootstrapped meta-gradient.

    Args:
        network: Action values.
        optimizer: Optimiser of their parameters.
        n_steps: Steps of a row between updates, T.
        learning_rate: Learning rate of the optimiser.
        gamma: Discount.
        q_lambda: Lambda of the returns.
        max_grad_norm: Each learner's gradient norm is clipped to this; None does not clip.
        meta: The meta-parameters, of `EPSILON`.
        meta_optimizer: Their optimiser.
        meta_learning_rate: Its learning rate.
        meta_max_grad_norm: Each learner's meta-gradient is clipped to this norm; None does not
            clip.
        target_steps: Updates between a policy and its target, L.
        context: What epsilon is a function of.
    """

    network: EpsilonGreedyQ
    optimizer: Optimizer
    n_steps: int
    learning_rate: float
    gamma: float
    q_lambda: float
    max_grad_norm: float | None
    meta: MetaParameters
    meta_optimizer: Optimizer
    meta_learning_rate: float
    meta_max_grad_norm: float | None
    target_steps: int
    context: RewardContext
    adapts = ("epsilon",)

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        policy = self.network.begin(seeds)
        eta = self.meta.begin(seeds).to(policy.device)
        state = self.meta_optimizer.begin(eta)
        learners = {
            **with_optimizer(self.optimizer, policy),
            **{"eta": eta, **{f"meta.{name}": part for name, part in state.items()}},
            **self.context.begin(policy),
            "updates": policy.new_zeros(len(seeds), dtype=torch.int64),  # since the policy below
        }
        return self._settled(_from_here(learners))

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Learn from an unroll; after `target_steps` times adapt epsilon.

        Raises:
            NotFiniteError: If a meta-gradient is not finite; names the meta-parameter.
            ValueError: If `differentiable`: these updates are not.
        """
        if differentiable:
            raise ValueError("differentiable=True: the greedy action has no derivative")
        learners = self.context.see(learners, unroll)
        policy = learners["policy"].detach().requires_grad_()
        loss = self.loss(policy, unroll)
        (grads,) = torch.autograd.grad(loss.sum(), policy)
        clipped = clip_norm(grads, self.max_grad_norm)
        after = descend(self.optimizer, learners, policy, clipped, self.learning_rate)
        after = {name: part.detach() for name, part in after.items()}
        after["updates"] = learners["updates"] + 1
        figures = {"q_loss": loss.detach(), "grad_norm": norms(grads)}
        due = after["updates"] == self.target_steps
        if bool(due.any()):
            after, judged = self._adapt(after, unroll, due)
            figures |= judged
        after = self._settled(after)
        return after, {**figures, "epsilon": self._epsilon(after)}

    def loss(self, policy: torch.Tensor, unroll: Unroll) -> torch.Tensor:
        """Return half the mean squared error of the played actions' values, [M].

        Targets are Peng's returns: G_t = r_t + gamma ((1 - lambda) max_a q(s_t+1, a) + lambda
        G_t+1), also behind actions that were not greedy.

        Args:
            policy: Parameters, [M, P].
            unroll: What was played.
        """
        outputs, next_values = unroll.values(self.network, policy)
        targets = vtrace(
            unroll.rewards,
            outputs["value"].detach(),
            next_values.detach(),
            self.gamma * unroll.alive,
            unroll.continues,
            None,
            self.q_lambda,
        ).targets
        first = int(getattr(self.network.action_space, "start", 0))
        index = (unroll.actions - first).unsqueeze(-1)
        played = outputs["q"].gather(-1, index).squeeze(-1)
        return 0.5 * by_learner((targets - played).square(), unroll.mask)

    def distance(self, eta: torch.Tensor, learners: Learners, unroll: Unroll) -> torch.Tensor:
        """Return KL(target || earlier policy) over an unroll's states, [M]; differentiable in eta.

        The target is greedy with respect to the values as they are now, the earlier policy
        epsilon-greedy with respect to those of `target_steps` updates ago.

        Args:
            eta: Meta-parameters, [M, E].
            learners: As they are now.
            unroll: The latest one.
        """
        epsilon = EPSILON.value(self.meta.values(eta), learners.get("start_context"))
        with torch.no_grad():
            inputs = unroll.inputs[:-1]
            before = self.network.over_time(learners["start"], inputs)["q"]
            best = self.network.over_time(learners["policy"], inputs)["q"].argmax(dim=-1)
        earlier = epsilon_greedy(before, epsilon[:, None, None])
        kl = -earlier.gather(-1, best.unsqueeze(-1)).squeeze(-1)
        return by_learner(kl, unroll.mask)

    def _adapt(
        self, learners: Learners, unroll: Unroll, due: torch.Tensor
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Adapt the epsilon of learners where `due` [M], and return figures (NaN elsewhere)."""
        eta = learners["eta"].detach().requires_grad_()
        distance = self.distance(eta, learners, unroll)
        (grads,) = torch.autograd.grad(distance.sum(), eta)
        refuse_not_finite(distance, self.meta.layout.unflatten(grads))
        clipped = clip_norm(grads, self.meta_max_grad_norm)
        adapted = _from_here(adapt(self.meta_optimizer, learners, clipped, self.meta_learning_rate))
        chosen = {
            name: torch.where(due.reshape(-1, *(1,) * (part.ndim - 1)), part, learners[name])
            for name, part in adapted.items()
        }
        figures = {"meta_loss": distance.detach(), "meta_grad_norm": norms(grads)}
        return chosen, {
            name: torch.where(due, part, torch.full_like(part, float("nan")))
            for name, part in figures.items()
        }

    def _epsilon(self, learners: Learners) -> torch.Tensor:
        return EPSILON.value(self.meta.values(learners["eta"]), learners.get("context"))

    def _settled(self, learners: Learners) -> Learners:
        """Return learners that act with their present epsilon."""
        policy = self.network.with_epsilon(learners["policy"], self._epsilon(learners))
        return {**learners, "policy": policy}


def _from_here(learners: Learners) -> Learners:
    """Return learners whose next target is compared to what they are now."""
    begun = {"start": learners["policy"], "updates": torch.zeros_like(learners["updates"])}
    if "context" in learners:
        begun["start_context"] = learners["context"]
    return {**learners, **begun}
