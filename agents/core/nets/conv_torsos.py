"""Convolutional torsos, shallow and deep. M learners, N frames of each; C channels, F features.

Frames stay as the environment gives them (uint8) until they are applied. Learners are convolved one
after the other: one learner's convolution is the plain one, and none depends on the others.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch.nn.functional import conv2d, max_pool2d

from ..nets import stacked
from .frames import FrameForm
from .torso import Torso, check_widths

_LARGE = 36  # pixels per side; smaller frames go through layers of 3 x 3
# Channels, kernel, stride and padding of each layer.
_SHALLOW = ((16, 8, 4, 0), (32, 4, 2, 0))
_OF_SMALL = ((16, 3, 1, 1), (32, 3, 2, 1), (32, 3, 2, 1))
_SECTIONS = (16, 32, 32)  # channels
_BLOCKS = 2  # residual blocks of a section
_AT_ONCE = 2**21  # pixels of the frames that are convolved at once: what a cache holds


def is_frames(space: spaces.Space) -> bool:
    """Tell whether a space is of frames: bytes [H, W], [H, W, C] or [C, H, W]."""
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3)


class FrameTorso(Torso):
    """Convolutions, then fully connected layers, with ReLU throughout."""

    widths = (256,)

    def __init__(self, observation_space: spaces.Space, net_arch: Sequence[int], activation: str):
        space = observation_space
        if not isinstance(space, spaces.Box) or len(space.shape) not in (2, 3):
            raise TypeError(
                f"observation_space={space}: the torsos 'cnn' and 'deep_cnn' take "
                "frames, a Box [H, W], [H, W, C] or [C, H, W]; 'mlp' takes vectors"
            )
        self.form = FrameForm.of(space)
        self.kept = np.uint8 if space.dtype == np.uint8 else np.float32
        self._at_once = max(1, _AT_ONCE // math.prod(self.form.shape))
        convolutions, convolved = self._convolutions()
        sizes = [convolved, *check_widths(net_arch)]
        self.features, self.depth = sizes[-1], len(sizes) - 1
        self.shapes = {}
        for name, shape in convolutions.items():
            self.shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
        for layer, (before, after) in enumerate(pairwise(sizes)):
            self.shapes |= {f"full.{layer}.weight": (after, before), f"full.{layer}.bias": (after,)}

    @abstractmethod
    def _convolutions(self) -> tuple[dict[str, tuple[int, int, int, int]], int]:
        """Return weights' shapes by layer, and the number of features after all of them."""

    @abstractmethod
    def _convolve(self, parts: stacked.Parts, images: torch.Tensor) -> torch.Tensor:
        """Apply one learner's convolutions to images [N, C, H, W], channels last in memory."""

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw orthogonal weights of gain sqrt(2), as Stable-Baselines3 does; biases are 0."""
        return {
            name: stacked.orthogonal(shape, 2**0.5, generator)
            if name.endswith("weight")
            else torch.zeros(shape)
            for name, shape in self.shapes.items()
        }

    def encode(self, observations: Any) -> torch.Tensor:
        """Return frames [R, ...] as they are: uint8, or float32 where the space has other types."""
        return torch.from_numpy(np.ascontiguousarray(observations, dtype=self.kept))

    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return features [M, N, F]."""
        dtype = next(iter(parts.values())).dtype
        each = []
        for learner, frames in enumerate(inputs):
            own = {name: _channels_last(part[learner]) for name, part in parts.items()}
            chunks = [
                self._convolve(own, self.form.images(some, dtype)).flatten(1)
                for some in frames.split(self._at_once)
            ]
            each.append(torch.cat(chunks) if len(chunks) > 1 else chunks[0])
        convolved = torch.stack(each) if len(each) > 1 else each[0][None]
        layers = [
            (parts[f"full.{layer}.weight"], parts[f"full.{layer}.bias"])
            for layer in range(self.depth)
        ]
        return stacked.mlp(convolved, layers, torch.relu)


def _channels_last(weight: torch.Tensor) -> torch.Tensor:
    if weight.ndim != 4:
        return weight
    return weight.contiguous(memory_format=torch.channels_last)


class CnnTorso(FrameTorso):
    """The shallow network of IMPALA: 16 filters 8 x 8 / 4, 32 filters 4 x 4 / 2, a layer of 256.

    Frames of less than 36 pixels per side go through three layers of 3 x 3 instead.

    Source:
        Espeholt et al. 2018, figure 3 (left).
    """

    def _convolutions(self) -> tuple[dict[str, tuple[int, int, int, int]], int]:
        channels, *sides = self.form.shape
        self._layers = _SHALLOW if min(sides) >= _LARGE else _OF_SMALL
        shapes = {}
        for layer, (filters, kernel, stride, padding) in enumerate(self._layers):
            shapes[f"conv.{layer}"] = (filters, channels, kernel, kernel)
            channels = filters
            sides = [(side + 2 * padding - kernel) // stride + 1 for side in sides]
        return shapes, channels * sides[0] * sides[1]

    def _convolve(self, parts: stacked.Parts, images: torch.Tensor) -> torch.Tensor:
        for layer, (_, _, stride, padding) in enumerate(self._layers):
            weight, bias = parts[f"conv.{layer}.weight"], parts[f"conv.{layer}.bias"]
            images = torch.relu(conv2d(images, weight, bias, stride, padding))
        return images


class DeepCnnTorso(FrameTorso):
    """The deep residual network of IMPALA: sections of 16, 32 and 32 channels, a layer of 256.

    A section is a convolution, pooling by 3 x 3 / 2, and two residual blocks.

    Source:
        Espeholt et al. 2018, figure 3 (right).
    """

    def _convolutions(self) -> tuple[dict[str, tuple[int, int, int, int]], int]:
        before, *sides = self.form.shape
        shapes = {}
        for section, channels in enumerate(_SECTIONS):
            shapes[f"{section}.first"] = (channels, before, 3, 3)
            for block in range(_BLOCKS):
                for half in range(2):
                    shapes[f"{section}.{block}.{half}"] = (channels, channels, 3, 3)
            before = channels
            sides = [(side + 1) // 2 for side in sides]
        return shapes, before * sides[0] * sides[1]

    def _convolve(self, parts: stacked.Parts, images: torch.Tensor) -> torch.Tensor:
        def layer(name: str, images: torch.Tensor) -> torch.Tensor:
            return conv2d(images, parts[f"{name}.weight"], parts[f"{name}.bias"], padding=1)

        for section in range(len(_SECTIONS)):
            images = max_pool2d(layer(f"{section}.first", images), 3, stride=2, padding=1)
            for block in range(_BLOCKS):
                inside = images
                for half in range(2):
                    inside = layer(f"{section}.{block}.{half}", torch.relu(inside))
                images = images + inside
        return torch.relu(images)
