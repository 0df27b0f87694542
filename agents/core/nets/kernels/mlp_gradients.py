"""Hand-written first and second derivatives of MLPs, for many rows of few tasks on a CPU.

M tasks, N rows of a task; layer l maps hidden [N, I] to z [N, O] and, except for the last, to f(z).
Autograd gives the same derivatives, but multiplies matrices in layouts that are slow where one side
is narrow, without oneDNN (see `recurrent_kernels.product`), and moves every intermediate of all
tasks through memory; here those of one task stay in the cache. Third derivatives do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from .activations import tanh_
from .recurrent import product

_NARROW = 16  # columns; below this, torch.mm is faster than oneDNN
MIN_ROWS = 400  # per task; below this, running each task separately costs more than it gains


def serves(activation: nn.Module, weights: Sequence[torch.Tensor], inputs: torch.Tensor) -> bool:
    """Tell whether `mlp` can compute this network and is the faster way to do so.

    Args:
        activation: Activation between the layers.
        weights: Weights of the layers.
        inputs: [M, N, I].
    """
    return (
        type(activation) in (nn.Tanh, nn.ReLU)
        and torch.is_grad_enabled()
        and not inputs.requires_grad
        and inputs.device.type == "cpu"
        and inputs.dim() == 3
        and inputs.shape[1] >= MIN_ROWS
        and all(weight.dim() == 3 for weight in weights)
    )


def mlp(
    activation: nn.Module,
    inputs: torch.Tensor,
    weights: Sequence[torch.Tensor],
    biases: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Return the last layer's outputs, [M, N, O]; differentiable twice in weights and biases.

    Args:
        activation: `Tanh` or `ReLU`.
        inputs: [M, N, I]; carries no gradient.
        weights: One per layer, [M, O, I].
        biases: One per layer, [M, O].
    """
    outputs: torch.Tensor = _Outputs.apply(
        isinstance(activation, nn.Tanh), inputs, *weights, *biases
    )
    return outputs


class _Outputs(torch.autograd.Function):
    """The network's outputs."""

    @staticmethod
    def forward(ctx: Any, smooth: bool, inputs: torch.Tensor, *parameters: torch.Tensor) -> Any:
        depth = len(parameters) // 2
        weights, biases = parameters[:depth], parameters[depth:]
        hidden, outputs = [], []
        for task, below in enumerate(inputs):
            for layer in range(depth):
                below = product(below, weights[layer][task], biases[layer][task])
                if layer + 1 < depth:
                    below = tanh_(below) if smooth else below.relu_()
                    hidden.append(below)
            outputs.append(below)
        ctx.smooth = smooth
        ctx.save_for_backward(inputs, *parameters, *hidden)
        return torch.stack(outputs)

    @staticmethod
    def backward(ctx: Any, above: torch.Tensor) -> Any:
        inputs, *rest = ctx.saved_tensors
        depth = (len(ctx.needs_input_grad) - 2) // 2
        parameters, hidden = rest[: 2 * depth], rest[2 * depth :]
        gradients = _Gradients.apply(ctx.smooth, hidden, inputs, above, *parameters)
        return None, None, *gradients


