"""A feed-forward policy whose parameters may differ by task.

M tasks, N steps of a task, D numbers in an observation, P distribution parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from .heads import DiscreteHead, make_head
from .kernels import mlp_gradients
from .standardise import Standardise
from .step_inputs import vector_inputs

Parameters = Mapping[str, torch.Tensor]  # by name; [...] where tasks share them, else [M, ...]
_MIN_LOG_STD = float(np.log(1e-6))  # the floor of Finn et al.'s and ProMP's policies


class PerTaskPolicy(nn.Module):
    """An MLP with the head of the action space.

    `apply_parameters` takes parameters beside the inputs, and computes all tasks with one batched
    product per layer. A Gaussian's deviation is a parameter like the others and adapts with them.

    Args:
        observation_space: Space of one row: vectors, discrete (one-hot), Dicts of these.
        action_space: Box of floats, Discrete, MultiDiscrete or MultiBinary.
        net_arch: Widths of the layers.
        activation: Activation between layers.
        log_std_init: Initial log deviation of continuous actions.
        normalize_observation: Standardise observations by running moments, which all tasks share
            and which change only between iterations (`after_iteration`).
        n_extra: Numbers that follow the observation in an input.

    Raises:
        TypeError: If a space is not supported.
    """

    memory_size = 0  # numbers that are kept from one step of an episode to the next

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        net_arch: Sequence[int] = (64, 64),
        activation: type[nn.Module] = nn.Tanh,
        log_std_init: float = 0.0,
        normalize_observation: bool = False,
        n_extra: int = 0,
    ):
        super().__init__()
        self.builder = vector_inputs(observation_space, action_space, "PerTaskPolicy")
        sizes = [self.builder.observation_size + n_extra, *net_arch]
        self.layers = nn.ModuleList()
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            layer = nn.Linear(inputs, outputs)
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
            self.layers.append(layer)
        self.activation = activation()
        self.head = make_head(action_space, sizes[-1], log_std_init)
        self._last = "head.logits" if isinstance(self.head, DiscreteHead) else "head.means"
        self.standardise = Standardise(sizes[0]) if normalize_observation else None

    def parameters_by_name(self) -> dict[str, torch.Tensor]:
        """Return the shared parameters, by name."""
        return dict(self.named_parameters())

    def inputs(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as float32 [R, D]."""
        return torch.from_numpy(self.builder.flat_observations(observations))

    def apply_parameters(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters, [M, N, P].

        Args:
            parameters: Shared ones [...], or one set per task [M, ...].
            inputs: [M, N, D].
        """
        names = [*(f"layers.{index}" for index in range(len(self.layers))), self._last]
        outputs = _outputs(parameters, names, self.activation, self._shown(inputs))
        return self._distribution(parameters, outputs)

    def apply_episodes(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters of whole episodes, [M, R, T, P].

        Args:
            parameters: As in `apply_parameters`.
            inputs: Of R episodes of each task, from their first step, [M, R, T, D].
        """
        tasks, rows, steps, size = inputs.shape
        flat = inputs.reshape(tasks, rows * steps, size)
        return self.apply_parameters(parameters, flat).reshape(tasks, rows, steps, -1)

    def apply_step(
        self, parameters: Parameters, inputs: torch.Tensor, memory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distribution parameters of one step, [M, R, P], and the memory after it.

        Args:
            parameters: As in `apply_parameters`.
            inputs: [M, R, D].
            memory: [M, R, `memory_size`], 0 where an episode begins.
        """
        return self.apply_parameters(parameters, inputs), memory

    def _shown(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return inputs [..., D] as the first layer sees them."""
        return inputs if self.standardise is None else self.standardise(inputs)

    def _distribution(self, parameters: Parameters, outputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters of the last layer's outputs [M, N, ...]."""
        if isinstance(self.head, DiscreteHead):
            return self.head.distribution(outputs)
        log_std = parameters["head.log_std"].clamp(min=_MIN_LOG_STD)
        if log_std.dim() > 1:
            log_std = log_std.unsqueeze(1)
        return torch.cat([outputs, log_std.expand_as(outputs)], dim=-1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return distribution parameters [R, P] of inputs [R, D], with the shared parameters."""
        return self.apply_parameters(self.parameters_by_name(), inputs)

    def after_iteration(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Update the moments from an iteration's inputs [..., D] where the mask [...] is 1."""
        if self.standardise is not None:
            self.standardise.update(inputs, mask)


class MlpRegressor(nn.Module):
    """An MLP from vectors to vectors, whose parameters may differ by task.

    Args:
        inputs: Numbers in an input.
        outputs: Numbers in an output.
        net_arch: Widths of the layers.
        activation: Activation between layers.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        net_arch: Sequence[int] = (40, 40),
        activation: type[nn.Module] = nn.ReLU,
    ):
        super().__init__()
        sizes = [inputs, *net_arch, outputs]
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(sizes, sizes[1:], strict=False)
        )
        self.activation = activation()

    def apply_parameters(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Return outputs [M, N, O] of inputs [M, N, I]; as in `PerTaskPolicy`."""
        names = [f"layers.{index}" for index in range(len(self.layers))]
        return _outputs(parameters, names, self.activation, inputs)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return outputs [..., O] of inputs [..., I], with the shared parameters."""
        return self.apply_parameters(dict(self.named_parameters()), inputs)


def _outputs(
    parameters: Parameters, names: list[str], activation: nn.Module, inputs: torch.Tensor
) -> torch.Tensor:
    weights = [parameters[f"{name}.weight"] for name in names]
    if mlp_gradients.serves(activation, weights, inputs):
        biases = [parameters[f"{name}.bias"] for name in names]
        return mlp_gradients.mlp(activation, inputs, weights, biases)
    hidden = inputs
    for name in names[:-1]:
        hidden = activation(linear_by_name(parameters, name, hidden))
    return linear_by_name(parameters, names[-1], hidden)


def linear_by_name(parameters: Parameters, name: str, inputs: torch.Tensor) -> torch.Tensor:
    """Apply a layer, shared or one of each task, to inputs [M, N, I]."""
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    if weight.dim() == 2:
        return nn.functional.linear(inputs, weight, bias)
    return torch.baddbmm(bias.unsqueeze(1), inputs, weight.transpose(1, 2))
