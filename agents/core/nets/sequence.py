"""Sequence cores behind one interface. T steps, B rows; I inputs, H outputs, S numbers of state.

A state is one flat tensor [B, S], whatever the core keeps, so that rows can be indexed and zeroed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .kernels import recurrent as kernels

_FUSED_FROM = 8  # rows; below it torch's own sequence is quicker


class SequenceCore(nn.Module, ABC):
    """A memory: step by step while acting, whole sequences while learning."""

    input_size: int
    output_size: int
    __call__: Callable[..., tuple[torch.Tensor, torch.Tensor]]

    @abstractmethod
    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return the state at a trial's start, [B, S]."""

    @abstractmethod
    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step.

        Args:
            inputs: [B, I].
            state: [B, S].

        Returns:
            Outputs [B, H] and the state [B, S].
        """

    @abstractmethod
    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence [T, B, I] without resets: outputs [T, B, H] and the last state."""

    def forward(
        self, inputs: torch.Tensor, state: torch.Tensor, reset: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence.

        Args:
            inputs: [T, B, I].
            state: State before the first step, [B, S].
            reset: Where the state is the initial one again before the step, bool [T, B]; None is
                nowhere.

        Returns:
            Outputs [T, B, H] and the last state [B, S].
        """
        if reset is None or not reset.any():
            return self.run(inputs, state)
        fresh = self.initial_state(inputs.shape[1])
        cuts = sorted({0, *torch.nonzero(reset.any(dim=1)).flatten().tolist()})
        outputs = []
        for first, last in zip(cuts, [*cuts[1:], len(inputs)], strict=True):
            state = torch.where(reset[first][:, None], fresh, state)
            part, state = self.run(inputs[first:last], state)
            outputs.append(part)
        return torch.cat(outputs), state


class GRU(SequenceCore):
    """A gated recurrent unit (Cho et al. 2014), one layer.

    Args:
        input_size: I.
        hidden_size: H; the state is the output, S = H.
        memory: Steps that units remember at first, spread from 1 to this (Tallec and Ollivier
            2018); None leaves the gates half open, so that a unit forgets within a few steps.
        fused: Use the kernel of `recurrent_kernels` on CPUs, which can be differentiated once.
            Without it, gradients of gradients exist.
    """

    def __init__(
        self, input_size: int, hidden_size: int, memory: int | None = None, fused: bool = True
    ):
        super().__init__()
        self.input_size = input_size
        self.output_size = hidden_size
        self.fused = fused
        self.cell = nn.GRU(input_size, hidden_size)
        _initialise(self.cell)
        if memory is not None:
            with torch.no_grad():
                _weights(self.cell)[2][hidden_size : 2 * hidden_size] = spread(hidden_size, memory)

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, H]."""
        return _weights(self.cell)[1].new_zeros(batch_size, self.output_size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        if torch.is_grad_enabled():
            state = torch.gru_cell(inputs, state, *_weights(self.cell))
        else:
            state = kernels.gru_step(inputs, state, *_weights(self.cell))
        return state, state

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        outputs, last = self.cell(inputs, state[None])
        return outputs, last[0]

    def forward(
        self, inputs: torch.Tensor, state: torch.Tensor, reset: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence; see `SequenceCore.forward`."""
        if self.fused and inputs.device.type == "cpu" and inputs.shape[1] >= _FUSED_FROM:
            return kernels.GRUSequence.apply(inputs, state, reset, *_weights(self.cell))
        return super().forward(inputs, state, reset)


class LSTM(SequenceCore):
    """A long short-term memory (Hochreiter and Schmidhuber 1997), one layer.

    Args:
        input_size: I.
        hidden_size: H; the state is output and cell, S = 2 H.
        memory: As in `GRU`; None opens the forget gate by a bias of 1.
    """

    def __init__(self, input_size: int, hidden_size: int, memory: int | None = None):
        super().__init__()
        self.input_size = input_size
        self.output_size = hidden_size
        self.cell = nn.LSTM(input_size, hidden_size)
        _initialise(self.cell)
        with torch.no_grad():
            bias = _weights(self.cell)[2]
            bias[hidden_size : 2 * hidden_size] = 1.0
            if memory is not None:
                kept = spread(hidden_size, memory)
                bias[:hidden_size], bias[hidden_size : 2 * hidden_size] = -kept, kept

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, 2 H]."""
        return _weights(self.cell)[1].new_zeros(batch_size, 2 * self.output_size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        if not torch.is_grad_enabled():
            return kernels.lstm_step(inputs, state, *_weights(self.cell))
        output, cell = torch.lstm_cell(inputs, state.chunk(2, dim=1), *_weights(self.cell))
        return output, torch.cat([output, cell], dim=1)

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        output, cell = (part.contiguous()[None] for part in state.chunk(2, dim=1))
        outputs, (output, cell) = self.cell(inputs, (output, cell))
        return outputs, torch.cat([output[0], cell[0]], dim=1)


def spread(count: int, memory: int) -> torch.Tensor:
    """Return biases of keeping gates for time scales spread over 1 to `memory` steps.

    Args:
        count: Number of biases.
        memory: Longest time scale.

    Raises:
        ValueError: If it is below 2.
    """
    if memory < 2:
        raise ValueError(f"memory={memory} must be at least 2 steps, or None")
    return torch.log(1.0 + (memory - 2.0) * torch.rand(count))


def _weights(cell: nn.RNNBase) -> tuple[Any, Any, Any, Any]:
    return cell.weight_ih_l0, cell.weight_hh_l0, cell.bias_ih_l0, cell.bias_hh_l0


def _initialise(cell: nn.RNNBase) -> None:
    for name, parameter in cell.named_parameters():
        if name.startswith("weight_hh"):
            nn.init.orthogonal_(parameter)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