class _Gradients(torch.autograd.Function):
    """The gradient of weights and biases from that of the outputs, `above` [M, N, O]."""

    @staticmethod
    def forward(
        ctx: Any,
        smooth: bool,
        hidden: list[torch.Tensor],  # for each task, one per layer except the last, [N, H]
        inputs: torch.Tensor,
        above: torch.Tensor,
        *parameters: torch.Tensor,
    ) -> Any:
        depth = len(parameters) // 2
        weights = parameters[:depth]
        gradients = [torch.empty_like(part) for part in parameters]
        kept = []  # per task and layer except the first, downwards: gradients at f(z), and at z
        above = above.contiguous()
        for task, signal in enumerate(above):
            seen = [inputs[task], *hidden[task * (depth - 1) : (task + 1) * (depth - 1)]]
            for layer in reversed(range(depth)):
                _outer(signal, seen[layer], gradients[layer][task])
                torch.sum(signal, 0, out=gradients[depth + layer][task])
                if layer:
                    back = product(signal, weights[layer][task].t())
                    signal = _sloped(back, seen[layer], smooth)
                    kept += [back, signal]
        ctx.smooth, ctx.depth = smooth, depth
        ctx.save_for_backward(inputs, above, *weights, *hidden, *kept)
        return tuple(gradients)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *directions: torch.Tensor) -> Any:
        """Return the gradients' derivatives along `directions`, one per gradient."""
        depth, between = ctx.depth, ctx.depth - 1
        inputs, above, *rest = ctx.saved_tensors
        weights, hidden = rest[:depth], rest[depth : depth + between * len(inputs)]
        kept = rest[depth + len(hidden) :]
        directions = tuple(part.contiguous() for part in directions)
        products = [torch.zeros_like(part) for part in directions]
        moved = []
        for task in range(len(inputs)):
            downwards = kept[2 * between * task : 2 * between * (task + 1)]
            own = (
                [inputs[task], *hidden[between * task : between * (task + 1)]],
                [part[task] for part in weights],
                [*downwards[1::2][::-1], above[task]],
                downwards[::2][::-1],
            )
            along, into = ([part[task] for part in parts] for parts in (directions, products))
            moved.append(_second_derivatives(ctx.smooth, own, along, into))
        return None, None, None, torch.stack(moved), *products


def _second_derivatives(
    smooth: bool,
    saved: tuple[list[torch.Tensor], ...],
    directions: list[torch.Tensor],
    products: list[torch.Tensor],
) -> torch.Tensor:
    """Differentiate one task's gradients along directions.

    Args:
        smooth: Whether the activation is tanh.
        saved: For each layer: its input, its weight, the loss's gradients at its z and its f(z).
        directions: One for each layer's weight, and one for each layer's bias.
        products: Output: the derivatives of the weights' and biases' gradients.

    Returns:
        The derivative of the outputs, [N, O].

    Source:
        Pearlmutter 1994 (the R-operator).
    """
    seen, weights, signals, backs = saved
    depth = len(weights)
    move: torch.Tensor | None = None  # derivative of a layer's input along the directions
    moves = []
    for layer in range(depth):
        moves.append(move)
        moved = product(seen[layer], directions[layer], directions[depth + layer])
        if move is not None:
            moved.add_(product(move, weights[layer]))
        move = _sloped(moved, seen[layer + 1], smooth) if layer + 1 < depth else None
    turn: torch.Tensor | None = None  # derivative of the gradient at a layer's z
    for layer in reversed(range(depth)):
        if turn is not None:
            _outer(turn, seen[layer], products[layer])
            torch.sum(turn, 0, out=products[depth + layer])
        move = moves[layer]
        if move is None:
            break
        _outer(signals[layer], move, products[layer], add=turn is not None)
        back = product(signals[layer], directions[layer].t())
        if turn is not None:
            back.add_(product(turn, weights[layer].t()))
        turn = _sloped(back, seen[layer], smooth)
        if smooth:  # f''(z) times the derivative of z: -2 f(z) times that of f(z)
            turn.addcmul_(move.mul_(seen[layer]), backs[layer - 1], value=-2)
    return moved


def _sloped(signal: torch.Tensor, hidden: torch.Tensor, smooth: bool) -> torch.Tensor:
    """Multiply by the activation's slope at the point where its value is `hidden`."""
    if smooth:
        return torch.ops.aten.tanh_backward(signal, hidden)
    return torch.ops.aten.threshold_backward(signal, hidden, 0)


def _outer(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor, add: bool = False) -> None:
    """Write (or add) left' right, of [N, O] and [N, I], to `out` [O, I]."""
    if min(left.shape[1], right.shape[1]) >= _NARROW:
        outer = product(left.t(), right.t())
    elif left.shape[1] <= right.shape[1]:  # the narrow one first: up to ten times as fast
        outer = torch.mm(left.t(), right)
    else:
        outer = torch.mm(right.t(), left).t()
    if add:
        out.add_(outer)
    else:
        out.copy_(outer)
