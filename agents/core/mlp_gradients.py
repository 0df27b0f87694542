"""First and second derivatives of MLPs by hand, for many rows of few tasks on a CPU.

M tasks, N rows of a task; layer l maps hidden [N, I] to z [N, O] and, but for the last, to f(z).
Autograd derives the same, but multiplies matrices in layouts that are slow where one side is
narrow, and sends every intermediate of all tasks through memory; here a task's stay in the cache.
Third derivatives do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

MIN_ROWS = 400  # of a task; below, the launches of each task's own operations outweigh the gain


def serves(activation: nn.Module, weights: Sequence[torch.Tensor], inputs: torch.Tensor) -> bool:
    """Tell whether `mlp` computes this network, and is the quicker way to.

    Args:
        activation: Between the layers.
        weights: Of the layers.
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
        weights: One a layer, [M, O, I].
        biases: One a layer, [M, O].
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
        tasks, rows = inputs.shape[:2]
        hidden = [inputs.new_empty(tasks, rows, weight.shape[1]) for weight in weights]
        for task in range(tasks):
            below = inputs[task]
            for layer, here in enumerate(hidden):
                below = torch.mm(below, weights[layer][task].t(), out=here[task])
                below.add_(biases[layer][task])
                if layer + 1 < depth:
                    _activate(below, smooth)
        ctx.smooth = smooth
        ctx.save_for_backward(inputs, *hidden[:-1], *parameters)
        return hidden[-1]

    @staticmethod
    def backward(ctx: Any, above: torch.Tensor) -> Any:
        return None, None, *_Gradients.apply(ctx.smooth, above, *ctx.saved_tensors)


class _Gradients(torch.autograd.Function):
    """The gradient of weights and biases, from that of the outputs, `above` [M, N, O]."""

    @staticmethod
    def forward(ctx: Any, smooth: bool, above: torch.Tensor, *saved: torch.Tensor) -> Any:
        depth = len(saved) // 3
        hidden, weights, biases = saved[:depth], saved[depth : 2 * depth], saved[2 * depth :]
        above = above.contiguous()
        gradients = [torch.empty_like(part) for part in (*weights, *biases)]
        # at z of every layer, and at f(z) of those below the last
        signals = [torch.empty_like(part) for part in hidden[1:]] + [above]
        backs = [torch.empty_like(part) for part in hidden[1:]]
        for task in range(len(above)):
            for layer in reversed(range(depth)):
                signal, below = signals[layer][task], hidden[layer][task]
                _outer(signal, below, gradients[layer][task])
                torch.sum(signal, 0, out=gradients[depth + layer][task])
                if layer:
                    back = torch.mm(signal, weights[layer][task], out=backs[layer - 1][task])
                    _slope(back, below, smooth, signals[layer - 1][task])
        ctx.smooth = smooth
        ctx.save_for_backward(*saved[: 2 * depth], *signals, *backs)
        return tuple(gradients)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *directions: torch.Tensor) -> Any:
        """Return what the gradients' derivatives are along `directions`, one a gradient.

        Source:
            Pearlmutter 1994 (the R-operator).
        """
        depth = len(directions) // 2
        saved = ctx.saved_tensors
        hidden, weights = saved[:depth], saved[depth : 2 * depth]
        signals, backs = saved[2 * depth : 3 * depth], saved[3 * depth :]
        moved = torch.empty_like(signals[-1])  # how the outputs move along the directions
        products = [torch.zeros_like(part) for part in directions]
        for task in range(len(moved)):
            own = [[part[task] for part in parts] for parts in (hidden, weights, signals, backs)]
            along, into = ([part[task] for part in parts] for parts in (directions, products))
            _second_derivatives(ctx.smooth, own, along, moved[task], into)
        return None, moved, *([None] * depth), *products


def _second_derivatives(
    smooth: bool,
    saved: list[list[torch.Tensor]],
    directions: list[torch.Tensor],
    moved: torch.Tensor,
    products: list[torch.Tensor],
) -> None:
    """Write one task's directional derivatives into `moved` and `products`."""
    hidden, weights, signals, backs = saved
    depth = len(weights)
    moves: list[torch.Tensor | None] = [None]  # of hidden, along the directions
    for layer in range(depth):
        last = layer + 1 == depth
        here = moved if last else torch.empty_like(hidden[layer + 1])
        torch.mm(hidden[layer], directions[layer].t(), out=here).add_(directions[depth + layer])
        if (move := moves[layer]) is not None:
            here.addmm_(move, weights[layer].t())
        if not last:
            _slope(here, hidden[layer + 1], smooth, here)
            moves.append(here)
    turn: torch.Tensor | None = None  # of the signal at z of the layer, along the directions
    for layer in reversed(range(depth)):
        if turn is not None:
            _outer(turn, hidden[layer], products[layer])
            torch.sum(turn, 0, out=products[depth + layer])
        move = moves[layer]
        if move is None:
            break
        _outer(signals[layer], move, products[layer], add=turn is not None)
        back = signals[layer] @ directions[layer]
        if turn is not None:
            back.addmm_(turn, weights[layer])
        _slope(back, hidden[layer], smooth, back)
        if smooth:  # f''(z) times how z moves: -2 f(z) times how f(z) moves
            move.mul_(hidden[layer]).mul_(backs[layer - 1])
            back.sub_(move, alpha=2)
        turn = back


def _activate(z: torch.Tensor, smooth: bool) -> None:
    """Apply the activation in place."""
    if smooth:
        z.mul_(2).sigmoid_().mul_(2).sub_(1)  # tanh; torch's own takes ten times as long
    else:
        z.relu_()


def _slope(signal: torch.Tensor, hidden: torch.Tensor, smooth: bool, out: torch.Tensor) -> None:
    """Multiply by the activation's slope where it has the value `hidden`."""
    if smooth:
        torch.ops.aten.tanh_backward.grad_input(signal, hidden, grad_input=out)
    else:
        torch.mul(signal, hidden > 0, out=out)


def _outer(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor, add: bool = False) -> None:
    """Write (or add) left' right, of [N, O] and [N, I], to `out` [O, I]."""
    if left.shape[1] <= right.shape[1]:
        torch.addmm(out, left.t(), right, beta=int(add), out=out)
        return
    product = torch.mm(right.t(), left).t()  # the narrow one first: up to ten times as quick
    if add:
        out.add_(product)
    else:
        out.copy_(product)
