"""A network that reads an unroll from its end to its start: what it says of a step sees what came.

M learners, R rows, T steps; I inputs, O outputs, H units. It holds no parameters.
"""

from __future__ import annotations

import torch

from ..nets import stacked
from .memory import Lstm


class BackwardRnn:
    """An LSTM that runs backwards in time, and a linear layer.

    The output of step t depends on steps t, t + 1, ... up to the end of the episode or the unroll,
    and on nothing else: at an episode's last step the state is 0 again before the step is read.

    Args:
        inputs: I.
        outputs: O.
        size: H.
        gain: Gain of the last layer's initial weights; with 0 all outputs are 0 at first.
    """

    def __init__(self, inputs: int, outputs: int = 1, size: int = 64, gain: float = 1.0):
        self.core = Lstm(inputs, size)
        self.gain = gain
        self.shapes: dict[str, tuple[int, ...]] = {
            **{f"core.{name}": shape for name, shape in self.core.shapes.items()},
            **{"last.weight": (outputs, size), "last.bias": (outputs,)},
        }

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw one learner's initial weights, without the leading axis."""
        core = self.core.begin(generator)
        last = stacked.orthogonal(self.shapes["last.weight"], 1.0, generator)
        return {
            **{f"core.{name}": part for name, part in core.items()},
            **{"last.weight": self.gain * last, "last.bias": torch.zeros(last.shape[0])},
        }

    def forward(
        self, parts: stacked.Parts, inputs: torch.Tensor, continues: torch.Tensor
    ) -> torch.Tensor:
        """Return outputs [T, M, R, O]; differentiable any number of times.

        Args:
            parts: Parameters [M, ...] by name.
            inputs: [T, M, R, I].
            continues: 0 where the episode or the row's unroll ended with the step, else 1,
                [T, M, R].
        """
        steps, learners, rows = inputs.shape[:3]
        core = {
            name.removeprefix("core."): part
            for name, part in parts.items()
            if name.startswith("core.")
        }
        state = inputs.new_zeros(learners, rows, self.core.state_size)
        hidden, _ = self.core.run(core, inputs.flip(0), state, (continues == 0).flip(0))
        by_learner = hidden.flip(0).transpose(0, 1).reshape(learners, steps * rows, -1)
        outputs = stacked.linear(by_learner, parts["last.weight"], parts["last.bias"])
        return outputs.reshape(learners, steps, rows, -1).transpose(0, 1)
