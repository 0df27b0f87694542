"""Heads for discrete choices. H features, P distribution parameters."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from gymnasium import spaces
from torch import nn

from .policy_head import PolicyHead, head_layer


class DiscreteHead(PolicyHead):
    """A head with one layer of logits, for actions that consist of discrete choices.

    Args:
        input_size: H.
        outputs: Number of outputs of the layer, P.
        noise_size: Number of choices in an action.
    """

    noise_kind = "uniform"

    def __init__(self, input_size: int, outputs: int, noise_size: int):
        super().__init__()
        self.noise_size = noise_size
        self.logits = head_layer(input_size, outputs, gain=0.01)

    @abstractmethod
    def distribution(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the distribution parameters [..., P] for the layer's outputs [..., P]."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return parameters [..., P] for features [..., H]."""
        return self.distribution(self.logits(features))


class LogProbabilityHead(DiscreteHead):
    """A head whose parameters are log probabilities, of one choice or several."""

    def entropy(self, params: torch.Tensor) -> torch.Tensor:
        """Return the joint entropy of all choices in nats, [...]."""
        return -(params.exp() * params).sum(dim=-1)

    def kl(self, params: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return KL(params || other) in nats, [...]."""
        return (params.exp() * (params - other)).sum(dim=-1)


class CategoricalHead(LogProbabilityHead):
    """A categorical distribution over a Discrete space; parameters are log probabilities.

    Args:
        action_space: The Discrete space.
        input_size: H.
    """

    def __init__(self, action_space: spaces.Discrete, input_size: int):
        super().__init__(input_size, int(action_space.n), 1)
        self.start = int(action_space.start)

    def distribution(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return log probabilities [..., P]."""
        return torch.log_softmax(outputs, dim=-1)

    def sample(self, params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Sample by inverting the distribution function; `noise` is uniform, [..., 1]."""
        return _inverse(params, noise) + self.start

    def mode(self, params: torch.Tensor) -> torch.Tensor:
        """Return the most probable actions, int64 [...]."""
        return params.argmax(dim=-1) + self.start

    def log_prob(self, params: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the log probability of actions [...]."""
        return params.gather(-1, (actions - self.start).unsqueeze(-1)).squeeze(-1)


class MultiCategoricalHead(LogProbabilityHead):
    """Independent categorical choices, for MultiDiscrete; parameters are log probabilities.

    Parameters of the first choice come first, then those of the second, and so on.

    Args:
        action_space: MultiDiscrete with C choices.
        input_size: H.
    """

    def __init__(self, action_space: spaces.MultiDiscrete, input_size: int):
        self.sizes = [int(size) for size in action_space.nvec.ravel()]
        super().__init__(input_size, sum(self.sizes), len(self.sizes))
        self.shape = action_space.nvec.shape
        start = torch.as_tensor(action_space.start, dtype=torch.int64)
        # Constants rather than buffers: buffers hold what a network keeps from its training.
        self.start = start.reshape(self.shape)
        self.begins = torch.tensor([0, *self.sizes[:-1]]).cumsum(0)  # of a choice's parameters

    def distribution(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return log probabilities [..., P]."""
        parts = [torch.log_softmax(part, dim=-1) for part in self._parts(outputs)]
        return torch.cat(parts, dim=-1)

    def sample(self, params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Sample each choice as `CategoricalHead` does; `noise` is uniform, [..., C]."""
        pairs = zip(self._parts(params), noise.split(1, dim=-1), strict=True)
        return self._actions([_inverse(part, drawn) for part, drawn in pairs])

    def mode(self, params: torch.Tensor) -> torch.Tensor:
        """Return the most probable actions, int64."""
        return self._actions([part.argmax(dim=-1) for part in self._parts(params)])

    def log_prob(self, params: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the log probability of actions, [...]."""
        chosen = (actions - self.start.to(actions.device)).reshape(
            *params.shape[:-1], len(self.sizes)
        )
        at = chosen + self.begins.to(chosen.device)
        return params.gather(-1, at).sum(dim=-1)

    def _parts(self, params: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return params.split(self.sizes, dim=-1)

    def _actions(self, chosen: list[torch.Tensor]) -> torch.Tensor:
        flat = torch.stack(chosen, dim=-1)
        return flat.reshape(*flat.shape[:-1], *self.shape) + self.start.to(flat.device)


class BernoulliHead(DiscreteHead):
    """Independent bits, for MultiBinary; parameters are log odds of 1.

    Args:
        action_space: The MultiBinary space.
        input_size: H.
    """

    def __init__(self, action_space: spaces.MultiBinary, input_size: int):
        self.shape = action_space.shape
        bits = math.prod(self.shape)
        super().__init__(input_size, bits, bits)

    def distribution(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return log odds [..., P], which are the outputs themselves."""
        return outputs

    def sample(self, params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Sample each bit; `noise` is uniform, [..., P]."""
        return self._actions(noise < params.sigmoid())

    def mode(self, params: torch.Tensor) -> torch.Tensor:
        """Return the most probable actions, int8."""
        return self._actions(params > 0)

    def log_prob(self, params: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the log probability of actions, [...]."""
        ones = actions.reshape(params.shape) > 0
        return torch.where(ones, _log_sigmoid(params), _log_sigmoid(-params)).sum(dim=-1)

    def entropy(self, params: torch.Tensor) -> torch.Tensor:
        """Return the joint entropy of all bits in nats, [...]."""
        one, zero = _log_sigmoid(params), _log_sigmoid(-params)
        return -(one.exp() * one + zero.exp() * zero).sum(dim=-1)

    def kl(self, params: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return KL(params || other) in nats, [...]."""
        one, zero = _log_sigmoid(params), _log_sigmoid(-params)
        apart = one.exp() * (one - _log_sigmoid(other)) + zero.exp() * (zero - _log_sigmoid(-other))
        return apart.sum(dim=-1)

    def _actions(self, ones: torch.Tensor) -> torch.Tensor:
        return ones.to(torch.int8).reshape(*ones.shape[:-1], *self.shape)


def _inverse(params: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return indices [...] by inverting the distribution function; `noise` is [..., 1]."""
    below = torch.cumsum(params.exp(), dim=-1)[..., :-1]
    return (below <= noise).sum(dim=-1)


def _log_sigmoid(odds: torch.Tensor) -> torch.Tensor:
    return nn.functional.logsigmoid(odds)
