"""A whole-sequence GRU with a hand-written backward pass, and single steps, for CPUs.

Why not `nn.GRU`: autograd keeps a node per gate and step, and computes a product for the weight
gradient at every step. Here a forward pass is one input product per chunk of steps and a few
in-place operations per step; the backward pass multiplies slopes of a whole chunk by what comes
back, and defers all weight gradients to one product per chunk, which is small enough to be still in
the cache. Products are torch's, the rest of a step is NumPy's, whose calls on small arrays cost a
third. torch runs `nn.LSTM` through a fused oneDNN kernel that this approach does not beat, so for
the LSTM there is only a single step. `benchmarks/sequence_core.py` prints the ratios.

Shapes: T steps, B rows, I input features, H hidden units, G = 3H (GRU: r, z, n) or 4H (LSTM: i, f,
g, o) gates. Gate order and equations are those of `nn.GRU` and `nn.LSTM`. A reset replaces the
carried state with zeros.

Only once differentiable. For second derivatives use `nn.GRU`, or step with `torch.gru_cell`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .activations import tanh_

_CHUNK_ROWS = 2048  # steps x rows per chunk: its gates stay in a second-level cache

_X86 = platform.machine().lower() in ("x86_64", "amd64")
# MKL, behind torch.mm, uses only half the vector width on AMD, unlike oneDNN, which torch also
# contains; but a call of oneDNN costs up to 40 microseconds more, more than small products save.
# The operator is not public; where it is missing, only speed is lost.
LARGE = 3_000_000  # multiplications
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

    By oneDNN where it can be, which computes a row alike whatever the number of rows, if there are
    at least two (so a single one is computed twice): what an agent does in one environment then
    does not depend on how many others there are. `weight` is
    contiguous or the transpose of a contiguous matrix. Other strides are correct too, but leave
    oneDNN's fast path and are a thousand times slower.
    """
    known = _ONEDNN_LINEAR is not None and inputs.dtype in _ONEDNN_DTYPES
    if known and inputs.device.type == "cpu":
        if len(inputs) == 1:
            return row_product(inputs.expand(2, -1).contiguous(), weight, bias, relu)[:1]
        return _ONEDNN_LINEAR(inputs, weight, bias, "relu" if relu else "none", [], "")
    return _torch_product(inputs, weight, bias, relu)


