"""SNAIL's core: causal convolutions and attention. T steps, B rows; I inputs, C channels.

Every block adds channels beside those it reads: D from a convolution, V from attention.
"""

from __future__ import annotations

import torch
from torch import nn

from .rings import Layout, attend, attend_step, check_sizes, ordered, pushed
from .sequence import SequenceCore


class Snail(SequenceCore):
    """Temporal convolutions that see a whole trial, then attention over it (Mishra et al. 2017).

    Each of `n_blocks` blocks has log2(context) convolutions of two steps, 1, 2, 4, ... steps
    apart, with gated units; a single head of attention follows. While acting, what past steps add
    to later convolutions is kept, so that a step costs the same throughout a trial. The state
    holds it as numbers of the acting weights, as it holds attention's keys and values.

    Args:
        input_size: I.
        context: Steps that attention looks back, and that each block's convolutions cover; what
            is older is forgotten.
        filters: D, channels that a convolution adds.
        n_blocks: Blocks of convolutions.
        key_size: Size of queries and keys.
        value_size: V.

    Raises:
        ValueError: If a size is below 1, or `context` below 2.

    Source:
        Mishra et al. 2017 (arXiv 1707.03141), section 3.1; sizes of appendix C's bandits.
    """

    def __init__(
        self,
        input_size: int,
        context: int = 128,
        filters: int = 32,
        n_blocks: int = 2,
        key_size: int = 32,
        value_size: int = 32,
    ):
        super().__init__()
        sizes = {"filters": filters, "n_blocks": n_blocks, "key_size": key_size}
        check_sizes(value_size=value_size, **sizes)
        if context < 2:
            raise ValueError(f"context={context} must be at least 2 steps")
        self.input_size, self.filters = input_size, filters
        apart = [2**power for power in range((context - 1).bit_length())] * n_blocks
        self.convolutions = nn.ModuleList(
            _Convolution(input_size + filters * index, filters) for index in range(len(apart))
        )
        width = input_size + filters * len(apart)
        self.query = nn.Linear(width, key_size)
        self.key = nn.Linear(width, key_size)
        self.value = nn.Linear(width, value_size)
        self.output_size = width + value_size
        pasts = {f"past.{index}": (one, 2 * filters) for index, one in enumerate(apart)}
        self.layout = Layout(
            {**pasts, "keys": (context, key_size), "values": (context, value_size)}
        )

    def initial_state(self, batch_size: int) -> torch.Tensor:
        """Return zeros [B, S]."""
        return self.key.weight.new_zeros(batch_size, self.layout.size)

    def step(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step."""
        if torch.is_grad_enabled():  # what follows writes in place to what gradients would need
            outputs, after = self.run(inputs[None], state)
            return outputs[0], after
        count, after = self.layout.count(state), state.clone()
        before, parts = self.layout.views(state), self.layout.views(after)
        rows, shown = torch.arange(len(state), device=state.device), inputs
        for index, convolution in enumerate(self.convolutions):
            past = before[f"past.{index}"]
            slot = count % past.shape[1]
            out, later = convolution(shown, past[rows, slot])
            parts[f"past.{index}"][rows, slot] = later
            shown = torch.cat([shown, out], dim=-1)
        slot = count % parts["keys"].shape[1]
        parts["keys"][rows, slot] = self.key(shown)
        parts["values"][rows, slot] = self.value(shown)
        after[:, 0] += 1
        found = attend_step(self.query(shown), (parts["keys"], parts["values"]), count)
        return torch.cat([shown, found], dim=-1), after

    def run(self, inputs: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence without resets."""
        count, before = self.layout.count(state), self.layout.views(state)
        shown, parts = inputs.transpose(0, 1), {}
        for index, convolution in enumerate(self.convolutions):
            name = f"past.{index}"
            out, later = convolution(shown, ordered(before[name], count))
            parts[name] = pushed(before[name], later, count)
            shown = torch.cat([shown, out], dim=-1)
        key, value = self.key(shown), self.value(shown)
        rings = before["keys"], before["values"]
        found = attend(self.query(shown), key, value, rings, count)
        parts["keys"], parts["values"] = (
            pushed(ring, new, count) for ring, new in zip(rings, (key, value), strict=True)
        )
        outputs = torch.cat([shown, found], dim=-1).transpose(0, 1)
        return outputs, self.layout.state(count + len(inputs), parts)


class _Convolution(nn.Module):
    """A gated causal convolution of two steps (the paper's dense block, without its inputs)."""

    def __init__(self, channels: int, filters: int):
        super().__init__()
        self.now = nn.Linear(channels, 2 * filters)
        self.past = nn.Linear(channels, 2 * filters, bias=False)
        for layer in (self.now, self.past):
            nn.init.xavier_uniform_(layer.weight, gain=0.5**0.5)
        nn.init.zeros_(self.now.bias)

    def forward(self, shown: torch.Tensor, past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run steps [B, T, C] after others, or one step [B, C].

        Args:
            shown: Channels.
            past: What the steps before add, as many as the convolution's are apart, [B, R, 2 D];
                for one step, what the step R before it adds, [B, 2 D].

        Returns:
            Outputs [B, T, D] and what these steps add later, [B, T, 2 D]; for one step without T.
        """
        later = self.past(shown)
        if shown.ndim == 3:
            past = torch.cat([past, later], dim=1)[:, : shown.shape[1]]
        unit, gate = (self.now(shown) + past).chunk(2, dim=-1)
        return torch.tanh(unit) * torch.sigmoid(gate), later
