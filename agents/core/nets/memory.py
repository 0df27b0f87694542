"""A memory for many learners at once. M learners, N rows of each; I inputs, H outputs, T steps.

Like torsos, a memory holds no parameters. Its state [M, N, 2 H] is the output and the cell.
"""

from __future__ import annotations

import torch

from ..nets import stacked
from .kernels.activations import tanh


class Lstm:
    """A long short-term memory (Hochreiter and Schmidhuber 1997), one layer.

    Args:
        inputs: I.
        size: H.
    """

    def __init__(self, inputs: int, size: int):
        self.features = size
        self.state_size = 2 * size
        self.shapes = {
            "input.weight": (4 * size, inputs),
            "hidden.weight": (4 * size, size),
            "bias": (4 * size,),
        }

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw orthogonal weights; the forget gate is opened by a bias of 1 (gates i, f, g, o)."""
        parts = {
            name: stacked.orthogonal(shape, 1.0, generator)
            for name, shape in self.shapes.items()
            if len(shape) == 2
        }
        bias = torch.zeros(self.shapes["bias"])
        bias[self.features : 2 * self.features] = 1.0
        return {**parts, "bias": bias}

    def step(
        self, parts: stacked.Parts, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return outputs [M, N, H] and the state after one step.

        Args:
            parts: Parameters [M, ...], by name.
            inputs: [M, N, I].
            state: [M, N, 2 H].
        """
        return self._step(parts, self._from_inputs(parts, inputs), state)

    def run(
        self,
        parts: stacked.Parts,
        inputs: torch.Tensor,
        state: torch.Tensor,
        resets: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return outputs [T, M, N, H] and the states [T, M, N, 2 H] after each step.

        Args:
            parts: Parameters [M, ...], by name.
            inputs: [T, M, N, I].
            state: State before the first step, [M, N, 2 H].
            resets: Where the state is 0 again before the step, bool [T, M, N].
        """
        steps, learners, rows = inputs.shape[:3]
        flat = inputs.transpose(0, 1).reshape(learners, steps * rows, -1)
        gates = self._from_inputs(parts, flat).reshape(learners, steps, rows, -1).transpose(0, 1)
        kept = (~resets).to(state.dtype).unsqueeze(-1)
        outputs, states = [], []
        for step in range(steps):
            output, state = self._step(parts, gates[step], state * kept[step])
            outputs.append(output)
            states.append(state)
        return torch.stack(outputs), torch.stack(states)

    def _from_inputs(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        return stacked.linear(inputs, parts["input.weight"], parts["bias"])

    def _step(
        self, parts: stacked.Parts, from_inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        output, cell = state.chunk(2, dim=-1)
        gates = from_inputs + stacked.linear(output, parts["hidden.weight"])
        let_in, keep, new, let_out = gates.chunk(4, dim=-1)
        cell = keep.sigmoid() * cell + let_in.sigmoid() * tanh(new)
        output = let_out.sigmoid() * tanh(cell)
        return output, torch.cat([output, cell], dim=-1)
