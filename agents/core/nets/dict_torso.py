"""A torso over Dict observations, key by key. M learners, N observations of each, R rows.

An observation is kept as one row of bytes, in which frames stay uint8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from gymnasium import spaces
from gymnasium.vector.utils import create_empty_array

from ..nets import stacked
from .conv_torsos import is_frames
from .torso import Torso, check_widths

_Make = Callable[[spaces.Space], Torso]


class DictTorso(Torso):
    """Frames through convolutions, vectors as they are, then fully connected layers over all.

    Args:
        observation_space: A Dict of Boxes and discrete spaces; frames are uint8, [H, W], [H, W, C]
            or [C, H, W].
        net_arch: Widths of the layers over all keys.
        activation: Between these layers.
        of_frames: Makes the torso of a key's frames.
        of_vectors: Makes the torso of any other key.

    Raises:
        TypeError: If a key's space is not supported; names the key.
    """

    def __init__(
        self,
        observation_space: spaces.Dict,
        net_arch: Sequence[int],
        activation: Callable[[torch.Tensor], torch.Tensor],
        of_frames: _Make,
        of_vectors: _Make,
    ):
        self.activation = activation
        self.torsos: dict[str, Torso] = {}
        for key, space in observation_space.spaces.items():
            try:
                self.torsos[key] = (of_frames if is_frames(space) else of_vectors)(space)
            except TypeError as wrong:
                raise TypeError(f"the key {key!r} of the observations: {wrong}") from None
        # Numbers of four bytes come first, so that none lies across a boundary of four.
        self.order = sorted(self.torsos, key=lambda key: is_frames(observation_space[key]))
        self.shapes = {
            f"key.{key}.{name}": shape
            for key, torso in self.torsos.items()
            for name, shape in torso.shapes.items()
        }
        sizes = [sum(torso.features for torso in self.torsos.values()), *check_widths(net_arch)]
        self.features, self.depth = sizes[-1], len(sizes) - 1
        for layer, (before, after) in enumerate(pairwise(sizes)):
            self.shapes |= {f"full.{layer}.weight": (after, before), f"full.{layer}.bias": (after,)}
        self.kept = {}  # type and shape of a key's part
        for key, torso in self.torsos.items():
            part = torso.encode(create_empty_array(observation_space[key], 1))
            self.kept[key] = part.dtype, tuple(part.shape[1:])

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw each key's parameters, then orthogonal weights of gain sqrt(2); biases are 0."""
        parts = {name: torch.zeros(shape) for name, shape in self.shapes.items()}
        for key, torso in self.torsos.items():
            drawn = torso.begin(generator)
            parts |= {f"key.{key}.{name}": part for name, part in drawn.items()}
        for layer in range(self.depth):
            name = f"full.{layer}.weight"
            parts[name] = stacked.orthogonal(self.shapes[name], 2**0.5, generator)
        return parts

    def encode(self, observations: Any) -> torch.Tensor:
        """Return the bytes of all keys, uint8 [R, B]."""
        parts = [self.torsos[key].encode(observations[key]) for key in self.order]
        return torch.cat([part.contiguous().view(torch.uint8).flatten(1) for part in parts], dim=1)

    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return features [M, N, F]."""
        features, begin = [], 0
        for key in self.order:
            dtype, shape = self.kept[key]
            size = math.prod(shape) * dtype.itemsize
            own = inputs[..., begin : begin + size].contiguous().view(dtype)
            begin += size
            name = f"key.{key}."
            of_key = {
                full[len(name) :]: part for full, part in parts.items() if full.startswith(name)
            }
            shown = own.reshape(*inputs.shape[:2], *shape)
            features.append(self.torsos[key].forward(of_key, shown))
        dtype = next(iter(parts.values())).dtype
        joined = torch.cat([part.to(dtype) for part in features], dim=-1)
        layers = [
            (parts[f"full.{layer}.weight"], parts[f"full.{layer}.bias"])
            for layer in range(self.depth)
        ]
        return stacked.mlp(joined, layers, self.activation)
