"""What is between a step's inputs and the heads. T steps, B trials, R rows; S numbers of state.

I numbers in a step's inputs, H in what the heads see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from .frames import FrameEncoders
from .kernels.layer import Linear
from .sequence import SequenceCore
from .standardise import Changes
from .step_inputs import StepInputs

Frames = Sequence[torch.Tensor] | None  # of a step's inputs, [..., *shape] each; None where none


class Lookup(nn.Module):
    """Reads from a memory what an embedding asks for.

    Half of the outputs are a layer over both. The other half are products of a number from the
    memory and one from the embedding, with which the current observation chooses among memories
    ("what did this arm pay in *this* state?") without first learning a gate of saturated units.

    Args:
        memory_size: H.
        embedding_size: E.
        size: Outputs, an even number.
        activation: Activation of the first half.
    """

    def __init__(
        self, memory_size: int, embedding_size: int, size: int, activation: type[nn.Module]
    ):
        super().__init__()
        if size % 2:
            raise ValueError(f"head_sizes begins with {size}; its first width must be even")
        self.memory_size = memory_size
        self.joint = make_layers(memory_size + embedding_size, (size // 2,), activation)
        self.memory = Linear(memory_size, size // 2)
        self.question = Linear(embedding_size, size // 2)

    def forward(self, both: torch.Tensor) -> torch.Tensor:
        """Return [..., size] from memory and embedding side by side, [..., H + E]."""
        memory, embedding = both[..., : self.memory_size], both[..., self.memory_size :]
        product = self.memory(memory) * self.question(embedding)
        return torch.cat([self.joint(both), product], dim=-1)


class Trunk(nn.Module):
    """Embedding -> sequence core -> layers that see both. H is the width of the last of these.

    Args:
        builder: Builder of the inputs.
        core: Makes a `SequenceCore` that takes a number of inputs.
        embedding_sizes: Widths of the layers before the core.
        activation: Activation between the layers of the embedding.
        frame_features: As in `FrameEncoder`.
        transitions: Carry the previous observation in the state, and show it beside the inputs.
        changes: Carry it and the previous reward, and show how they changed.
        head_sizes: Widths of the layers after the core, a `Lookup` first; empty for none.
    """

    def __init__(
        self,
        builder: StepInputs,
        core: Callable[[int], SequenceCore],
        embedding_sizes: Sequence[int],
        activation: type[nn.Module],
        frame_features: int | None,
        transitions: bool,
        changes: bool,
        head_sizes: Sequence[int],
    ):
        super().__init__()
        self.shown = builder.observation_size if transitions else 0  # numbers that are carried
        self.changes: Changes | None = None
        if changes:
            self.changes = Changes(builder.observation_size)
            self.shown = self.changes.size
        size = builder.size + self.shown
        self.frames: FrameEncoders | None = None
        if builder.frame_spaces:
            self.frames = FrameEncoders(list(builder.frame_spaces.values()), frame_features)
            size += self.frames.output_size
        self.embedding = make_layers(size, embedding_sizes, activation)
        width = embedding_sizes[-1] if embedding_sizes else size
        self.core = core(width)
        hidden_size = self.core.output_size
        self.after = None
        if head_sizes:
            lookup = Lookup(hidden_size, width, head_sizes[0], activation)
            self.after = nn.Sequential(
                lookup, *make_layers(head_sizes[0], head_sizes[1:], activation)
            )
        self.output_size = head_sizes[-1] if head_sizes else hidden_size

    def initial_state(self, num_rows: int) -> torch.Tensor:
        """Return the core's state and a previous observation of zeros, [R, S]."""
        state = self.core.initial_state(num_rows)
        return torch.cat([state, state.new_zeros(num_rows, self.shown)], dim=1)

    def step(
        self, inputs: torch.Tensor, state: torch.Tensor, frames: Frames = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step of numbers [R, I] and frames: hidden [R, H] and the state [R, S]."""
        if not self.shown:
            embedded = self._embedded(inputs, None, frames)
            hidden, state = self.core.step(embedded, state)
            return self._joined(hidden, embedded), state
        carried, previous = state[:, : -self.shown], state[:, -self.shown :]
        embedded = self._embedded(inputs, previous, frames)
        hidden, carried = self.core.step(embedded, carried.contiguous())
        return self._joined(hidden, embedded), torch.cat([carried, self._seen(inputs)], dim=1)

    def forward(
        self,
        inputs: torch.Tensor,
        state: torch.Tensor,
        reset: torch.Tensor | None = None,
        frames: Frames = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a sequence [T, B, I] from a state [B, S]: hidden [T, B, H] and the last state."""
        if not self.shown:
            embedded = self._embedded(inputs, None, frames)
            hidden, state = self.core(embedded, state, reset)
            return self._joined(hidden, embedded), state
        carried, before = state[:, : -self.shown], state[:, -self.shown :]
        seen = self._seen(inputs)
        previous = torch.cat([before[None], seen[:-1]])
        if reset is not None:
            previous = previous * (~reset).to(previous.dtype)[..., None]
        embedded = self._embedded(inputs, previous, frames)
        hidden, carried = self.core(embedded, carried.contiguous(), reset)
        return self._joined(hidden, embedded), torch.cat([carried, seen[-1]], dim=1)

    def _seen(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the next step may know of this one's inputs."""
        return inputs[..., : self.shown] if self.changes is None else self.changes.columns(inputs)

    def _embedded(
        self, inputs: torch.Tensor, previous: torch.Tensor | None, frames: Frames
    ) -> torch.Tensor:
        parts = [inputs]
        if previous is not None:
            parts.append(previous if self.changes is None else self.changes(inputs, previous))
        if self.frames is not None:
            assert frames is not None
            parts.append(self.frames(frames))
        return self.embedding(parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1))

    def _joined(self, hidden: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        return hidden if self.after is None else self.after(torch.cat([hidden, embedded], dim=-1))


def make_layers(size: int, widths: Sequence[int], activation: type[nn.Module]) -> nn.Sequential:
    """Return layers of these widths on `size` numbers, an activation after each."""
    layers: list[nn.Module] = []
    for width in widths:
        linear = Linear(size, width)
        nn.init.orthogonal_(linear.weight, gain=2**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
        size = width
    return nn.Sequential(*layers)
