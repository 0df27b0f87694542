"""A small convolutional network whose parameters may differ by task.

M tasks, N pictures of a task, P pixels of a side, C channels, O numbers of an output.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .mlp import Parameters

_KERNEL, _STRIDE = 3, 2


class ConvRegressor(nn.Module):
    """Convolutions from square pictures to vectors, one batched product a layer for all tasks.

    Layers of 3 by 3 filters two pixels apart, each followed by a normalisation of every picture by
    itself, until few pixels are left.

    Args:
        inputs: Pixels of a picture, a square number.
        outputs: O.
        filters: C of each layer.
        n_layers: Layers; each halves the side.

    Raises:
        ValueError: If `inputs` is not a square number.

    Source:
        Finn et al. 2017 (MAML), section 5.2: four layers of 64 filters with strides; there
        batches are normalised, which lets answers depend on what else is asked.
    """

    def __init__(self, inputs: int, outputs: int, filters: int = 32, n_layers: int = 4):
        super().__init__()
        side = math.isqrt(inputs)
        if side * side != inputs:
            raise ValueError(f"inputs={inputs} pixels are no square picture; use MlpRegressor")
        self.side, self.n_layers = side, n_layers
        channels = 1
        for index in range(n_layers):
            layer = nn.Linear(channels * _KERNEL**2, filters)
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            setattr(self, f"filters{index}", layer)
            self.register_parameter(f"scale{index}", nn.Parameter(torch.ones(filters)))
            side, channels = -(-side // _STRIDE), filters
        self.last = nn.Linear(side * side * filters, outputs)

    def apply_parameters(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Return outputs [M, N, O] of pictures [M, N, P * P]; as in `PerTaskPolicy`."""
        tasks, count = inputs.shape[:2]
        side = self.side
        x = inputs.reshape(tasks * count, 1, side, side)
        for index in range(self.n_layers):
            patches = functional.unfold(x, _KERNEL, padding=1, stride=_STRIDE)
            side = -(-side // _STRIDE)
            patches = patches.transpose(1, 2).reshape(tasks, count * side * side, -1)
            found = _product(parameters, f"filters{index}", patches)
            found = found.reshape(tasks, count, side * side, -1)
            found = functional.layer_norm(found, found.shape[2:])
            scale = parameters[f"scale{index}"]
            found = torch.relu(found * scale.reshape(-1, 1, 1, scale.shape[-1]))
            x = found.reshape(tasks * count, side, side, -1).permute(0, 3, 1, 2)
        return _product(parameters, "last", x.reshape(tasks, count, -1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs [..., O] of pictures [..., P * P], with the shared parameters."""
        flat = inputs.reshape(1, -1, inputs.shape[-1])
        return self.apply_parameters(dict(self.named_parameters()), flat).reshape(
            *inputs.shape[:-1], -1
        )


def _product(parameters: Parameters, name: str, inputs: Tensor) -> Tensor:
    """Return a layer's outputs [M, N, O] of inputs [M, N, I]."""
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    if weight.dim() == 2:
        return functional.linear(inputs, weight, bias)
    return torch.baddbmm(bias.unsqueeze(1), inputs, weight.transpose(1, 2))
