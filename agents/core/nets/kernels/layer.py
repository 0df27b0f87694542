"""A large layer by oneDNN, which on AMD takes half of MKL's time; differentiable without end."""

from __future__ import annotations

from typing import Any

import torch

from .recurrent import LARGE, row_product

_ROWS = 160  # without a graph; what an agent does in a row must not depend on how many there are
_NARROW = 16  # outputs; below this, MKL is faster


def serves(inputs: torch.Tensor, weight: torch.Tensor) -> bool:
    """Tell whether `layer` is the faster way to apply [M, O, I] to [M, N, I]."""
    num_rows = inputs.shape[1] if torch.is_grad_enabled() else _ROWS
    return _repays(num_rows, inputs, weight)


class Linear(torch.nn.Linear):
    """`torch.nn.Linear`, which trains by `layer` where that is faster."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Apply it to [..., I]."""
        if not torch.is_grad_enabled():
            return super().forward(inputs)
        flat = inputs.reshape(-1, self.in_features)
        if not _repays(len(flat), flat, self.weight):
            return super().forward(inputs)
        return layer(flat, self.weight, self.bias).reshape(*inputs.shape[:-1], -1)


def _repays(num_rows: int, inputs: torch.Tensor, weight: torch.Tensor) -> bool:
    outputs, features = weight.shape[-2:]
    return (
        num_rows * outputs * features >= LARGE
        and outputs >= _NARROW
        and inputs.device.type == "cpu"
        and inputs.dtype == weight.dtype == torch.float32
    )


def layer(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Return `inputs @ weight.T + bias` ([N, I], [O, I], [O] -> [N, O])."""
    return _Layer.apply(inputs, weight, bias)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        return row_product(_plain(inputs), _plain(weight), bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        inputs, weight = ctx.saved_tensors
        of_inputs, of_weight, of_bias = ctx.needs_input_grad
        return (
            _Layer.apply(gradient, weight.t(), None) if of_inputs else None,
            _Layer.apply(inputs.t(), gradient.t(), None).t() if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


def _plain(matrix: torch.Tensor) -> torch.Tensor:
    """Return a matrix that is contiguous, or the transpose of one that is."""
    if matrix.is_contiguous() or matrix.t().is_contiguous():
        return matrix
    return matrix.contiguous()
