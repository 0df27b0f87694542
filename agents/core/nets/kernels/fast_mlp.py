"""ReLU networks with hand-written passes, in float32 or with hidden layers in bfloat16.

Why not autograd: MKL, behind torch.mm, uses only half the vector width on AMD, unlike oneDNN, which
also fuses bias and ReLU into the product. And a backward pass that needs no weight gradients skips
rows with zero gradient (a minimum of two critics leaves half of each critic's rows without one).

N rows; I numbers of an input, H of a layer, O of an output.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..mlp import MlpRegressor
from .recurrent import product, row_product

Precision = Literal["float32", "bfloat16"]
_LARGEST_KEPT = 31 * 2**20  # bytes; glibc's threshold never rises above 32 MiB


def check_precision(precision: str) -> None:
    """Check the name of a precision.

    Raises:
        ValueError: If there is no such precision.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision={precision!r} must be one of {get_args(Precision)}")


@functools.cache
def keep_freed_memory() -> None:
    """Let the C library keep the memory of activations instead of returning it after every use.

    glibc maps blocks this large anew each time, and the first touch of their pages takes longer
    than the computation in them. It starts to keep blocks up to the size of the largest freed so
    far, so this function frees a large one. Without glibc this does nothing.
    """
    torch.empty(_LARGEST_KEPT, dtype=torch.uint8)


class FastMlp(MlpRegressor):
    """An MLP from vectors to vectors, like `MlpRegressor`, made for large batches on CPUs.

    Weights are float32 in either precision, and so are the products of the first layer, whose
    inputs are not rounded, and of the last layer. With `"bfloat16"` the products between hidden
    layers and those of the backward pass use numbers rounded to 8 bits (a relative error of up to
    0.4 %) and sum them in float32; outputs are then off by about 0.7 % of their spread, and
    gradients by a few percent of their size. Such products take half the time on a CPU that has
    instructions for them, and longer on one that lacks them.

    Only once differentiable.
    """

    def forward(self, inputs: Tensor, precision: Precision = "float32") -> Tensor:
        """Return outputs [..., O] of inputs [..., I]."""
        flat = inputs.reshape(-1, inputs.shape[-1])
        if isinstance(self.activation, nn.ReLU) and inputs.device.type == "cpu":
            parameters = [part for layer in self.layers for part in (layer.weight, layer.bias)]
            outputs = _ReluMlp.apply(flat, precision, *parameters)
        else:
            outputs = self._by_autograd(flat, precision)
        return outputs.reshape(*inputs.shape[:-1], outputs.shape[-1])

    def _by_autograd(self, inputs: Tensor, precision: Precision) -> Tensor:
        """Compute the same for any activation and on any device."""
        dtype = getattr(torch, precision)
        first, *middle, last = self.layers
        hidden = self.activation(first(inputs)) if middle or last is not first else inputs
        for layer in middle:
            hidden = hidden.to(dtype)
            weight, bias = (part.to(dtype) for part in layer.parameters())
            hidden = self.activation(nn.functional.linear(hidden, weight, bias))
        return last(hidden.float())


class _ReluMlp(torch.autograd.Function):
    """The whole network as one node."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, precision: Precision, *parameters: Tensor) -> Tensor:
        weights, biases = parameters[::2], parameters[1::2]
        dtype = getattr(torch, precision)
        multiply = product if any(ctx.needs_input_grad) else row_product
        seen = [inputs]  # the input of each layer, [N, I] and [N, H]
        for index, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            if index == 0 or dtype == torch.float32:
                hidden = multiply(seen[-1], weight, bias, relu=True)
            else:
                hidden = multiply(seen[-1], weight.to(dtype), bias.to(dtype), relu=True)
            seen.append(hidden.to(dtype))
        ctx.save_for_backward(*seen, *weights)
        return multiply(seen[-1].float(), weights[-1], biases[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        count = len(ctx.saved_tensors) // 2
        seen, weights = list(ctx.saved_tensors[:count]), ctx.saved_tensors[count:]
        wanted, dtype = ctx.needs_input_grad, seen[-1].dtype
        after = gradient.to(dtype).contiguous()
        if not any(wanted[2:]):
            return _input_gradient(after, seen, weights), None, *([None] * 2 * count)
        parts: list[Tensor | None] = []
        for index in reversed(range(count)):
            slope = _slope(after, seen[index].to(dtype)).float()
            parts = [slope, (after if index < count - 1 else gradient).sum(0).float(), *parts]
            if index or wanted[0]:
                after = _before(after, seen[index], weights[index], index)
        return after if wanted[0] else None, None, *parts


def _input_gradient(after: Tensor, seen: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Return the gradient of the inputs alone, [N, I]."""
    rows = after.any(dim=1).nonzero().squeeze(1)
    wanted = rounded_up(len(rows))
    if not len(rows):
        return torch.zeros_like(seen[0])
    few = wanted < len(after)
    if few:  # the last row, repeated as often as needed
        rows = torch.cat([rows, rows[-1:].expand(wanted - len(rows))])
    part = after[rows] if few else after
    for index in reversed(range(len(seen))):
        shown = seen[index][rows] if few and index else seen[index]
        part = _before(part, shown, weights[index], index)
    return torch.zeros_like(seen[0]).index_copy_(0, rows, part) if few else part


def rounded_up(count: int) -> int:
    """Round up to a number with at most four leading binary digits, e.g. 1,030 to 1,152.

    oneDNN compiles a kernel for every number of rows it meets, which takes longer than the product.
    """
    step = 1 << max(count.bit_length() - 4, 0)
    return -(-count // step) * step


def _slope(after: Tensor, seen: Tensor) -> Tensor:
    """Return a weight's gradient [O, H] from the outputs' [N, O] and the layer's input [N, H]."""
    if after.dtype != torch.float32:
        return torch.mm(after.t(), seen)
    if seen.shape[1] < after.shape[1]:  # oneDNN copies the first operand: make it the narrow one
        return product(seen.t(), after.t()).t()
    return product(after.t(), seen.t())


def _before(after: Tensor, seen: Tensor, weight: Tensor, index: int) -> Tensor:
    """Return the gradient of layer `index`'s input, before its ReLU; of the inputs for index 0."""
    if after.dtype != torch.float32:
        before = torch.mm(after, weight.to(after.dtype))
    else:
        before = product(after, weight.t())
    if index == 0:
        return before.float()
    if seen.dtype == torch.bfloat16:  # as integers, which have the same signs, at twice the speed
        before, seen = before.view(torch.int16), seen.view(torch.int16)
    return torch.ops.aten.threshold_backward(before, seen, 0).view(after.dtype)
