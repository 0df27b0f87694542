"""What every policy head does. H features, P distribution parameters, A numbers in an action.

Heads sample from noise that the caller draws, so that no randomness is hidden in a network. A head
says how much noise it needs (`noise_size`) and which kind (`noise_kind`, "uniform" in [0, 1) or
"normal").
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import nn


class PolicyHead(nn.Module, ABC):
    """Turns features into a distribution over actions."""

    noise_kind: ClassVar[str]
    noise_size: int

    @abstractmethod
    def sample(self, params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Return actions [..., ...] of the distributions `params` [..., P], drawn with `noise`."""

    @abstractmethod
    def mode(self, params: torch.Tensor) -> torch.Tensor:
        """Return the most probable actions."""

    @abstractmethod
    def log_prob(self, params: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the log probability (density) of actions, [...]."""

    @abstractmethod
    def entropy(self, params: torch.Tensor) -> torch.Tensor:
        """Return the entropy, [...]."""

    @abstractmethod
    def kl(self, params: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return KL(params || other), [...]."""


def head_layer(inputs: int, outputs: int, gain: float) -> nn.Linear:
    """Return a last layer with orthogonal weights of this gain and biases of 0."""
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain=gain)
    nn.init.zeros_(layer.bias)
    return layer
