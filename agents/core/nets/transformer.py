"""A causal transformer as a core. T steps, B rows; I inputs, H its width, L steps of context."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from meta_envs.core.arguments import choice

from .kernels.layer import Linear
from .rings import Layout, attend, attend_step, check_sizes, pushed
from .sequence import SequenceCore

_BASE = 10_000.0  # of the rotations' wave lengths


class Transformer(SequenceCore):
    """A causal transformer with a cache of keys and values.

    Layer norm stands before attention and before the feed-forward part (Xiong et al. 2020), and
    once at the end. Each layer attends to the last `context` steps.

    Args:
        input_size: I.
        hidden_size: H.
        context: L.
        n_layers: Layers.
        n_heads: Heads of a layer.
        positions: `"rotary"` turns queries and keys by their time, so that attention sees how long
            ago a step was; `"learnt"` adds a vector to be learnt for each time in the trial.
        beyond: At a step beyond the context, `"slide"` forgets the oldest step, `"error"` raises.

    Raises:
        ValueError: If a size is below 1, `n_heads` does not divide `hidden_size` (into even parts,
            if they are rotary), a choice is unknown, or learnt positions are to slide; while
            running, at steps beyond the context if these are an error.

    Source:
        Vaswani et al. 2017 (arXiv 1706.03762); rotary positions: Su et al. 2021 (arXiv 2104.09864),
        equation 34, with halves instead of neighbours as pairs, as in most code.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int = 64,
        context: int = 128,
        n_layers: int = 2,
        n_heads: int = 2,
        positions: str = "rotary",
        beyond: str = "slide",
    ):
        super().__init__()
        check_sizes(hidden_size=hidden_size, context=context, n_layers=n_layers, n_heads=n_heads)
        choice("positions", positions, ["rotary", "learnt"])
        choice("beyond", beyond, ["slide", "error"])
        if positions == "learnt" and beyond == "slide":
            raise ValueError("positions='learnt' end with the context: give beyond='error'")
        parts = n_heads * (2 if positions == "rotary" else 1)
        if hidden_size % parts:
            raise ValueError(
                f"hidden_size={hidden_size} must be a multiple of {parts}: n_heads={n_heads} with "
                f"{positions} positions"
            )
        self.input_size, self.output_size = input_size, hidden_size
        self.context, self.beyond, self.n_heads = context, beyond, n_heads
        self.inputs = Linear(input_size, hidden_size)
        self.places: nn.Parameter | None = None
        if positions == "learnt":
            self.places = nn.Parameter(0.02 * torch.randn(context, hidden_size))
        self.layers = nn.ModuleList(_Layer(hidden_size, n_layers) for _ in range(n_layers))
        self.norm = nn.LayerNorm(hidden_size)
        ring = context, hidden_size
        self.layout = Layout(
            {f"{part}.{layer}": ring for layer in range(n_layers) for part in ("keys", "values")}
        )

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, S]."""
        return self.inputs.weight.new_zeros(batch_size, self.layout.size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        if torch.is_grad_enabled():  # what follows writes in place to what gradients would need
            outputs, after = self.run(inputs[None], state)
            return outputs[0], after
        count, after = self.layout.count(state), state.clone()
        parts, rows = self.layout.views(after), torch.arange(len(state), device=state.device)
        x, slot = self._placed(inputs[:, None], count)[:, 0], count % self.context
        for index, layer in enumerate(self._layers()):
            query, key, value = layer.read(x)
            rings = parts[f"keys.{index}"], parts[f"values.{index}"]
            rings[0][rows, slot] = self._turned(key[:, None], count)[:, 0]
            rings[1][rows, slot] = value
            query = self._turned(query[:, None], count)[:, 0]
            x = layer.write(x, attend_step(query, rings, count, self.n_heads))
        after[:, 0] += 1
        return self.norm(x), after

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        count, before = self.layout.count(state), self.layout.views(state)
        x, parts = self._placed(inputs.transpose(0, 1), count), {}
        for index, layer in enumerate(self._layers()):
            query, key, value = layer.read(x)
            query, key = self._turned(query, count), self._turned(key, count)
            names = f"keys.{index}", f"values.{index}"
            rings = before[names[0]], before[names[1]]
            x = layer.write(x, attend(query, key, value, rings, count, self.n_heads))
            for name, ring, new in zip(names, rings, (key, value), strict=True):
                parts[name] = pushed(ring, new, count)
        return self.norm(x).transpose(0, 1), self.layout.state(count + len(inputs), parts)

    def _layers(self) -> Iterable[_Layer]:
        return cast(Iterable[_Layer], self.layers)

    def _placed(self, inputs: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Return the first layer's inputs [B, T, H] for steps [B, T, I] after `count` others."""
        x, steps = self.inputs(inputs), inputs.shape[1]
        if self.beyond == "error" and (longest := int(count.max()) + steps) > self.context:
            raise ValueError(
                f"context={self.context} steps, and the trial has at least {longest}; give "
                "core_kwargs={'context': ...} or, with rotary positions, {'beyond': 'slide'}"
            )
        if self.places is None:
            return x
        return x + self.places[count[:, None] + torch.arange(steps, device=count.device)]

    def _turned(self, vectors: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Return queries or keys [B, T, H] turned by their times, which follow `count` [B]."""
        if self.places is not None:
            return vectors
        heads = vectors.unflatten(2, (self.n_heads, -1))
        half = heads.shape[-1] // 2
        device, dtype = vectors.device, vectors.dtype
        speeds = _BASE ** (-torch.arange(half, device=device, dtype=dtype) / half)
        times = count[:, None] + torch.arange(vectors.shape[1], device=device)
        angles = (times[..., None] * speeds)[:, :, None]  # [B, T, 1, half]
        sine, cosine = angles.sin(), angles.cos()
        first, second = heads[..., :half], heads[..., half:]
        turned = first * cosine - second * sine, first * sine + second * cosine
        return torch.cat(turned, dim=-1).flatten(2)


class _Layer(nn.Module):
    """Attention and a feed-forward part, around what attends."""

    def __init__(self, size: int, n_layers: int):
        super().__init__()
        self.before_attention = nn.LayerNorm(size)
        self.attention = Linear(size, 3 * size)
        self.joined = Linear(size, size)
        self.before_units = nn.LayerNorm(size)
        self.units = Linear(size, 4 * size)
        self.out = Linear(4 * size, size)
        for layer in (self.attention, self.joined, self.units, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():  # sums of many layers stay of one size (Radford et al. 2019)
            for layer in (self.joined, self.out):
                layer.weight.mul_((2 * n_layers) ** -0.5)

    def read(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return queries, keys and values [..., H] of x [..., H]."""
        return self.attention(self.before_attention(x)).chunk(3, dim=-1)

    def write(self, x: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        """Return the layer's output [..., H] from its input and what attention found."""
        x = x + self.joined(found)
        return x + self.out(functional.gelu(self.units(self.before_units(x))))
