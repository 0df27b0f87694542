"""PPO as a rule of learners: several passes over an unroll, with any policy loss.

M learners, R rows of each, T steps; B = T * R steps of a learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..learning.functional import Optimizer, clip_norm, norms
from ..losses.policy_losses import PolicyLoss
from ..losses.returns import vtrace
from ..nets.actor_critic import ActorCritic
from .actor_critic import descend, with_optimizer
from .rule import Learners, Rule, Unroll

_EPSILON = 1e-8
Batch = dict[str, torch.Tensor]  # [M, B, ...]


@dataclass(frozen=True)
class PPORule(Rule):
    """Proximal policy optimisation (Schulman et al. 2017) of many learners at once.

    Args:
        network: A network with an output `"value"` and no memory.
        optimizer: Optimiser of the parameters.
        n_steps: Steps of a row between updates, T.
        learning_rate: Learning rate of the optimiser.
        gamma: Discount.
        gae_lambda: Lambda of the advantages and of the value targets.
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value loss.
        max_grad_norm: Each learner's gradient norm is clipped to this; None does not clip.
        policy_loss: (log_prob, old_log_prob, advantage, clip, mask), all [B'] -> scalar.
        clip_range: Given to `policy_loss`.
        n_epochs: Passes over an unroll.
        n_minibatches: Parts of a pass, with a step each.
        normalize_advantage: Standardise the advantages of each part.
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
    policy_loss: PolicyLoss
    clip_range: float
    n_epochs: int
    n_minibatches: int
    normalize_advantage: bool = True

    def __post_init__(self) -> None:
        """Refuse a memory, which minibatches of single steps would tear apart."""
        if self.network.memory:
            raise ValueError(
                f"memory={self.network.memory!r}: minibatches are of single steps; leave it out"
            )

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""
        shuffles = [fold(int(seed), "shuffle") % 2**62 for seed in seeds]
        policy = self.network.begin(seeds)
        return {
            **with_optimizer(self.optimizer, policy),
            "shuffle": torch.tensor(shuffles, dtype=torch.int64, device=policy.device),
            "updates": torch.zeros(len(shuffles), dtype=torch.int64, device=policy.device),
        }

    def update(
        self, learners: Learners, unroll: Unroll, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Pass over what each learner did, several times."""
        return self.passes(learners, self._batch(learners, unroll), differentiable)

    def passes(
        self, learners: Learners, whole: Batch, differentiable: bool = False
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Pass over steps several times; return the learners after that, and figures [M].

        Args:
            learners: [M, ...].
            whole: `inputs`, `actions`, `log_prob` when acting, `advantages`, `targets` and `mask`,
                each [M, B, ...].
            differentiable: As in `update`.
        """
        seen: list[dict[str, torch.Tensor]] = []
        for epoch in range(self.n_epochs):
            for index in self._parts(learners, whole["mask"].shape[1], epoch):
                part = {name: _taken(one, index) for name, one in whole.items()}
                learners, figures = self._step(learners, part, differentiable)
                seen.append(figures)
        learners = {**learners, "updates": learners["updates"] + 1}
        means = {name: torch.stack([one[name] for one in seen]).mean(dim=0) for name in seen[0]}
        return learners, means

    def loss(
        self, learners: Learners, policy: torch.Tensor, batch: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return each learner's loss [M] at parameters [M, P], and figures [M]."""
        outputs = self.network.forward(policy, batch["inputs"])
        head, mask = self.network.head, batch["mask"]
        log_prob = head.log_prob(outputs["policy"], batch["actions"])
        advantages = batch["advantages"]
        if self.normalize_advantage:
            centred = (advantages - _mean(advantages, mask)[:, None]) * mask
            advantages = centred / (_mean(centred.square(), mask).sqrt() + _EPSILON)[:, None]
        gain = self.policy_losses(learners, log_prob, batch["log_prob"], advantages, mask)
        error = _mean((outputs["value"] - batch["targets"]).square(), mask)
        entropy = _mean(head.entropy(outputs["policy"]), mask)
        log_ratio = log_prob - batch["log_prob"]
        figures = {
            "policy_gradient_loss": gain,
            "value_loss": error,
            "entropy": entropy,
            "approx_kl": _mean(torch.expm1(log_ratio) - log_ratio, mask),
        }
        return gain + self.vf_coef * error - self.ent_coef * entropy, figures

    def policy_losses(
        self,
        learners: Learners,
        log_prob: torch.Tensor,
        old_log_prob: torch.Tensor,
        advantages: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Return each learner's policy loss [M]; all of the rest are [M, B']."""
        each = zip(log_prob, old_log_prob, advantages, mask, strict=True)
        losses = [
            self.policy_loss(now, old, advantage, self.clip_range, part)
            for now, old, advantage, part in each
        ]
        return torch.stack(losses)

    # ---- inside ---------------------------------------------------------------------------------

    @torch.no_grad()
    def _batch(self, learners: Learners, unroll: Unroll) -> Batch:
        outputs, next_values = unroll.values(self.network, learners["policy"])
        returns = vtrace(
            unroll.rewards,
            outputs["value"],
            next_values,
            self.gamma * unroll.alive,
            unroll.continues,
            None,
            self.gae_lambda,
        )
        by_time = {
            "inputs": unroll.inputs[:-1],
            "actions": unroll.actions,
            "log_prob": self.network.head.log_prob(unroll.record["policy"], unroll.actions),
            "advantages": returns.advantages,
            "targets": returns.targets,
            "mask": unroll.mask,
        }
        return {name: one.transpose(0, 1).flatten(1, 2) for name, one in by_time.items()}

    def _parts(self, learners: Learners, count: int, epoch: int) -> tuple[torch.Tensor, ...]:
        """Return the steps of each part of a pass, indices [M, B'], shuffled for each learner."""
        seeds = zip(learners["shuffle"].tolist(), learners["updates"].tolist(), strict=True)
        orders = [
            np.random.default_rng(fold(seed, "pass", updates * self.n_epochs + epoch)).permutation(
                count
            )
            for seed, updates in seeds
        ]
        return torch.from_numpy(np.stack(orders)).chunk(self.n_minibatches, dim=1)

    def _step(
        self, learners: Learners, part: Batch, differentiable: bool
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        policy = learners["policy"]
        if not (differentiable and policy.requires_grad):
            policy = policy.detach().requires_grad_()
        loss, figures = self.loss(learners, policy, part)
        (grads,) = torch.autograd.grad(loss.sum(), policy, create_graph=differentiable)
        clipped = clip_norm(grads, self.max_grad_norm)
        updated = descend(self.optimizer, learners, policy, clipped, self.learning_rate)
        figures = {
            name: one.detach() for name, one in {**figures, "grad_norm": norms(grads)}.items()
        }
        if not differentiable:
            updated = {name: one.detach() for name, one in updated.items()}
        return updated, figures


def _taken(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Return steps [M, B', ...] of values [M, B, ...], by index [M, B']."""
    learners = torch.arange(len(values))[:, None]
    return values[learners, index]


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return each learner's mean [M] of values [M, B'] where the mask is 1."""
    return (values * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
