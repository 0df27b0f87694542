"""A whole-sequence GRU with a hand-written backward pass, and single steps, for CPUs.

Why not `nn.GRU`: autograd keeps a node per gate and step, and computes a product for the weight
gradient at every step. Here a forward pass is one input product per chunk of steps and a few
in-place operations per step; the backward pass defers all weight gradients to one product per
chunk, and a chunk is small enough to be still in the cache. torch runs `nn.LSTM` through a fused
oneDNN kernel that this approach does not beat, so for the LSTM there is only a single step.
`benchmarks/sequence_core.py` prints the ratios.

Shapes: T steps, B rows, I input features, H hidden units, G = 3H (GRU: r, z, n) or 4H (LSTM: i, f,
g, o) gates. Gate order and equations are those of `nn.GRU` and `nn.LSTM`. A reset replaces the
carried state with zeros.

Only once differentiable. For second derivatives use `nn.GRU`, or step with `torch.gru_cell`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_CHUNK_ROWS = 2048  # steps x rows per chunk: its gates stay in a second-level cache

_X86 = platform.machine().lower() in ("x86_64", "amd64")
# MKL, behind torch.mm, uses only half the vector width on AMD, unlike oneDNN, which torch also
# contains; but a call of oneDNN costs some 40 microseconds more, which only large products repay.
# The operator is not public; where it is missing, only speed is lost.
_LARGE = 150_000_000  # multiplications
_ONEDNN_LINEAR: Any = (
    getattr(getattr(torch.ops, "mkldnn", None), "_linear_pointwise", None)
    if _X86 and torch.backends.mkldnn.is_available()
    else None
)
_BFLOAT16: Any = getattr(getattr(torch.ops, "mkldnn", None), "_is_mkldnn_bf16_supported", bool)
_ONEDNN_DTYPES = (torch.float32, torch.bfloat16) if _BFLOAT16() else (torch.float32,)


def row_product(
    inputs: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """Return `inputs @ weight.T + bias` ([N, I], [G, I], [G] -> [N, G]) without a graph.

    By oneDNN where it can be, which computes a row alike whatever the number of rows: what an agent
    does in one environment then does not depend on how many others there are. `weight` is
    contiguous or the transpose of a contiguous matrix. Other strides are correct too, but leave
    oneDNN's fast path and are a thousand times slower.
    """
    known = _ONEDNN_LINEAR is not None and inputs.dtype in _ONEDNN_DTYPES
    if known and inputs.device.type == "cpu":
        return _ONEDNN_LINEAR(inputs, weight, bias, "relu" if relu else "none", [], "")
    return _torch_product(inputs, weight, bias, relu)


def product(
    inputs: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """Return the same for training, where rows need not be computed alike and speed counts."""
    if inputs.dtype == torch.float32 and inputs.numel() * weight.shape[0] < _LARGE:
        return _torch_product(inputs, weight, bias, relu)
    return row_product(inputs, weight, bias, relu)


def _torch_product(inputs: Tensor, weight: Tensor, bias: Tensor | None, relu: bool) -> Tensor:
    outputs = torch.nn.functional.linear(inputs, weight, bias)
    return outputs.relu_() if relu else outputs


def tanh_(x: Tensor) -> Tensor:
    """Replace `x` by its tanh, through the sigmoid, which torch computes several times faster."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


