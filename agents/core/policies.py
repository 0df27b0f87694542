"""Recurrent policies over trials. T steps, B trials, R rows; D inputs, S numbers of state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from gymnasium import spaces
from torch import nn

from meta_envs.wrappers import TrialObservation

from .heads import ValueHead, make_head
from .sequence import GRU, LSTM, SequenceCore


class RecurrentPolicy(nn.Module):
    """Embedding -> sequence core -> policy head and value head, on `TrialObservation` inputs.

    Args:
        observation_space: Of one row of the raw environment; a vector or discrete.
        action_space: Discrete or Box.
        embedding_sizes: Widths of the layers before the core; empty for none.
        hidden_size: Width of the core.
        activation: Between the layers of the embedding.
        separate_value: Give the value a network of its own (the paper's; slower) instead of
            sharing.
        log_std_init: Initial log standard deviation of continuous actions.
        memory: Steps the core remembers at first, see `sequence.GRU`; about a trial's length.

    Raises:
        TypeError: If a space is not supported.
    """

    core_class: ClassVar[Any]

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        embedding_sizes: Sequence[int] = (64,),
        hidden_size: int = 64,
        activation: type[nn.Module] = nn.Tanh,
        separate_value: bool = False,
        log_std_init: float = 0.0,
        memory: int | None = None,
    ):
        super().__init__()
        self.builder = TrialObservation(observation_space, action_space)
        if self.builder.observation_size is None:
            raise TypeError(
                f"observation_space={observation_space}: recurrent policies take vectors and "
                "discrete observations; flatten it first"
            )
        size = self.builder.size
        self.embedding = _layers(size, embedding_sizes, activation)
        width = embedding_sizes[-1] if embedding_sizes else size
        self.core = self.core_class(width, hidden_size, memory)
        self.head = make_head(action_space, self.core.output_size, log_std_init)
        self.value_head = ValueHead(self.core.output_size)
        self.value_embedding: nn.Module | None = None
        self.value_core: SequenceCore | None = None
        if separate_value:
            self.value_embedding = _layers(size, embedding_sizes, activation)
            self.value_core = self.core_class(width, hidden_size, memory)
        # Rewards among the inputs are multiplied by this; the trainer's normaliser writes it.
        self.reward_scale: torch.Tensor
        self.register_buffer("reward_scale", torch.ones((), dtype=torch.float64))
        self._split = self.core.initial_state(1).shape[1]

    def initial_state(self, rows: int) -> torch.Tensor:
        """Return the state at a trial's start, [R, S]."""
        states = [self.core.initial_state(rows)]
        if self.value_core is not None:
            states.append(self.value_core.initial_state(rows))
        return torch.cat(states, dim=1)

    def step(
        self, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""
        if self.value_core is None or self.value_embedding is None:
            hidden, state = self.core.step(self.embedding(inputs), state)
            return self.head(hidden), self.value_head(hidden), state
        mine, other = state[:, : self._split], state[:, self._split :]
        hidden, mine = self.core.step(self.embedding(inputs), mine)
        value_hidden, other = self.value_core.step(self.value_embedding(inputs), other)
        return self.head(hidden), self.value_head(value_hidden), torch.cat([mine, other], dim=1)

    def forward(
        self, inputs: torch.Tensor, reset: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run whole trials [T, B, D]: distribution parameters [T, B, P] and values [T, B]."""
        batch = inputs.shape[1]
        hidden, _ = self.core(self.embedding(inputs), self.core.initial_state(batch), reset)
        if self.value_core is None or self.value_embedding is None:
            return self.head(hidden), self.value_head(hidden)
        start = self.value_core.initial_state(batch)
        value_hidden, _ = self.value_core(self.value_embedding(inputs), start, reset)
        return self.head(hidden), self.value_head(value_hidden)


class GruPolicy(RecurrentPolicy):
    """A recurrent policy with a GRU."""

    core_class = GRU


class LstmPolicy(RecurrentPolicy):
    """A recurrent policy with an LSTM."""

    core_class = LSTM


def _layers(size: int, widths: Sequence[int], activation: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        linear = nn.Linear(size, width)
        nn.init.orthogonal_(linear.weight, gain=2**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
        size = width
    return nn.Sequential(*layers)
