"""The in-context agent's heads. G discounts, C critics, H features, A numbers of an action.

M samples, P distribution parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..core.nets.heads import CategoricalHead, PolicyHead, StateGaussianHead
from ..core.nets.kernels.layer import Linear

_LOG_SQRT_TWO_PI = 0.5 * math.log(2 * math.pi)
_EDGE = 1.0 - 1e-4  # actions at a bound would have come from infinity


class SquashedHead(StateGaussianHead):
    """A Gaussian squashed into a Box's bounds by tanh; parameters are those before it.

    Densities are those of actions scaled to [-1, 1]; entropy and divergence are the Gaussian's.

    Args:
        action_space: A Box of floats with bounds.
        input_size: H.

    Raises:
        ValueError: If the Box has no bounds.

    Source:
        Haarnoja et al. 2018 (arXiv 1812.05905), appendix C.
    """

    low: Tensor
    high: Tensor

    def __init__(self, action_space: spaces.Box, input_size: int):
        super().__init__(action_space, input_size)
        if not action_space.is_bounded("both"):
            raise ValueError(
                f"action_space={action_space} has no bounds to squash actions into; bound it in "
                "the environment"
            )
        self.register_buffer("low", torch.from_numpy(action_space.low.ravel()), persistent=False)
        self.register_buffer("high", torch.from_numpy(action_space.high.ravel()), persistent=False)

    def draw(self, params: Tensor, noise: Tensor) -> Tensor:
        """Return actions in (-1, 1), [..., A], differentiable; `noise` is normal, [..., A]."""
        means, log_std = params.chunk(2, dim=-1)
        return torch.tanh(means + log_std.exp() * noise)

    def unit(self, actions: Tensor) -> Tensor:
        """Return a Box's actions [..., *shape] scaled to [-1, 1], [..., A]."""
        flat = actions.reshape(*actions.shape[: actions.ndim - len(self.shape)], -1)
        return (2.0 * (flat - self.low) / (self.high - self.low) - 1.0).clamp(-1.0, 1.0)

    def sample(self, params: Tensor, noise: Tensor) -> Tensor:
        """Sample actions; `noise` is normal, [..., A]."""
        return self._scaled(self.draw(params, noise))

    def mode(self, params: Tensor) -> Tensor:
        """Return the squashed means."""
        return self._scaled(torch.tanh(params.chunk(2, dim=-1)[0]))

    def log_prob(self, params: Tensor, actions: Tensor) -> Tensor:
        """Return the log density of a Box's actions [..., *shape], scaled to [-1, 1]."""
        before = torch.atanh(self.unit(actions).clamp(-_EDGE, _EDGE))
        means, log_std = params.chunk(2, dim=-1)
        scaled = (before - means) * torch.exp(-log_std)
        density = -(0.5 * scaled.square() + log_std + _LOG_SQRT_TWO_PI)
        # log(1 - tanh(x)^2) without cancellation
        squashing = 2.0 * (math.log(2.0) - before - nn.functional.softplus(-2.0 * before))
        return (density - squashing).sum(dim=-1)

    def _scaled(self, unit: Tensor) -> Tensor:
        actions = self.low + 0.5 * (unit + 1.0) * (self.high - self.low)
        return actions.reshape(*actions.shape[:-1], *self.shape)


class Actors(nn.Module):
    """A policy for each discount, on layers that they share.

    Args:
        action_space: Discrete, or a Box with bounds.
        input_size: H.
        net_arch: Widths of the layers.
        count: G.

    Raises:
        TypeError: If the space is another.
    """

    def __init__(
        self, action_space: spaces.Space, input_size: int, net_arch: Sequence[int], count: int
    ):
        super().__init__()
        layers: list[nn.Module] = []
        for width in net_arch:
            layers += [Linear(input_size, width), nn.ReLU()]
            input_size = width
        self.layers = nn.Sequential(*layers)
        self.heads = nn.ModuleList(_head(action_space, input_size) for _ in range(count))

    def forward(self, features: Tensor) -> Tensor:
        """Return distribution parameters, [G, ..., P], for features [..., H]."""
        hidden = self.layers(features)
        return torch.stack([head(hidden) for head in self.heads])

    def acting(self, features: Tensor) -> Tensor:
        """Return the parameters of the last discount's policy alone, [..., P]."""
        return self.heads[-1](self.layers(features))


class Critics(nn.Module):
    """C critics for each of G discounts, all in one product a layer.

    Args:
        input_size: H, or H + A where the action is an input.
        hidden_size: Width of the layer between.
        outputs: A where there is a value of every action, else 1.
        gammas: G.
        members: C.
    """

    def __init__(self, input_size: int, hidden_size: int, outputs: int, gammas: int, members: int):
        super().__init__()
        sizes = (input_size, hidden_size), (hidden_size, outputs)
        shape = gammas, members
        self.weights = nn.ParameterList(_uniform(*shape, *size, fan=size[0]) for size in sizes)
        self.biases = nn.ParameterList(_uniform(*shape, 1, size[1], fan=size[0]) for size in sizes)

    def forward(self, inputs: Tensor, frozen: bool = False, last: bool = False) -> Tensor:
        """Return values, [G, C, M, outputs].

        Args:
            inputs: [M, I], or those of each discount, [G, M, I].
            frozen: Let no gradient reach the critics.
            last: Compute the last discount's alone, G = 1.
        """
        hidden = inputs.unsqueeze(-3)
        if inputs.ndim == 2:
            hidden = hidden.unsqueeze(0)
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if last:
                weight, bias = weight[-1:], bias[-1:]
            if frozen:
                weight, bias = weight.detach(), bias.detach()
            if index:
                hidden = hidden.relu_()  # in place, as no gradient needs what was there
            hidden = (hidden @ weight).add_(bias)
        return hidden


def _head(space: spaces.Space, size: int) -> PolicyHead:
    if isinstance(space, spaces.Discrete):
        return CategoricalHead(space, size)
    if isinstance(space, spaces.Box) and space.dtype.kind == "f":
        return SquashedHead(space, size)
    raise TypeError(f"action_space={space} is not supported; allowed: Discrete, float Box")


def _uniform(*shape: int, fan: int) -> nn.Parameter:
    """Return a parameter as PyTorch's linear layers begin with."""
    bound = fan**-0.5
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))
