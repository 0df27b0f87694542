"""What a torso is: it turns observations into features, for many learners at once.

M learners, N observations of each, R rows, F features. A torso holds no parameters: it says which
there are, draws first ones, and applies given ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces

from ..nets import stacked


class Torso(ABC):
    """Turns observations into features.

    Args:
        observation_space: Space of one row.
        net_arch: Widths of its layers.
        activation: A name of `torsos.ACTIVATIONS`.

    Raises:
        TypeError: If it cannot take this space.
        ValueError: If a width is out of range.
    """

    tabular: ClassVar[bool] = False  # the last layer is a table: it has no bias and begins at 0
    widths: ClassVar[Sequence[int]] = (64, 64)  # of its layers, where none are given
    shapes: Mapping[str, tuple[int, ...]]  # of one learner's parameters, by name
    features: int  # F

    @abstractmethod
    def __init__(
        self, observation_space: spaces.Space, net_arch: Sequence[int], activation: str
    ): ...

    @abstractmethod
    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw one learner's first parameters, by name, without a leading axis."""

    @abstractmethod
    def encode(self, observations: Any) -> torch.Tensor:
        """Return raw observations of R rows as a tensor [R, ...] to be kept and shown later."""

    @abstractmethod
    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return features [M, N, F].

        Args:
            parts: Parameters [M, ...], by name.
            inputs: As `encode` gives them, [M, N, ...].
        """


def check_widths(net_arch: Sequence[int]) -> list[int]:
    """Return widths of layers as integers.

    Raises:
        ValueError: If one is not an integer of at least 1.
    """
    for width in net_arch:
        if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
            raise ValueError(f"net_arch={list(net_arch)} must be integers of at least 1")
    return [int(width) for width in net_arch]