def product(
    inputs: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """Return the same for training, where rows need not be computed alike and speed counts."""
    if inputs.dtype == torch.float32 and inputs.numel() * weight.shape[0] < LARGE:
        return _torch_product(inputs, weight, bias, relu)
    return row_product(inputs, weight, bias, relu)


def _torch_product(inputs: Tensor, weight: Tensor, bias: Tensor | None, relu: bool) -> Tensor:
    outputs = torch.nn.functional.linear(inputs, weight, bias)
    return outputs.relu_() if relu else outputs


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
    @np.errstate(all="ignore")  # torch does not warn either
    def forward(ctx: Any, inputs, h0, reset, weight_ih, weight_hh, bias_ih, bias_hh):  # noqa: D102
        (n_steps, n_rows, _), n_hidden = inputs.shape, h0.shape[1]
        inputs, split = inputs.contiguous(), 2 * n_hidden
        keep = _Keep(reset, h0)
        rz = inputs.new_empty(n_steps, n_rows, split)
        # n: candidate state; carried: r * (W_hn h + b_hn), what the reset gate lets through
        n, carried = (inputs.new_empty(n_steps, n_rows, n_hidden) for _ in range(2))
        hs = inputs.new_empty(n_steps + 1, n_rows, n_hidden)
        hs[0] = h0
        states = hs.unbind()
        written = [tensor.numpy() for tensor in (rz, n, carried, hs[1:])]
        for first, end in _chunks(n_steps, n_rows):
            projected = product(inputs[first:end].flatten(0, 1), weight_ih, bias_ih).numpy()
            for t, gates in enumerate(projected.reshape(end - first, n_rows, -1), first):
                h, rz_t, n_t, carried_t, new = keep.step(states[t], t), *(at[t] for at in written)
                recurrent = product(h, weight_hh, bias_hh).numpy()
                _sigmoid_(np.add(gates[:, :split], recurrent[:, :split], out=rz_t))
                np.multiply(recurrent[:, split:], rz_t[:, :n_hidden], out=carried_t)
                np.add(gates[:, split:], carried_t, out=n_t)
                np.tanh(n_t, out=n_t)
                np.subtract(h.numpy(), n_t, out=new)
                np.multiply(new, rz_t[:, n_hidden:], out=new)
                np.add(new, n_t, out=new)
        ctx.keep = keep
        ctx.save_for_backward(inputs, weight_ih, weight_hh, rz, n, carried, hs)
        return hs[1:], hs[-1].clone()

    @staticmethod
    @once_differentiable
    @np.errstate(all="ignore")
    def backward(ctx: Any, grad_outputs, grad_state):  # noqa: D102
        inputs, weight_ih, weight_hh, rz, n, carried, hs = ctx.saved_tensors
        n_steps, n_rows, n_hidden = n.shape
        keep = ctx.keep
        sums = _WeightGradients(inputs, weight_ih, n_hidden, ctx.needs_input_grad[0])
        chunks = list(_chunks(n_steps, n_rows))
        # The sides differ only in the candidate: the state's part passes through the reset gate.
        sides = inputs.new_empty(2, chunks[0][1], n_rows, 3, n_hidden)
        weight_hh_t, grad_h = weight_hh.t(), grad_state.clone()
        kept = np.empty_like(grad_h.numpy())
        for first, end in reversed(chunks):
            before = keep.chunk(hs[first:end], first, end)
            r, z = rz[first:end].split(n_hidden, 2)
            side_ih, side_hh = sides[:, : end - first]
            _slopes(before, r, z, n[first:end], carried[first:end], side_ih, side_hh)
            parts = [each.numpy() for each in (grad_outputs[first:end], z, side_ih, side_hh)]
            for t, flat in reversed(list(enumerate(side_hh.flatten(2).unbind(), first))):
                grad_output, z_t, grad_ih, grad_hh = (part[t - first] for part in parts)
                h = grad_h.numpy()
                np.add(h, grad_output, out=h)
                np.multiply(grad_ih, h[:, None], out=grad_ih)
                np.multiply(grad_hh, h[:, None], out=grad_hh)
                np.multiply(h, z_t, out=kept)
                grad_h = product(flat, weight_hh_t)
                np.add(grad_h.numpy(), kept, out=grad_h.numpy())
                grad_h = keep.step(grad_h, t)
            sums.add(first, end, before, side_ih.flatten(2), side_hh.flatten(2))
        return (
            *(sums.grad_inputs, grad_h, None),
            *(sums.weight_ih_t.t(), sums.weight_hh_t.t(), sums.bias_ih, sums.bias_hh),
        )


def _sigmoid_(x: np.ndarray) -> None:
    """Replace `x` by its sigmoid."""
    np.multiply(x, 0.5, out=x)
    np.tanh(x, out=x)
    np.add(x, 1, out=x)
    np.multiply(x, 0.5, out=x)


def _slopes(
    before: Tensor, r: Tensor, z: Tensor, n: Tensor, carried: Tensor, ih: Tensor, hh: Tensor
) -> None:
    """Write how the next states change with the gates' inputs into `ih` and `hh` [t, B, 3, H].

    Args:
        before: States before each step, [t, B, H], as everything else.
        r: Reset gates.
        z: Update gates.
        n: Candidates.
        carried: What the reset gates let through.
        ih: Side of the inputs.
        hh: Side of the states.
    """
    rest = 1 - z
    torch.mul(rest, before.sub(n).mul_(z), out=ih[:, :, 1])
    to_candidate = torch.mul(rest, torch.addcmul(torch.ones_like(n), n, n, value=-1))
    ih[:, :, 2] = to_candidate
    torch.mul(to_candidate, r, out=hh[:, :, 2])
    torch.mul(to_candidate.mul_(carried), 1 - r, out=ih[:, :, 0])
    hh[:, :, :2] = ih[:, :, :2]


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
