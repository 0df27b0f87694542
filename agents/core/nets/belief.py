"""Gaussian beliefs about a latent task, from a recurrent network. T steps, B trials, L latents.

A belief is a diagonal Gaussian: a mean and a log variance, each [..., L].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from .cores import Core, make_core
from .kernels.layer import Linear
from .sequence import GRU
from .trunk import make_layers


def gaussian_kl(
    mean: torch.Tensor,
    log_variance: torch.Tensor,
    other_mean: torch.Tensor,
    other_log_variance: torch.Tensor,
) -> torch.Tensor:
    """Return KL(this || other) of diagonal Gaussians in nats; all [..., L] -> [...]."""
    distance = log_variance - other_log_variance
    # expm1: near equality the terms cancel, and plain float32 would lose the difference
    spread = torch.expm1(distance) - distance
    moved = (mean - other_mean).square() * torch.exp(-other_log_variance)
    return 0.5 * (spread + moved).sum(dim=-1)


def gaussian_sample(
    mean: torch.Tensor, log_variance: torch.Tensor, noise: torch.Tensor
) -> torch.Tensor:
    """Sample; `noise` is standard normal and has the shape of the result."""
    return mean + torch.exp(0.5 * log_variance) * noise


class RecurrentGaussian(nn.Module):
    """A core over transitions whose output is decoded to a Gaussian belief.

    The belief before the first transition, the prior, is learnt: it is decoded from zeros. A GRU's
    state is its output; of other cores, the state begins with the last output.

    Args:
        input_size: Size of a transition.
        latent_size: L.
        embedding_sizes: Widths of the layers before the GRU; empty for none.
        hidden_size: Width of the core, where it has such an argument.
        activation: Activation between the layers of the embedding.
        memory: Steps the core initially remembers, see `sequence.GRU`.
        core: A name in `cores.CORES`, `"module:Name"`, or a class.
        core_kwargs: The core's arguments, besides the number of its inputs.
        context: Steps the core can look back, where it has such an argument.

    Source:
        Zintgraf et al. 2020 (VariBAD), figure 2.
    """

    def __init__(
        self,
        input_size: int,
        latent_size: int,
        embedding_sizes: Sequence[int] = (32,),
        hidden_size: int = 64,
        activation: type[nn.Module] = nn.Tanh,
        memory: int | None = None,
        core: Core = "gru",
        core_kwargs: Mapping[str, Any] | None = None,
        context: int | None = None,
    ):
        super().__init__()
        self.embedding = make_layers(input_size, embedding_sizes, activation)
        width = embedding_sizes[-1] if embedding_sizes else input_size
        offered = {"hidden_size": hidden_size, "memory": memory, "context": context}
        self.core = make_core(core, width, offered, core_kwargs or {})
        self.kept = 0 if isinstance(self.core, GRU) else self.core.output_size
        self.belief = Linear(self.core.output_size, 2 * latent_size)
        nn.init.orthogonal_(self.belief.weight)
        nn.init.zeros_(self.belief.bias)

    def initial_state(self, num_rows: int) -> torch.Tensor:
        """Return the initial state, which gives the prior, [B, S]."""
        state = self.core.initial_state(num_rows)
        return (
            torch.cat([state.new_zeros(num_rows, self.kept), state], dim=1) if self.kept else state
        )

    def read(self, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance, [..., L], for states [..., S]."""
        output = state[..., : self.core.output_size]
        mean, log_variance = self.belief(output).chunk(2, dim=-1)
        return mean, log_variance

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the state after one more transition, [B, I] and [B, S] -> [B, S]."""
        embedded = self.embedding(inputs)
        if not self.kept:
            return self.core.step(embedded, state)[1]
        return torch.cat(self.core.step(embedded, state[:, self.kept :].contiguous()), dim=1)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the beliefs before the first transition and after each one.

        Args:
            inputs: Transitions of whole trials, [T, B, I].

        Returns:
            Means and log variances, [T + 1, B, L]; the first is the prior.
        """
        start = self.core.initial_state(inputs.shape[1])
        nothing = start.new_zeros(1, inputs.shape[1], self.core.output_size)
        if not len(inputs):
            return self.read(nothing)
        outputs, _ = self.core(self.embedding(inputs), start)
        return self.read(torch.cat([nothing, outputs]))
