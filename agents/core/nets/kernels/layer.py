"""A large layer by oneDNN, which on AMD takes half of MKL's time; differentiable without end."""

from __future__ import annotations

from typing import Any

import torch

from .recurrent import LARGE, row_product

_ROWS = 160  # without a graph; what an agent does in a row must not depend on how many there are


def serves(inputs: torch.Tensor, weight: torch.Tensor) -> bool:
    """Tell whether `layer` is the faster way to apply [M, O, I] to [M, N, I]."""
    rows = inputs.shape[1] if torch.is_grad_enabled() else _ROWS
    return (
        rows * weight.shape[1] * weight.shape[2] >= LARGE
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
    def forward(ctx: Any, inputs, weight, bias):  # noqa: D102
        ctx.save_for_backward(inputs, weight)
        return row_product(_plain(inputs), _plain(weight), bias)

    @staticmethod
    def backward(ctx: Any, gradient):  # noqa: D102
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
