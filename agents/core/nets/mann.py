"""A memory with least recently used access as a core. T steps, B rows; I inputs, C controller.

The memory has N slots of W numbers; H heads read and write it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from .rings import check_sizes
from .sequence import LSTM, SequenceCore

_LEAST = 1e-6  # of squared lengths, so that empty slots have a cosine, 0, and a gradient


class Memory(NamedTuple):
    """What the core has written, and where it read and wrote; all zeros at a trial's start."""

    slots: torch.Tensor  # [B, N, W]
    weights: torch.Tensor  # of the last reading, [B, H, N]
    usage: torch.Tensor  # [B, N]


class Mann(SequenceCore):
    """A memory-augmented network: an LSTM that writes to slots and reads them by content.

    In each step the LSTM sees the input and what was read last. Of each head it makes a key, which
    is written either where this head read last or over a slot that has been least used (a learnt
    gate mixes both), and which then reads the slots by their cosines. Outputs are the LSTM's and
    what was read.

    Args:
        input_size: I.
        hidden_size: C.
        memory: Steps that the LSTM remembers at first, as in `sequence.LSTM`.
        n_slots: N; at least as many as heads.
        slot_size: W.
        n_heads: H.
        decay: Of usage, a step.

    Raises:
        ValueError: If a size is below 1, slots are fewer than heads, or `decay` is not between 0
            and 1.

    Source:
        Santoro et al. 2016 (arXiv 1605.06065), section 3.2, equations 2-8; the paper has C = 200,
        N = 128, W = 40, H = 4. Keys have a strength, as in Graves et al. 2014 (arXiv 1410.5401,
        equation 5): a softmax of cosines alone is nearly even over many slots. Each head writes
        over a slot of its own, the paper does not say which.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 64,
        memory: int | None = None,
        n_slots: int = 32,
        slot_size: int = 20,
        n_heads: int = 2,
        decay: float = 0.95,
    ):
        super().__init__()
        check_sizes(hidden_size=hidden_size, n_slots=n_slots, slot_size=slot_size, n_heads=n_heads)
        if n_slots < n_heads:
            raise ValueError(f"n_slots={n_slots} must be at least n_heads={n_heads}")
        if not 0.0 < decay < 1.0:
            raise ValueError(f"decay={decay} must be between 0 and 1")
        self.input_size, self.decay = input_size, decay
        self.n_slots, self.slot_size, self.n_heads = n_slots, slot_size, n_heads
        read = n_heads * slot_size
        self.output_size = hidden_size + read
        self.controller = LSTM(input_size + read, hidden_size, memory)
        self.keys = nn.Linear(hidden_size, read)
        self.gates = nn.Linear(hidden_size, 2 * n_heads)  # strengths, and where to write
        for layer in (self.keys, self.gates):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        counts = (2 * hidden_size, read, n_slots * slot_size, n_heads * n_slots, n_slots)
        self._parts = counts  # of a state: LSTM, what was read, slots, weights, usage

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, S]."""
        return self.keys.weight.new_zeros(batch_size, sum(self._parts))

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        carried, read, memory = self._split(state)
        hidden, carried = self.controller.step(torch.cat([inputs, read], dim=1), carried)
        read, memory = self._access(hidden, memory)
        kept = (carried, read, *(part.flatten(1) for part in memory))
        return torch.cat([hidden, read], dim=1), torch.cat(kept, dim=1)

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        carried, read, memory = self._split(state)
        outputs = []
        for shown in inputs:
            hidden, carried = self.controller.step(torch.cat([shown, read], dim=1), carried)
            read, memory = self._access(hidden, memory)
            outputs.append(torch.cat([hidden, read], dim=1))
        kept = (carried, read, *(part.flatten(1) for part in memory))
        return torch.stack(outputs), torch.cat(kept, dim=1)

    def _split(self, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Memory]:
        carried, read, slots, weights, usage = state.split(self._parts, dim=1)
        rows, per_slot = len(state), (self.n_slots, self.slot_size)
        memory = Memory(slots.view(rows, *per_slot), weights.view(rows, self.n_heads, -1), usage)
        return carried.contiguous(), read, memory

    def _access(self, hidden: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """Write and read: what was read, [B, H W], and the memory."""
        keys = torch.tanh(self.keys(hidden)).unflatten(1, (self.n_heads, self.slot_size))
        strength, gate = self.gates(hidden).unflatten(1, (2, self.n_heads)).unbind(1)
        read, after = access(
            *(memory, keys, 1.0 + functional.softplus(strength), torch.sigmoid(gate), self.decay)
        )
        return read.flatten(1), after


def access(
    memory: Memory,
    keys: torch.Tensor,
    strengths: torch.Tensor,
    gates: torch.Tensor,
    decay: float,
) -> tuple[torch.Tensor, Memory]:
    """Write keys into a memory, then read it by them.

    The least used slots, one of each head, are emptied before; which these are has no gradient.

    Args:
        memory: The memory before.
        keys: [B, H, W].
        strengths: Factors on the cosines, [B, H].
        gates: 1 writes where the head read last, 0 over its least used slot, [B, H].
        decay: Of usage.

    Returns:
        What each head read, [B, H, W], and the memory after.

    Source:
        Santoro et al. 2016, equations 2-8.
    """
    heads, slots = memory.weights.shape[1:]
    order = memory.usage.argsort(dim=1, stable=True)[:, :heads]  # the first of equals
    least = functional.one_hot(order, slots).to(keys.dtype)  # [B, H, N]
    written = gates[..., None] * memory.weights + (1.0 - gates[..., None]) * least
    emptied = memory.slots * (1.0 - least.sum(dim=1))[..., None]
    contents = emptied + written.transpose(1, 2) @ keys
    cosines = _unit(keys) @ _unit(contents).transpose(1, 2)
    weights = torch.softmax(strengths[..., None] * cosines, dim=2)
    usage = decay * memory.usage + (weights + written).sum(dim=1)
    return weights @ contents, Memory(contents, weights, usage)


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return vectors * (vectors.square().sum(dim=-1, keepdim=True) + _LEAST).rsqrt()
