"""Features of frames. C channels, H and W pixels, F features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from gymnasium import spaces
from torch import nn

_LARGE = 36  # pixels per side that the layers of Mnih et al. need
# Channels, kernel, stride and padding of each layer.
_LAYERS_OF_LARGE = ((32, 8, 4, 0), (64, 4, 2, 0), (64, 3, 1, 0))
_LAYERS_OF_SMALL = ((16, 3, 1, 1), (32, 3, 2, 1), (32, 3, 2, 1))
_FEATURES_OF_LARGE, _FEATURES_OF_SMALL = 512, 64


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
        shape = space.shape
        self.has_channels = len(shape) == 3
        self.channels_first = self.has_channels and shape[0] < shape[2]
        self.largest = max(float(space.high.max()), 1.0)
        if not self.has_channels:
            channels, height, width = 1, *shape
        elif self.channels_first:
            channels, height, width = shape
        else:
            height, width, channels = shape
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
        last = nn.Linear(channels * height * width, features)
        self.layers = nn.Sequential(*layers, nn.Flatten(), _orthogonal(last), nn.ReLU())

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return features [..., F] for uint8 frames [..., *shape]."""
        axes = 3 if self.has_channels else 2
        leading = frames.shape[:-axes]
        flat = frames.reshape(-1, *frames.shape[-axes:])
        if not self.has_channels:
            flat = flat[:, None]
        elif not self.channels_first:
            flat = flat.permute(0, 3, 1, 2)
        scaled = flat.to(torch.get_default_dtype()) / self.largest
        return self.layers(scaled.contiguous()).reshape(*leading, self.output_size)


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
