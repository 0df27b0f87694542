"""The outer step: updates the initial parameters after a round for every inner step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ..core.losses import losses
from ..core.losses.trust_region import finite_difference_product, trust_region_step
from .episodes import Episodes
from .learner import Learner, chunks
from .losses import exploration_loss, standardised_gains

OUTERS = ("trpo", "ppo", "reptile")


@dataclass(frozen=True)
class OuterLoss:
    """The loss of the adapted policies, as a function of the initial parameters.

    Args:
        learner: The learner whose policy (and learnt rates) are trained.
        exploration_coef: Weight of E-MAML's term.
        inner_kl_coef: Weight of ProMP's penalty.
    """

    learner: Learner
    exploration_coef: float = 0.0
    inner_kl_coef: float = 0.0

    def parameters(self) -> list[nn.Parameter]:
        """Return the parameters that the outer loop trains."""
        rates = self.learner.rates
        return [*self.learner.policy.parameters(), *(rates.parameters() if rates.learnt else ())]

    def __call__(
        self,
        rounds: list[Episodes],
        gains: torch.Tensor,
        clip: float | None,
        differentiable: bool = True,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and KL(acting || current) of the adapted policies; means over tasks.

        Args:
            rounds: Rounds of some tasks.
            gains: Gains of the same tasks, as `standardised_gains` gives them, [M].
            clip: PPO's clip range; None gives TRPO's surrogate.
            differentiable: Keep the graph.
        """
        after = rounds[-1]
        explores = self.exploration_coef != 0.0 and len(rounds) > 1
        replay = self.learner.replay(rounds, differentiable, explores)
        data = (replay.log_prob, after.log_prob, after.advantages)
        if clip is None:
            loss = losses.ratio_surrogate(*data, after.weights)
        else:
            loss = losses.clipped_surrogate(*data, clip, after.weights)
        if replay.first_log_prob is not None:
            weights = rounds[0].weights
            term = exploration_loss(replay.first_log_prob, weights, gains)
            loss = loss + self.exploration_coef * term
        if self.inner_kl_coef:
            loss = loss + self.inner_kl_coef * replay.inner_kl
        kl = self.learner.policy.head.kl(after.params, replay.params)
        return loss, losses.masked_mean(kl, after.weights)

    def gradient(
        self, rounds: list[Episodes], clip: float | None, of_kl: bool = False
    ) -> tuple[list[torch.Tensor], float, float]:
        """Return the gradient of the loss (or of the KL) over all tasks, the loss and the KL."""
        trained = self.parameters()
        total = [torch.zeros_like(part) for part in trained]
        loss_sum = kl_sum = 0.0
        gains = standardised_gains(rounds[-1].rewards, rounds[-1].mask)
        for chunk in chunks(rounds[-1]):
            loss, kl = self([part.tasks(chunk) for part in rounds], gains[chunk], clip)
            share = (chunk.stop - chunk.start) / rounds[-1].num_tasks
            of = kl if of_kl else loss
            for part, gradient in zip(
                total, torch.autograd.grad(of * share, trained, allow_unused=True), strict=True
            ):
                if gradient is not None:  # without inner steps, rates have no gradient
                    part += gradient
            loss_sum += float(loss.detach()) * share
            kl_sum += float(kl.detach()) * share
        return total, loss_sum, kl_sum

    def values(self, rounds: list[Episodes], clip: float | None) -> tuple[float, float]:
        """Return the loss and the KL over all tasks."""
        loss_sum = kl_sum = 0.0
        gains = standardised_gains(rounds[-1].rewards, rounds[-1].mask)
        for chunk in chunks(rounds[-1]):
            some = [part.tasks(chunk) for part in rounds]
            loss, kl = self(some, gains[chunk], clip, differentiable=False)
            share = (chunk.stop - chunk.start) / rounds[-1].num_tasks
            loss_sum += float(loss.detach()) * share
            kl_sum += float(kl.detach()) * share
        return loss_sum, kl_sum


