"""Policy and value heads. H features, P distribution parameters, A numbers of an action."""

from __future__ import annotations

import math

import torch
from gymnasium import spaces
from torch import nn

from .discrete_heads import BernoulliHead, CategoricalHead, DiscreteHead, MultiCategoricalHead
from .policy_head import PolicyHead, head_layer

__all__ = [
    "BernoulliHead",
    "CategoricalHead",
    "DiscreteHead",
    "GaussianHead",
    "MultiCategoricalHead",
    "PolicyHead",
    "StateGaussianHead",
    "ValueHead",
    "make_head",
]

_LOG_SQRT_TWO_PI = 0.5 * math.log(2 * math.pi)
_LEAST_LOG_STD, _MOST_LOG_STD = -4.0, 1.0


class GaussianHead(PolicyHead):
    """A diagonal Gaussian over a Box; parameters are means and log deviations, P = 2 A.

    Actions are not squashed: the environment clips them to its bounds. The deviation is a separate
    parameter that does not depend on the state; see `StateGaussianHead`.

    Args:
        action_space: A Box of floats.
        input_size: H.
        log_std_init: Initial log deviation.
    """

    noise_kind = "normal"

    def __init__(self, action_space: spaces.Box, input_size: int, log_std_init: float = 0.0):
        super().__init__()
        self.shape = action_space.shape
        self.noise_size = math.prod(self.shape)
        self.means = head_layer(input_size, self.noise_size, gain=0.01)
        self.log_std = nn.Parameter(torch.full((self.noise_size,), log_std_init))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return means and log deviations, [..., 2 A]."""
        means = self.means(features)
        return torch.cat([means, self.log_std.expand_as(means)], dim=-1)

    def sample(self, params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Sample actions; `noise` is normal, [..., A]."""
        means, log_std = params.chunk(2, dim=-1)
        actions = means + log_std.exp() * noise
        return actions.reshape(*actions.shape[:-1], *self.shape)

    def mode(self, params: torch.Tensor) -> torch.Tensor:
        """Return the means."""
        means = params.chunk(2, dim=-1)[0]
        return means.reshape(*means.shape[:-1], *self.shape)

    def log_prob(self, params: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the log density of unclipped actions."""
        means, log_std = params.chunk(2, dim=-1)
        scaled = (actions.reshape(means.shape) - means) * torch.exp(-log_std)
        return -(0.5 * scaled.square() + log_std + _LOG_SQRT_TWO_PI).sum(dim=-1)

    def entropy(self, params: torch.Tensor) -> torch.Tensor:
        """Return the differential entropy in nats."""
        log_std = params.chunk(2, dim=-1)[1]
        return (log_std + 0.5 + _LOG_SQRT_TWO_PI).sum(dim=-1)

    def kl(self, params: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return KL(params || other) in nats, [...]."""
        means, log_std = params.chunk(2, dim=-1)
        other_means, other_log_std = other.chunk(2, dim=-1)
        # expm1: near the minimum the terms cancel, and plain float32 would lose the difference
        spread = 0.5 * torch.expm1(2 * (log_std - other_log_std)) - (log_std - other_log_std)
        moved = 0.5 * ((means - other_means) * torch.exp(-other_log_std)).square()
        return (spread + moved).sum(dim=-1)


class StateGaussianHead(GaussianHead):
    """A Gaussian whose deviation depends on the state: it can explore first, then be precise.

    Args:
        action_space: A Box of floats.
        input_size: H.
        log_std_init: Initial log deviation in all states; later ones are kept in [-4, 1].

    Source:
        As in metaworld-algorithms' RL2, but with other bounds.
    """

    def __init__(self, action_space: spaces.Box, input_size: int, log_std_init: float = 0.0):
        super().__init__(action_space, input_size, log_std_init)
        self.log_stds = head_layer(input_size, self.noise_size, gain=0.01)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return means and log deviations, [..., 2 A]."""
        log_std = (self.log_std + self.log_stds(features)).clamp(_LEAST_LOG_STD, _MOST_LOG_STD)
        return torch.cat([self.means(features), log_std], dim=-1)


class ValueHead(nn.Module):
    """A linear value function.

    Args:
        input_size: H.
    """

    def __init__(self, input_size: int):
        super().__init__()
        self.linear = head_layer(input_size, 1, gain=1.0)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return values [...] for features [..., H]."""
        return self.linear(features).squeeze(-1)


def make_head(
    action_space: spaces.Space,
    input_size: int,
    log_std_init: float = 0.0,
    state_std: bool = False,
) -> PolicyHead:
    """Make the head for an action space.

    Args:
        action_space: Discrete, MultiDiscrete, MultiBinary or a Box of floats.
        input_size: H.
        log_std_init: Initial log deviation of a Gaussian.
        state_std: Let a Gaussian's deviation depend on the state.

    Raises:
        TypeError: If there is no head for the space.
    """
    if isinstance(action_space, spaces.Discrete):
        return CategoricalHead(action_space, input_size)
    if isinstance(action_space, spaces.MultiDiscrete):
        return MultiCategoricalHead(action_space, input_size)
    if isinstance(action_space, spaces.MultiBinary):
        return BernoulliHead(action_space, input_size)
    if isinstance(action_space, spaces.Box) and action_space.dtype.kind == "f":
        kind = StateGaussianHead if state_std else GaussianHead
        return kind(action_space, input_size, log_std_init)
    raise TypeError(
        f"action_space={action_space} has no policy head; allowed are Discrete, MultiDiscrete, "
        "MultiBinary and Boxes of floats"
    )
