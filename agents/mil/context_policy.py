"""Networks that read demonstrations, then act. M tasks, N and R rows of a task, H numbers.

E demonstrations of a task, T steps of each; D numbers or bytes of an input, A of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from gymnasium import spaces
from torch import nn

from ..core.nets.frames import FrameEncoders
from .answers import Answers
from .inputs import Inputs
from .scenes import Shown

CONTEXTS = ("final", "lstm", "attention")


class ContextPolicy(nn.Module):
    """Layers with ReLU over what is seen, and what is remembered of the demonstrations.

    Args:
        observation_space: Vectors, discrete observations, frames, and Dicts of these.
        action_space: Box of floats, or Discrete.
        context: `"final"` remembers the last observation of a demonstration; `"lstm"` the state of
            an LSTM that has read it; `"attention"` all its outputs, of which each step chooses a
            mixture.
        demo_actions: Whether actions are read too.
        net_arch: Widths of the layers.
        hidden_size: H.

    Raises:
        TypeError: If a space is not supported.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        context: str = "lstm",
        demo_actions: bool = True,
        net_arch: Sequence[int] = (100, 100),
        hidden_size: int = 64,
    ):
        super().__init__()
        self.reader = Inputs(observation_space, action_space)
        self.answers = Answers(action_space)
        self.context, self.demo_actions = context, demo_actions
        frames = self.reader.builder.frame_spaces
        self.frames = FrameEncoders(list(frames.values()), hidden_size) if frames else None
        seen = self.reader.numbers + (self.frames.output_size if self.frames else 0)
        self.size = seen if context == "final" else hidden_size  # H
        if context != "final":
            read = seen + (self.answers.size if demo_actions else 0)
            self.lstm = nn.LSTM(read, hidden_size, batch_first=True)
        if context == "attention":
            self.query = nn.Linear(seen, hidden_size)
        sizes = [seen + self.size, *net_arch, self.answers.size]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def inputs(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as rows [R, D]."""
        return self.reader.flat(observations)

    def remember(self, given: Shown) -> dict[str, torch.Tensor]:
        """Read demonstrations.

        Returns:
            `memory` [M, S, H] and `weights` [M, S], 1 where there is something to remember; S is
            1, or all steps for `"attention"`.
        """
        tasks, count = given.ends.shape
        seen = self._seen(given.inputs)
        if self.context != "final":
            if self.demo_actions:
                assert given.targets is not None
                seen = torch.cat([seen, self.answers.vectors(given.targets)], dim=-1)
            episodes = seen.reshape(tasks * count, -1, seen.shape[-1])
            seen = self.lstm(episodes)[0].reshape(tasks, -1, self.size)
        if self.context == "attention":
            return {"memory": seen, "weights": given.mask.to(seen.dtype)}
        steps = seen.shape[1] // count
        each = seen.reshape(tasks, count, steps, self.size)
        last = (given.ends - 1)[:, :, None, None].expand(-1, -1, 1, self.size)
        memory = each.gather(2, last)[:, :, 0].mean(dim=1, keepdim=True)
        return {"memory": memory, "weights": torch.ones_like(memory[..., 0])}

    def nothing(self, tasks: int) -> dict[str, torch.Tensor]:
        """Return the memory before any demonstration."""
        memory = torch.zeros(tasks, 1, self.size, device=next(self.parameters()).device)
        return {"memory": memory, "weights": torch.zeros_like(memory[..., 0])}

    def apply_memory(self, known: dict[str, torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
        """Return answers [M, N, A] to inputs [M, N, D]."""
        seen, memory, weights = self._seen(inputs), known["memory"], known["weights"]
        if self.context == "attention":
            scores = self.query(seen) @ memory.transpose(1, 2) / self.size**0.5  # [M, N, S]
            scores = scores.masked_fill(weights[:, None] == 0, -1e9)
            remembered = scores.softmax(dim=-1) @ memory
        else:
            remembered = memory.expand(-1, seen.shape[1], -1)
        hidden = torch.cat([seen, remembered], dim=-1)
        for layer in self.layers[:-1]:
            hidden = torch.relu(layer(hidden))
        return self.layers[-1](hidden)

    def _seen(self, inputs: torch.Tensor) -> torch.Tensor:
        state = self.reader.state(inputs)
        if self.frames is None:
            return state
        return torch.cat([state, self.frames(self.reader.frames(inputs))], dim=-1)
