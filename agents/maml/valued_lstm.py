"""A policy and a value network that remember their episode. M tasks, R rows, T steps of an episode.

D numbers of an observation, I of a layer's input, H of a state, P distribution parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from gymnasium import spaces
from torch import nn

from ..core.nets.heads import make_head
from ..core.nets.mlp import Parameters, linear_by_name
from .valued import ValuedPolicy, of_part


class LstmStack(nn.Module):
    """Layers with tanh, then an LSTM, whose parameters may differ by task.

    Args:
        inputs: D.
        net_arch: Widths of the layers.
        hidden_size: H.
        unroll: Steps through which gradients pass; None for whole episodes.
    """

    def __init__(self, inputs: int, net_arch: Sequence[int], hidden_size: int, unroll: int | None):
        super().__init__()
        sizes = [inputs, *net_arch]
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(sizes, sizes[1:], strict=False)
        )
        self.gates = nn.Linear(sizes[-1], 4 * hidden_size)  # of input, forgetting, cell, output
        self.again = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        for layer in (*self.layers, self.gates, self.again):
            nn.init.xavier_uniform_(layer.weight)
        for layer in (*self.layers, self.gates):
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.gates.bias[hidden_size : 2 * hidden_size] = 1.0  # remembers at first
        self.hidden_size, self.unroll = hidden_size, unroll

    def apply_episodes(
        self, parameters: Parameters, inputs: torch.Tensor, memory: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the LSTM puts out, [M, R, T, H], and the memory after it, [M, R, 2 H].

        Args:
            parameters: Shared ones [...], or one set per task [M, ...].
            inputs: [M, R, T, D].
            memory: State and cell before the first step, [M, R, 2 H]; None is 0.
        """
        tasks, rows, steps, _ = inputs.shape
        flat = inputs.flatten(1, 2)
        for index in range(len(self.layers)):
            flat = torch.tanh(linear_by_name(parameters, f"layers.{index}", flat))
        gates = linear_by_name(parameters, "gates", flat).reshape(tasks, rows, steps, -1)
        again = parameters["again.weight"].transpose(-1, -2)
        if memory is None:
            memory = inputs.new_zeros(tasks, rows, 2 * self.hidden_size)
        state, cell = memory.chunk(2, dim=-1)
        states = []
        for step, given in enumerate(gates.unbind(dim=2)):
            if self.unroll and step and step % self.unroll == 0:
                state, cell = state.detach(), cell.detach()
            let_in, kept, new, let_out = (given + state @ again).chunk(4, dim=-1)
            cell = kept.sigmoid() * cell + let_in.sigmoid() * new.tanh()
            state = let_out.sigmoid() * cell.tanh()
            states.append(state)
        return torch.stack(states, dim=2), torch.cat([state, cell], dim=-1)


class LstmRegressor(LstmStack):
    """An `LstmStack` with a linear layer that puts out one number."""

    def __init__(self, inputs: int, net_arch: Sequence[int], hidden_size: int, unroll: int | None):
        super().__init__(inputs, net_arch, hidden_size, unroll)
        self.last = nn.Linear(hidden_size, 1)

    def numbers(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return the numbers [M, R, T] of inputs [M, R, T, D]."""
        states, _ = self.apply_episodes(parameters, inputs)
        return linear_by_name(parameters, "last", states.flatten(1, 2)).reshape(states.shape[:3])


class ValuedLstmPolicy(ValuedPolicy):
    """A recurrent policy and a value network of the same shape, begun anew in each episode.

    Args:
        observation_space: As in `PerTaskPolicy`.
        action_space: As in `PerTaskPolicy`.
        net_arch: Widths of the layers before each LSTM.
        hidden_size: Width of each LSTM.
        unroll: Steps through which gradients pass; None for whole episodes.
        log_std_init: Initial log deviation of continuous actions.
        normalize_observation: As in `PerTaskPolicy`.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If a size is below 1.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (64,),
        hidden_size: int = 64,
        unroll: int | None = 10,
        log_std_init: float = 0.0,
        normalize_observation: bool = False,
    ):
        sizes = {"hidden_size": hidden_size, "unroll": 1 if unroll is None else unroll}
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name}={size} must be at least 1")
        super().__init__(
            observation_space, action_space, (), normalize_observation=normalize_observation
        )
        size = self.builder.observation_size
        self.stack = LstmStack(size, net_arch, hidden_size, unroll)
        self.head = make_head(action_space, hidden_size, log_std_init)
        self.critic = LstmRegressor(size, net_arch, hidden_size, unroll)
        self.memory_size = 2 * hidden_size

    def apply_parameters(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters in first steps of episodes, [M, N, P]."""
        return self._applied(parameters, inputs[:, :, None], None)[0][:, :, 0]

    def apply_episodes(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters of whole episodes; as in `PerTaskPolicy`."""
        return self._applied(parameters, inputs, None)[0]

    def apply_step(
        self, parameters: Parameters, inputs: torch.Tensor, memory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distribution parameters of a step, and the memory; as in `PerTaskPolicy`."""
        params, after = self._applied(parameters, inputs[:, :, None], memory)
        return params[:, :, 0], after

    def value_episodes(
        self, parameters: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> torch.Tensor:
        """Return values of whole episodes; as in `ValuedPolicy`."""
        return self.critic.numbers(of_part("critic", parameters), self._shown(inputs))

    def _applied(
        self, parameters: Parameters, inputs: torch.Tensor, memory: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        own = of_part("stack", parameters)
        states, after = self.stack.apply_episodes(own, self._shown(inputs), memory)
        outputs = linear_by_name(parameters, self._last, states.flatten(1, 2))
        params = self._distribution(parameters, outputs)
        return params.reshape(*states.shape[:3], -1), after
