"""The learnt loss: a network over what a learner did last. M learners, R rows, N steps of a buffer.

F numbers of a step, of which the loss's gradient passes through those that are the policy's; C
numbers of the learner's memory; Q parameters of the loss.
"""

from __future__ import annotations

import torch
from torch.nn.functional import leaky_relu

from ..core.nets import stacked

_KERNELS = ((16, 6, 5), (32, 4, 2))  # channels, steps of a window, steps between windows
_CONTEXT, _HIDDEN = 32, 16
SHORTEST = 21  # steps of a buffer that the convolutions need


class LossNetwork:
    """Temporal convolutions over the buffer, and a dense head for each step.

    Their mean over time makes a context, which the head sees beside each step.

    Args:
        features: F.
        memory_size: C.

    Source:
        Houthooft et al. 2018 (arXiv 1802.04821), section 4.2; layers as in the code published
        with it, which has two convolutions.
    """

    def __init__(self, features: int, memory_size: int):
        shapes: dict[str, tuple[int, ...]] = {}
        channels = features + memory_size
        for index, (outputs, width, _) in enumerate(_KERNELS):
            shapes |= {f"conv{index}.weight": (outputs, channels * width)}
            shapes |= {f"conv{index}.bias": (outputs,)}
            channels = outputs
        seen = features + memory_size + _CONTEXT
        for name, outputs, inputs in (
            *(("context", _CONTEXT, channels), ("hidden", _HIDDEN, seen)),
            ("last", 1, _HIDDEN),
        ):
            shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
        self.layout = stacked.Layout(shapes)

    def begin(self, seed: int) -> torch.Tensor:
        """Draw first parameters, [Q]; the last layer is 0, for a random loss would only harm."""

        def draw(generator: torch.Generator) -> stacked.Parts:
            return {
                name: stacked.orthogonal(shape, 1.0, generator)
                if name.endswith("weight") and not name.startswith("last")
                else torch.zeros(shape)
                for name, shape in self.layout.shapes.items()
            }

        return stacked.begin(self.layout, [seed], draw)[0]

    def forward(
        self, params: torch.Tensor, steps: torch.Tensor, memory: torch.Tensor, newest: int
    ) -> torch.Tensor:
        """Return the loss of the newest steps, [M, R, newest].

        Args:
            params: [M, Q].
            steps: The buffer, oldest first, [M, R, N, F].
            memory: [M, C]. The convolutions take it as constants, as in the published code.
            newest: Number of steps.
        """
        parts = self.layout.unflatten(params)
        learners, rows, length = steps.shape[:3]

        def beside(part: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
            shown = given.reshape(learners, 1, 1, -1)
            return torch.cat([part, shown.expand(-1, rows, part.shape[2], -1)], dim=-1)

        hidden = beside(steps, memory.detach())
        for index, (_, width, stride) in enumerate(_KERNELS):
            windows = hidden.unfold(2, width, stride)  # [M, R, T', channels, width]
            flat = windows.reshape(learners, rows * windows.shape[2], -1)
            out = stacked.linear(flat, parts[f"conv{index}.weight"], parts[f"conv{index}.bias"])
            hidden = leaky_relu(out).reshape(learners, rows, windows.shape[2], -1)
        context = stacked.linear(hidden.mean(dim=2), parts["context.weight"], parts["context.bias"])
        last = beside(steps[:, :, length - newest :], memory)
        tiled = context.unsqueeze(2).expand(-1, -1, newest, -1)
        seen = torch.cat([last, tiled], dim=-1).reshape(learners, rows * newest, -1)
        hidden = leaky_relu(stacked.linear(seen, parts["hidden.weight"], parts["hidden.bias"]))
        losses = stacked.linear(hidden, parts["last.weight"], parts["last.bias"])
        return losses.reshape(learners, rows, newest)
