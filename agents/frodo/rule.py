"""The rule of `FRODO`: a network says what values and advantages should have been.

T steps, M learners, P parameters, R rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..core.lifetimes.losses import actor_critic_loss
from ..core.lifetimes.meta_gradient import Figures, MetaGradientRule
from ..core.lifetimes.meta_parameters import MetaParameters, Weights
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.nets import stacked
from ..core.nets.backward_rnn import BackwardRnn

_INPUTS = 5  # of the target network, see `_read`


@dataclass(kw_only=True)
class TargetRule(MetaGradientRule):
    """An actor-critic that learns from targets which a network makes of the trajectory.

    Args:
        targets: The network; its weights are the meta-parameters.
        consistency_coef: Weight of the consistency loss in the outer objective.
        bootstrap: Add the network's output to the one-step target r + gamma v(s').
    """

    targets: BackwardRnn
    consistency_coef: float
    bootstrap: bool

    def inner_loss(
        self,
        policy: torch.Tensor,
        unroll: Unroll,
        eta: stacked.Parts,
        context: torch.Tensor | None = None,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return the loss [M] of an actor-critic with learnt targets, and figures [M]."""
        outputs, next_values = unroll.values(self.network, policy)
        basis = {name: part.detach() for name, part in outputs.items()}, next_values.detach()
        if fixed is not None:
            basis = unroll.values(self.network, fixed)
        targets = self.targets_of(eta, *basis, unroll)
        head, constants = self.network.head, self.inner.constants
        loss, figures = actor_critic_loss(
            head.log_prob(outputs["policy"], unroll.actions),
            head.entropy(outputs["policy"]),
            outputs["value"],
            targets - basis[0]["value"],
            targets,
            unroll.mask,
            ent_coef=constants.ent_coef,
            vf_coef=constants.vf_coef,
            summed=self.inner.summed,
        )
        return loss, {**figures, "target": by_learner(targets, unroll.mask)}

    def outer(
        self,
        learners: Learners,
        policy: torch.Tensor,
        unroll: Unroll,
        fixed: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, Figures]:
        """Return an actor-critic's loss [M] with ordinary lambda returns, and figures [M]."""
        loss, figures = self.inner.loss(policy, unroll, fixed=fixed)
        return loss, {"meta_value_loss": figures["value_loss"]}

    def direct(
        self, eta: torch.Tensor, learners: Learners, unroll: Unroll
    ) -> tuple[torch.Tensor, Figures]:
        """Return the consistency loss [M]: a target equals reward plus discounted next target."""
        outputs, next_values = unroll.values(self.network, learners["policy"].detach())
        targets = self.targets_of(self.meta.values(eta), outputs, next_values, unroll)
        later = torch.cat([targets[1:], torch.zeros_like(targets[:1])]).detach()
        ahead = unroll.rewards + self.inner.gamma * unroll.alive * later
        # Where an unroll or an episode is cut, the next target is unknown.
        known = unroll.mask * torch.maximum(unroll.continues, 1 - unroll.alive)
        loss = by_learner((ahead - targets).square(), known)
        return self.consistency_coef * loss, {"consistency_loss": loss}

    def targets_of(
        self,
        eta: stacked.Parts,
        outputs: dict[str, torch.Tensor],
        next_values: torch.Tensor,
        unroll: Unroll,
    ) -> torch.Tensor:
        """Return the learnt targets, [T, M, R]; differentiable in all that they are made of.

        Args:
            eta: Weights of the network by name.
            outputs: Outputs of the actor-critic, [T, M, R, ...].
            next_values: Its values of each step's true successor, [T, M, R].
            unroll: What was played.
        """
        discounts = self.inner.gamma * unroll.alive
        chosen = self.network.head.log_prob(outputs["policy"], unroll.actions).exp()
        read = [unroll.rewards, discounts, outputs["value"], next_values, chosen]
        weights = {
            name.removeprefix("targets."): part
            for name, part in eta.items()
            if name.startswith("targets.")
        }
        targets = self.targets.forward(weights, torch.stack(read, dim=-1), unroll.continues)
        targets = targets.squeeze(-1)
        return targets + unroll.rewards + discounts * next_values if self.bootstrap else targets


def target_network(width: int, bootstrap: bool) -> tuple[BackwardRnn, MetaParameters]:
    """Return the network of a `TargetRule`, and the meta-parameters that it consists of.

    Args:
        width: Units of its LSTM.
        bootstrap: See `TargetRule`; the network's output then begins at 0.
    """
    network = BackwardRnn(_INPUTS, 1, width, gain=0.0 if bootstrap else 0.1)
    return network, MetaParameters({}, {"targets": Weights(network.shapes, network.begin)})