def descend(
    loss: OuterLoss,
    rounds: list[Episodes],
    optimizer: torch.optim.Optimizer,
    clip: float,
    n_epochs: int,
    max_grad_norm: float | None,
) -> dict[str, float]:
    """Take steps of an optimiser on the clipped surrogate, each adapting again on the same data.

    Source:
        Rothfuss et al. 2018 (ProMP), algorithm 1.
    """
    trained = loss.parameters()
    first = last = kl = norm = 0.0
    for epoch in range(n_epochs):
        gradient, last, kl = loss.gradient(rounds, clip)
        if epoch == 0:
            first = last
            norm = float(torch.cat([part.flatten() for part in gradient]).norm())
        for part, one in zip(trained, gradient, strict=True):
            part.grad = one
        if max_grad_norm is not None:
            nn.utils.clip_grad_norm_(trained, max_grad_norm)
        optimizer.step()
    return {"loss_before": first, "loss": last, "approx_kl": kl, "grad_norm": norm}


def climb(
    loss: OuterLoss,
    rounds: list[Episodes],
    *,
    target_kl: float,
    cg_max_steps: int,
    cg_damping: float,
    line_search_shrinking_factor: float,
    line_search_max_iter: int,
    sub_sampling_factor: int,
) -> dict[str, float]:
    """Take one TRPO step; the KL is of the adapted policies, as in MAML.

    Args:
        loss: The surrogate.
        rounds: Rounds of all tasks.
        target_kl: Radius of the trust region.
        cg_max_steps: Maximum number of conjugate-gradient steps.
        cg_damping: Damping of the KL's Hessian.
        line_search_shrinking_factor: Factor that shrinks a step that is rejected.
        line_search_max_iter: Maximum number of steps tried.
        sub_sampling_factor: The Hessian is measured on one in this many tasks; the line search sees
            all.

    Source:
        Finn et al. 2017, A.2; the Hessian from differences of gradients, as there.
    """
    trained = loss.parameters()
    start = nn.utils.parameters_to_vector(trained).detach().clone()

    def put(vector: torch.Tensor) -> None:
        nn.utils.vector_to_parameters(vector, trained)

    def loss_and_kl(vector: torch.Tensor) -> tuple[float, float]:
        put(vector)
        return loss.values(rounds, None)

    # Subsample whole tasks: policies adapted from fewer episodes would not be those that acted, and
    # the KL would not be at its minimum, where its gradient is zero and its curvature positive.
    few = [part.tasks(slice(None, None, sub_sampling_factor)) for part in rounds]

    def kl_gradient(vector: torch.Tensor) -> torch.Tensor:
        put(vector)
        gradient, _, _ = loss.gradient(few, None, of_kl=True)
        return torch.cat([part.flatten() for part in gradient])

    gradient, _, _ = loss.gradient(rounds, None)
    flat = torch.cat([part.flatten() for part in gradient])
    done = trust_region_step(
        start,
        flat,
        finite_difference_product(kl_gradient, start, cg_damping),
        loss_and_kl,
        max_kl=target_kl,
        iterations=cg_max_steps,
        max_backtracks=line_search_max_iter,
        shrink=line_search_shrinking_factor,
    )
    put(done.parameters)
    return {
        "loss_before": done.loss_before,
        "loss": done.loss_after,
        "approx_kl": done.kl,
        "grad_norm": float(flat.norm()),
        "line_search_success": float(done.accepted),
        "backtracks": float(done.backtracks),
    }


@torch.no_grad()
def interpolate(
    parameters: dict[str, nn.Parameter], adapted: dict[str, torch.Tensor], rate: float
) -> dict[str, float]:
    """Move the initial parameters towards the mean of the adapted ones.

    Args:
        parameters: Initial parameters by name.
        adapted: One set per task, [M, ...].
        rate: Fraction of the way to move; 1 goes all the way.

    Source:
        Nichol et al. 2018 (Reptile), algorithm 2.
    """
    squared = 0.0
    for name, part in parameters.items():
        way = adapted[name].mean(dim=0) - part
        squared += float(way.square().sum())
        part.add_(way, alpha=rate)
    return {"distance": squared**0.5}
