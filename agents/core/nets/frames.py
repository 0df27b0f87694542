"""Features of frames. C channels, H and W pixels, F features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from gymnasium import spaces
from torch import nn

from .kernels.layer import Linear

_LARGE = 36  # pixels per side that the layers of Mnih et al. need
# Channels, kernel, stride and padding of each layer.
_LAYERS_OF_LARGE = ((32, 8, 4, 0), (64, 4, 2, 0), (64, 3, 1, 0))
_LAYERS_OF_SMALL = ((16, 3, 1, 1), (32, 3, 2, 1), (32, 3, 2, 1))
_FEATURES_OF_LARGE, _FEATURES_OF_SMALL = 512, 64
_FEW, _CACHED = 8, 16  # channels that are copied one by one; frames that are copied together


@dataclass(frozen=True)
class FrameForm:
    """How a space arranges its frames.

    Attributes:
        shape: C, H and W.
        axes: Number of axes of one frame in the space: 2 if it has no channels, else 3.
        channels_first: Whether the channel axis is the first: it is if it is shorter than the last.
        largest: Largest value of a pixel.
    """

    shape: tuple[int, int, int]
    axes: int
    channels_first: bool
    largest: float

    @classmethod
    def of(cls, space: spaces.Box) -> FrameForm:
        """Return the form of the frames of a Box: [H, W], [H, W, C] or [C, H, W]."""
        shape, largest = space.shape, max(float(space.high.max()), 1.0)
        if len(shape) == 2:
            height, width = shape
            return cls((1, height, width), 2, False, largest)
        first = shape[0] < shape[2]
        channels, height, width = shape if first else (shape[2], *shape[:2])
        return cls((channels, height, width), 3, first, largest)

    def images(self, frames: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Return frames [..., *space.shape] as images [N, C, H, W] of numbers up to 1.

        Their channels come last in memory: convolutions, and more so their gradients, are faster.
        """
        flat = frames.reshape(-1, *frames.shape[frames.ndim - self.axes :])
        if self.axes == 2:
            flat = flat[:, None]
        elif not self.channels_first:
            flat = flat.permute(0, 3, 1, 2)
        if not (self.channels_first and self.shape[0] <= _FEW):
            images = flat.to(dtype, memory_format=torch.channels_last, copy=True)
            return images.div_(self.largest)
        # A few frames, which a cache holds, and a channel at a time: torch's own change of their
        # order takes several times as long.
        last = torch.channels_last
        images = torch.empty(flat.shape, dtype=dtype, device=flat.device, memory_format=last)
        for some, frames in zip(images.split(_CACHED), flat.split(_CACHED), strict=True):
            for channel in range(self.shape[0]):
                some[:, channel] = frames[:, channel]
            some.div_(self.largest)
        return images


class FrameEncoder(nn.Module):
    """Convolutions over one frame, followed by a layer of features.

    Frames of at least 36 pixels per side go through Mnih et al.'s layers, as in Stable-Baselines3's
    `NatureCNN`; smaller ones through three layers of 3 x 3.

    Args:
        space: Box of uint8, [H, W], [H, W, C] or [C, H, W]; the channel axis is the first if it is
            shorter than the last.
        features: F; None for 512, or 64 for small frames.

    Source:
        Mnih et al. 2015, methods ("Model architecture").
    """

    def __init__(self, space: spaces.Box, features: int | None = None):
        super().__init__()
        self.form = FrameForm.of(space)
        channels, height, width = self.form.shape
        large = min(height, width) >= _LARGE
        if features is None:
            features = _FEATURES_OF_LARGE if large else _FEATURES_OF_SMALL
        self.output_size = features
        layers: list[nn.Module] = []
        for outputs, kernel, stride, padding in _LAYERS_OF_LARGE if large else _LAYERS_OF_SMALL:
            convolution = nn.Conv2d(channels, outputs, kernel, stride, padding)
            layers += [_orthogonal(convolution), nn.ReLU()]
            channels = outputs
            height, width = (
                (side + 2 * padding - kernel) // stride + 1 for side in (height, width)
            )
        last = Linear(channels * height * width, features)
        self.layers = nn.Sequential(*layers, nn.Flatten(), _orthogonal(last), nn.ReLU())

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return features [..., F] for uint8 frames [..., *shape]."""
        leading = frames.shape[: frames.ndim - self.form.axes]
        images = self.form.images(frames, torch.get_default_dtype())
        return self.layers(images).reshape(*leading, self.output_size)


class FrameEncoders(nn.Module):
    """A `FrameEncoder` for each frame of an observation, with their features side by side.

    Args:
        frame_spaces: Spaces of the frames.
        features: As in `FrameEncoder`.
    """

    def __init__(self, frame_spaces: Sequence[spaces.Box], features: int | None = None):
        super().__init__()
        encoders = [FrameEncoder(space, features) for space in frame_spaces]
        self.encoders = nn.ModuleList(encoders)
        self.output_size = sum(encoder.output_size for encoder in encoders)

    def forward(self, frames: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return features [..., F] for a list of frames [..., *shape]."""
        pairs = zip(self.encoders, frames, strict=True)
        return torch.cat([encoder(part) for encoder, part in pairs], dim=-1)


def _orthogonal(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    nn.init.orthogonal_(layer.weight, gain=2**0.5)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _after(side: int, kernel: int, stride: int, padding: int) -> int:
    """Return the side length in pixels after a convolution."""
    return (side + 2 * padding - kernel) // stride + 1
