"""How a policy improves from one iteration's trials. T steps, B trials; time-major."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import nn

from ..losses import losses
from ..losses.policy_losses import PolicyLoss, a2c_loss, ppo_loss
from ..nets.recurrent_policy import RecurrentPolicy
from ..play.chunks import Chunks
from ..play.trials import Batch
from .schedules import Schedule, value_at

Figures = dict[str, torch.Tensor]
Loss = Callable[[Batch, float], tuple[torch.Tensor, Figures]]  # takes a minibatch and the progress
Network = Callable[..., tuple[torch.Tensor, torch.Tensor]]  # inputs -> parameters and values


class Update(Protocol):
    """How a trial algorithm learns from the trials of an iteration."""

    n_updates: int  # optimiser steps of the last `run`

    def run(
        self, policy: RecurrentPolicy, whole: Batch, progress: float, shuffle: np.random.Generator
    ) -> dict[str, float]:
        """Improve a policy in place.

        Args:
            policy: The policy as it acted.
            whole: All trials of the iteration.
            progress: Fraction of training that has passed.
            shuffle: Generator that draws minibatches.

        Returns:
            Figures to log.
        """


class GradientUpdate:
    """Optimiser steps on a loss, over minibatches of whole trials or of parts of them.

    Args:
        loss: Function takes a minibatch and the progress; returns a scalar and figures to log.
        optimizer: Optimiser of the parameters to change.
        max_grad_norm: The gradients' norm is clipped to this; None does not clip.
        n_epochs: Passes over the trials.
        batch_size: Trials (or chunks) per minibatch; None takes all.
        chunk_length: Steps of a chunk; None takes whole trials.
        chunk_overlap: Steps before a chunk that warm up its memory.
    """

    def __init__(
        self,
        loss: Loss,
        optimizer: torch.optim.Optimizer,
        max_grad_norm: float | None = None,
        n_epochs: int = 1,
        batch_size: int | None = None,
        chunk_length: int | None = None,
        chunk_overlap: int = 0,
    ):
        self.loss, self.optimizer, self.max_grad_norm = loss, optimizer, max_grad_norm
        self.n_epochs, self.batch_size = n_epochs, batch_size
        self.chunk_length, self.chunk_overlap = chunk_length, chunk_overlap
        self.n_updates = 0

    def run(
        self, policy: RecurrentPolicy, whole: Batch, progress: float, shuffle: np.random.Generator
    ) -> dict[str, float]:
        """Take the steps, as in `Update`; figures are means over minibatches."""
        logged: dict[str, list[float]] = {}
        self.n_updates = 0
        for batch in self.minibatches(policy, whole, shuffle):
            loss, figures = self.loss(batch, progress)
            self._step(policy, loss)
            for name, figure in {"loss": loss, **figures}.items():
                logged.setdefault(name, []).append(float(figure.detach()))
        return {name: float(np.mean(values)) for name, values in logged.items()}

    def minibatches(
        self, policy: RecurrentPolicy, whole: Batch, shuffle: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield the minibatches of all epochs, in an order drawn from `shuffle`."""
        if self.chunk_length is not None:
            chunks = Chunks(whole, policy, self.chunk_length, self.chunk_overlap)
            for _ in range(self.n_epochs):
                yield from chunks.shuffled(self.batch_size, shuffle)
            return
        count = whole.mask.shape[1]
        size = self.batch_size or count
        for _ in range(self.n_epochs):
            order = torch.from_numpy(shuffle.permutation(count)).to(whole.mask.device)
            for index in order.split(size):
                yield whole if size == count else whole.columns(index)

    def _step(self, policy: RecurrentPolicy, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        if self.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(policy.parameters(), self.max_grad_norm)
        self.optimizer.step()
        self.n_updates += 1


class PPO:
    """PPO's loss on a minibatch.

    Args:
        policy: The policy whose head gives probabilities.
        clip_range: Clip range of the probability ratio; may be a schedule.
        ent_coef: Weight of the entropy bonus; may be a schedule.
        vf_coef: Weight of the value loss; 0 leaves the value untrained and unlogged.
        policy_loss: The surrogate: (log_prob, old_log_prob, advantage, clip, mask) -> scalar.
        network: Maps inputs to parameters and values; None takes the policy.

    Source:
        Schulman et al. 2017, equation 9.
    """

    def __init__(
        self,
        policy: RecurrentPolicy,
        clip_range: Schedule,
        ent_coef: Schedule,
        vf_coef: float,
        policy_loss: PolicyLoss = losses.clipped_surrogate,
        network: Network | None = None,
    ):
        self.head, self.network = policy.head, network or policy
        self.clip_range, self.ent_coef, self.vf_coef = clip_range, ent_coef, vf_coef
        self.policy_loss = policy_loss

    def __call__(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Figures]:
        """Return the loss and its parts."""
        params, value = outputs(self.network, batch)
        total, figures = ppo_loss(
            self.head.log_prob(params, batch.actions),
            self.head.entropy(params),
            value,
            batch.old_log_prob,
            batch.advantages,
            batch.returns,
            batch.mask,
            clip=value_at(self.clip_range, progress),
            ent_coef=value_at(self.ent_coef, progress),
            vf_coef=self.vf_coef,
            policy_loss=self.policy_loss,
        )
        if not self.vf_coef:
            figures.pop("value_loss")
        return total, figures


class A2C:
    """The loss of an advantage actor-critic on a minibatch.

    Args:
        policy: The policy to train.
        ent_coef: Weight of the entropy bonus; may be a schedule.
        vf_coef: Weight of the value loss.

    Source:
        Mnih et al. 2016, section 4.
    """

    def __init__(self, policy: RecurrentPolicy, ent_coef: Schedule, vf_coef: float):
        self.policy, self.ent_coef, self.vf_coef = policy, ent_coef, vf_coef

    def __call__(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Figures]:
        """Return the loss and its parts."""
        params, value = outputs(self.policy, batch)
        return a2c_loss(
            self.policy.head.log_prob(params, batch.actions),
            self.policy.head.entropy(params),
            value,
            batch.advantages,
            batch.returns,
            batch.mask,
            ent_coef=value_at(self.ent_coef, progress),
            vf_coef=self.vf_coef,
        )


class ValueFit:
    """The value loss alone, for policies that are improved by other means.

    Args:
        policy: The policy whose value is fitted.
        vf_coef: Weight of the loss.
    """

    def __init__(self, policy: RecurrentPolicy, vf_coef: float):
        self.policy, self.vf_coef = policy, vf_coef

    def __call__(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Figures]:
        """Return the loss and its part."""
        _, value = outputs(self.policy, batch)
        part = losses.value_loss(value, batch.returns, batch.mask)
        return self.vf_coef * part, {"value_loss": part}


def outputs(network: Network, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the parameters [T, B, P] and values [T, B] that a network gives for a minibatch."""
    if batch.state is None:
        return network(batch.inputs)
    return network(batch.inputs, state=batch.state)
