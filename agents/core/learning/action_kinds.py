"""How soft actor-critics draw the actions of a space.

B samples, R rows, A numbers of an action, P distribution parameters.
Actions are flat and of unit size: in [-1, 1] where the space is a Box, one-hot where discrete.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

_MIN_LOG_STD, _MAX_LOG_STD = -20.0, 2.0
_LOG_SQRT_TWO_PI = 0.5 * math.log(2 * math.pi)


class ActionKind(ABC):
    """Turns distribution parameters into actions, and those into the environment's actions."""

    noise_kind: ClassVar[str]  # "normal" or "uniform"
    size: int  # A
    noise_size: int
    params_size: int  # P
    target_entropy: float  # for the automatic entropy weight

    @abstractmethod
    def act(self, params: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        """Return actions [B, A] drawn with the noise; without noise, the most probable ones."""

    @abstractmethod
    def to_env(self, actions: np.ndarray) -> np.ndarray:
        """Return the environment's actions [R, ...] for flat actions [R, A]."""


class TanhGaussian(ActionKind):
    """A Gaussian squashed into the bounds of a Box; parameters are means and log deviations.

    Args:
        action_space: A Box with finite bounds.

    Raises:
        ValueError: If the Box has no bounds.
    """

    noise_kind = "normal"

    def __init__(self, action_space: spaces.Box):
        if not action_space.is_bounded("both"):
            raise ValueError(
                f"action_space={action_space} has no bounds to squash actions into; wrap it with "
                "gymnasium.wrappers.vector.RescaleAction or bound it in the environment"
            )
        self.space = action_space
        self.size = self.noise_size = int(np.prod(action_space.shape))
        self.params_size = 2 * self.size
        self.target_entropy = -float(self.size)

    def sample(
        self, params: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return actions [B, A] in (-1, 1) and their log densities [B], both differentiable.

        Source:
            Haarnoja et al. 2018, appendix C, equation 21.
        """
        means, log_std = params.chunk(2, dim=-1)
        log_std = log_std.clamp(_MIN_LOG_STD, _MAX_LOG_STD)
        before = means + log_std.exp() * noise
        density = -(0.5 * noise.square() + log_std + _LOG_SQRT_TWO_PI)
        # log(1 - tanh(x)^2) without cancellation
        squashing = 2.0 * (math.log(2.0) - before - nn.functional.softplus(-2.0 * before))
        return torch.tanh(before), (density - squashing).sum(dim=-1)

    def act(self, params: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        """Return actions drawn with normal noise [B, A], or those of the means."""
        if noise is None:
            return torch.tanh(params.chunk(2, dim=-1)[0])
        return self.sample(params, noise)[0]

    def to_env(self, actions: np.ndarray) -> np.ndarray:
        """Scale flat actions to the bounds."""
        low, high = self.space.low, self.space.high
        unit = actions.reshape(len(actions), *self.space.shape)
        scaled = low + 0.5 * (unit + 1.0) * (high - low)
        return np.clip(scaled, low, high).astype(self.space.dtype)


class OneHot(ActionKind):
    """A categorical distribution over a Discrete space; parameters are logits.

    Args:
        action_space: The Discrete space.
    """

    noise_kind = "uniform"
    noise_size = 1

    def __init__(self, action_space: spaces.Discrete):
        self.space = action_space
        self.size = self.params_size = int(action_space.n)
        self.target_entropy = 0.5 * math.log(self.size)

    def act(self, params: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        """Return one-hot actions drawn with uniform noise [B, 1], or the most probable ones."""
        if noise is None:
            chosen = params.argmax(dim=-1)
        else:
            below = torch.cumsum(params.softmax(dim=-1), dim=-1)[..., :-1]
            chosen = (below <= noise).sum(dim=-1)
        return nn.functional.one_hot(chosen, self.size).to(params.dtype)

    def to_env(self, actions: np.ndarray) -> np.ndarray:
        """Return the actions as integers, int64 [R]."""
        return actions.argmax(axis=-1).astype(np.int64) + int(self.space.start)


def action_kind(action_space: spaces.Space) -> ActionKind:
    """Return the kind of actions that a space needs.

    Raises:
        TypeError: If the space is not supported.
        ValueError: If a Box has no bounds.
    """
    if isinstance(action_space, spaces.Discrete):
        return OneHot(action_space)
    if isinstance(action_space, spaces.Box) and action_space.dtype.kind == "f":
        return TanhGaussian(action_space)
    raise TypeError(f"action_space={action_space} is not supported; allowed: Discrete, float Box")
