"""The minimal GRU as a core. T steps, B rows; I inputs, H its width."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ..losses.returns import scan
from .kernels.layer import Linear
from .rings import check_sizes
from .sequence import SequenceCore, spread


class MinGRU(SequenceCore):
    """Layers of gated averages whose gates see the input alone (Feng et al. 2024).

    h[t] = (1 - z[t]) h[t - 1] + z[t] c[t], where gate z and candidate c are layers on the input: a
    linear recurrence, so whole sequences need no matrix product in each step. Layers after the
    first gate by what the one below remembers; each stands beside a connection that skips it, and a
    feed-forward part follows, as in the paper's language models.

    Args:
        input_size: I.
        hidden_size: H.
        memory: Steps that units remember at first, as in `sequence.GRU`; None leaves gates half
            open.
        n_layers: Layers; the state is what they remember, S = n_layers H.

    Raises:
        ValueError: If a size is below 1, or `memory` below 2.

    Source:
        Feng et al. 2024 (arXiv 2410.01201), section 3.1.2, "vanilla" form: candidates have any
        sign, and the recurrence runs without logarithms.
    """

    def __init__(
        self, input_size: int, hidden_size: int = 64, memory: int | None = None, n_layers: int = 2
    ):
        super().__init__()
        check_sizes(hidden_size=hidden_size, n_layers=n_layers)
        self.input_size, self.output_size, self.n_layers = input_size, hidden_size, n_layers
        self.inputs = Linear(input_size, hidden_size)
        self.layers = nn.ModuleList(_Layer(hidden_size, memory) for _ in range(n_layers))
        self.norm = nn.LayerNorm(hidden_size)

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, n_layers H]."""
        return self.inputs.weight.new_zeros(batch_size, self.n_layers * self.output_size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        outputs, state = self.run(inputs[None], state)
        return outputs[0], state

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        x, kept = self.inputs(inputs), []
        for layer, before in zip(self.layers, state.chunk(self.n_layers, dim=1), strict=True):
            x, last = layer(x, before)
            kept.append(last)
        return self.norm(x), torch.cat(kept, dim=1)


class _Layer(nn.Module):
    """The recurrence and a feed-forward part, each beside a connection that skips it."""

    def __init__(self, size: int, memory: int | None):
        super().__init__()
        self.before_gates = nn.LayerNorm(size)
        self.gates = Linear(size, 2 * size)
        self.before_units = nn.LayerNorm(size)
        self.units = Linear(size, 2 * size)
        self.out = Linear(2 * size, size)
        for layer in (self.gates, self.units, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        if memory is not None:
            with torch.no_grad():
                self.gates.bias[:size] = -spread(size, memory)

    def forward(self, x: torch.Tensor, before: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence [T, B, H] after a memory [B, H]: outputs, and the last memory."""
        gate, candidate = self.gates(self.before_gates(x)).chunk(2, dim=-1)
        keep = torch.sigmoid(-gate)
        new = torch.sigmoid(gate) * candidate
        new = torch.cat([new[:1] + keep[:1] * before, new[1:]])
        memory = scan(new.flip(0), keep.flip(0)).flip(0)
        x = x + memory
        return x + self.out(functional.gelu(self.units(self.before_units(x)))), memory[-1]