def _chunks(n_steps: int, num_rows: int) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of consecutive chunks of steps."""
    size = max(1, _CHUNK_ROWS // max(num_rows, 1))
    for first in range(0, n_steps, size):
        yield first, min(first + size, n_steps)


class _Keep:
    """Zeroes the rows that are reset; steps without a reset cost nothing.

    Args:
        reset: [T, B] bool, or None for no resets.
        like: A tensor with the dtype and device to use.
    """

    def __init__(self, reset: Tensor | None, like: Tensor):
        self.steps: list[bool] = [] if reset is None else reset.any(1).tolist()
        self.any = any(self.steps)
        self.factor = (
            (~reset).to(like.dtype).unsqueeze(-1) if self.any and reset is not None else like
        )

    def step(self, x: Tensor, t: int) -> Tensor:
        """Return x [B, ...] of step `t` with reset rows zeroed."""
        return x * self.factor[t] if self.any and self.steps[t] else x

    def chunk(self, x: Tensor, first: int, end: int) -> Tensor:
        """Return x [end - first, B, ...] with reset rows zeroed."""
        return x * self.factor[first:end] if self.any and any(self.steps[first:end]) else x


class _WeightGradients:
    """Sums the gradients of the two affine maps, chunk by chunk, and writes that of the inputs.

    Args:
        inputs: [T, B, I] contiguous.
        weight_ih: [G, I].
        n_hidden: H.
        need_inputs: Whether the inputs need a gradient.
    """

    def __init__(self, inputs: Tensor, weight_ih: Tensor, n_hidden: int, need_inputs: bool):
        n_gates = weight_ih.shape[0]
        self.inputs, self.weight_ih = inputs, weight_ih
        self.grad_inputs = torch.empty_like(inputs) if need_inputs else None
        self.weight_ih_t = inputs.new_zeros(inputs.shape[2], n_gates)
        self.weight_hh_t = inputs.new_zeros(n_hidden, n_gates)
        self.bias_ih, self.bias_hh = inputs.new_zeros(n_gates), inputs.new_zeros(n_gates)

    def add(self, first: int, end: int, hidden: Tensor, grad_ih: Tensor, grad_hh: Tensor) -> None:
        """Add gate gradients [n, B, G] of the input and the state side; hidden is [n, B, H]."""
        flat_ih, flat_hh = grad_ih.flatten(0, 1), grad_hh.flatten(0, 1)
        self.weight_ih_t += product(self.inputs[first:end].flatten(0, 1).t(), flat_ih.t())
        self.weight_hh_t += product(hidden.flatten(0, 1).t(), flat_hh.t())
        self.bias_ih += flat_ih.sum(0)
        self.bias_hh += flat_hh.sum(0)
        if self.grad_inputs is not None:
            chunk = self.grad_inputs[first:end]
            chunk.copy_(product(flat_ih, self.weight_ih.t()).view_as(chunk))


class GRUSequence(torch.autograd.Function):
    """Inputs [T, B, I], h0 [B, H], reset [T, B] or None -> outputs [T, B, H], state [B, H]."""

    @staticmethod
    def forward(ctx: Any, inputs, h0, reset, weight_ih, weight_hh, bias_ih, bias_hh):  # noqa: D102
        (n_steps, n_rows, _), n_hidden = inputs.shape, h0.shape[1]
        inputs = inputs.contiguous()
        keep = _Keep(reset, h0)
        rz = inputs.new_empty(n_steps, n_rows, 2 * n_hidden)
        # n: candidate state; carried: r * (W_hn h + b_hn), what the reset gate lets through
        n, carried = (inputs.new_empty(n_steps, n_rows, n_hidden) for _ in range(2))
        hs = inputs.new_empty(n_steps + 1, n_rows, n_hidden)
        hs[0] = h0
        split = 2 * n_hidden
        for first, end in _chunks(n_steps, n_rows):
            projected = product(inputs[first:end].flatten(0, 1), weight_ih, bias_ih)
            for t, gates in enumerate(projected.view(end - first, n_rows, -1).unbind(), first):
                h, rz_t = keep.step(hs[t], t), rz[t]
                recurrent = product(h, weight_hh, bias_hh)
                torch.add(gates[:, :split], recurrent[:, :split], out=rz_t).sigmoid_()
                torch.mul(recurrent[:, split:], rz_t[:, :n_hidden], out=carried[t])
                tanh_(torch.add(gates[:, split:], carried[t], out=n[t]))
                torch.lerp(n[t], h, rz_t[:, n_hidden:], out=hs[t + 1])
        ctx.keep = keep
        ctx.save_for_backward(inputs, weight_ih, weight_hh, rz, n, carried, hs)
        return hs[1:], hs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_outputs, grad_state):  # noqa: D102
        inputs, weight_ih, weight_hh, rz, n, carried, hs = ctx.saved_tensors
        n_steps, n_rows, n_hidden = n.shape
        keep, split = ctx.keep, 2 * n_hidden
        sums = _WeightGradients(inputs, weight_ih, n_hidden, ctx.needs_input_grad[0])
        chunks = list(_chunks(n_steps, n_rows))
        # The sides differ only in the candidate: the state's part passes through the reset gate.
        sides = [inputs.new_empty(chunks[0][1], n_rows, 3 * n_hidden) for _ in range(2)]
        weight_hh_t, grad_h = weight_hh.t(), grad_state
        a, b = torch.empty_like(hs[0]), torch.empty_like(hs[0])
        for first, end in reversed(chunks):
            for t in range(end - 1, first - 1, -1):
                grad_ih, grad_hh = sides[0][t - first], sides[1][t - first]
                grad_r, grad_z, grad_n = grad_ih.split(n_hidden, 1)
                r, z = rz[t].split(n_hidden, 1)
                grad_h = grad_h + grad_outputs[t]
                torch.sub(keep.step(hs[t], t), n[t], out=a).mul_(grad_h)
                _sigmoid_backward(a, z, grad_input=grad_z)
                torch.mul(grad_h, z, out=a)
                _tanh_backward(torch.sub(grad_h, a, out=b), n[t], grad_input=grad_n)
                torch.mul(grad_n, r, out=grad_hh[:, split:])
                torch.mul(grad_n, carried[t], out=b)
                torch.addcmul(b, b, r, value=-1, out=grad_r)
                grad_hh[:, :split].copy_(grad_ih[:, :split])
                grad_h = keep.step(product(grad_hh, weight_hh_t).add_(a), t)
            size = end - first
            sums.add(
                first, end, keep.chunk(hs[first:end], first, end), sides[0][:size], sides[1][:size]
            )
        return (
            *(sums.grad_inputs, grad_h, None),
            *(sums.weight_ih_t.t(), sums.weight_hh_t.t(), sums.bias_ih, sums.bias_hh),
        )


def _lstm_gates_(gates: Tensor) -> tuple[Tensor, ...]:
    """Squash gates [B, 4H] in place, g by tanh, the others by sigmoid; return i, f, g, o."""
    parts = gates.split(gates.shape[1] // 4, 1)
    parts[2].mul_(2)  # tanh(x) = 2 sigmoid(2x) - 1, so one sigmoid serves all four
    gates.sigmoid_()
    parts[2].mul_(2).sub_(1)
    return parts


def gru_step(
    inputs: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
):
    """Return the next state [B, H] without a graph; inputs [B, I], h [B, H]."""
    split = 2 * h.shape[1]
    gates = row_product(inputs, weight_ih, bias_ih)
    recurrent = row_product(h, weight_hh, bias_hh)
    r, z = gates[:, :split].add_(recurrent[:, :split]).sigmoid_().split(h.shape[1], 1)
    n = tanh_(torch.addcmul(gates[:, split:], r, recurrent[:, split:]))
    return torch.lerp(n, h, z)


def lstm_step(
    inputs: Tensor,
    state: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return (output [B, H], state [B, 2H]) without a graph; inputs [B, I]."""
    n_hidden = weight_hh.shape[1]
    h, c = state.split(n_hidden, 1)
    i, f, g, o = _lstm_gates_(
        row_product(inputs, weight_ih, bias_ih).add_(
            row_product(h.contiguous(), weight_hh, bias_hh)
        )
    )
    new = torch.empty_like(state)
    output, cell = new.split(n_hidden, 1)
    torch.mul(f, c, out=cell).addcmul_(i, g)
    torch.mul(o, tanh_(cell.clone()), out=output)
    return output, new


_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input
