"""Networks that turn observations into keys. M learners, N observations, K numbers in a key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces

from ..core.nets import stacked
from ..core.nets.conv_torsos import is_frames
from ..core.nets.step_inputs import vector_inputs
from ..core.nets.torso import Torso
from ..core.nets.torsos import make_torso

_WHITE = 255.0


class EpsilonGreedy:
    """Chooses the action of largest value, among equal ones at random, or any action.

    Args:
        n: Number of actions, A.
        start: The first of them.
    """

    noise_kind = "uniform"
    noise_size = 2

    def __init__(self, n: int, start: int):
        self.n, self.start = n, start

    def choose(self, values: torch.Tensor, noise: torch.Tensor | None, epsilon: float) -> Any:
        """Return actions from 0, int64 [R].

        Args:
            values: [R, A].
            noise: Uniform, [R, 2]; None takes the first of the best actions.
            epsilon: Probability of any action.
        """
        best = values == values.amax(dim=1, keepdim=True)
        if noise is None:
            return best.int().argmax(dim=1)
        explore, which = noise[:, 0] < epsilon, noise[:, 1]
        allowed = best | explore[:, None]
        rank = (which * allowed.sum(dim=1)).long()  # which of the allowed ones
        return (allowed.cumsum(dim=1) == (rank + 1)[:, None]).int().argmax(dim=1)


class KeyNetwork:
    """A torso and a linear layer whose outputs are keys; parameters [M, P] are passed in, not held.

    Args:
        observation_space: Space of one row.
        action_space: Discrete.
        key_size: K.
        net_arch: Widths of the torso's layers; None takes the torso's own.
        torso: As in `ActorCritic`.
        activation: `"tanh"` or `"relu"`.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If an argument is out of range.
    """

    default_torso: ClassVar[str | type[Torso]] = "mlp"
    memory = None

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        key_size: int = 64,
        net_arch: Sequence[int] | None = None,
        torso: str | type[Torso] | None = None,
        activation: str = "relu",
    ):
        if not isinstance(action_space, spaces.Discrete):
            raise TypeError(
                f"action_space={action_space}: agents with a dictionary for each action take "
                "Discrete alone; PPO and PEARL take continuous ones"
            )
        if key_size < 1:
            raise ValueError(f"key_size={key_size} must be at least 1")
        self.observation_space, self.key_size = observation_space, key_size
        self.device = torch.device("cpu")  # of first parameters and encoded observations
        self.head = EpsilonGreedy(int(action_space.n), int(action_space.start))
        self.torso = make_torso(
            torso or self.default_torso, observation_space, net_arch, activation
        )
        last = {"key.weight": (key_size, self.torso.features), "key.bias": (key_size,)}
        self.layout = stacked.Layout({**self.torso.shapes, **last})

    def encode(self, observations: Any) -> torch.Tensor:
        """Return raw observations of R rows as a tensor [R, ...] to be kept and shown later."""
        return self.torso.encode(observations).to(self.device)

    def begin(self, seeds: Sequence[int]) -> torch.Tensor:
        """Draw the initial parameters [M, P], those of learner m from `seeds[m]` alone."""
        return stacked.begin(self.layout, seeds, self._draw).to(self.device)

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        size = self.key_size, self.torso.features
        return {
            **self.torso.begin(generator),
            "key.weight": stacked.orthogonal(size, 1.0, generator),
            "key.bias": torch.zeros(self.key_size),
        }

    def keys(self, params: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Return keys [M, N, K] of inputs [M, N, ...] with parameters [M, P]."""
        parts = self.layout.unflatten(params)
        features = self.torso.forward(parts, inputs)
        return stacked.linear(features, parts["key.weight"], parts["key.bias"])


class CnnKeyNetwork(KeyNetwork):
    """Keys of frames, by the shallow convolutional network of IMPALA."""

    default_torso = "cnn"


class FlatTorso(Torso):
    """The numbers of an observation, as they are; bytes of frames from 0 to 1."""

    def __init__(self, observation_space: spaces.Space, net_arch: Sequence[int], activation: str):
        self.space, self.shapes = observation_space, {}
        self._frames, self._inputs = is_frames(observation_space), None
        if self._frames:
            self.features = int(np.prod(observation_space.shape or ()))
        else:
            self._inputs = vector_inputs(observation_space, spaces.Discrete(1), "ProjectionPolicy")
            self.features = self._inputs.observation_size

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Return nothing: there are no parameters."""
        return {}

    def encode(self, observations: Any) -> torch.Tensor:
        """Return float32 [R, D], or for frames uint8 [R, D]."""
        if self._inputs is not None:
            return torch.from_numpy(self._inputs.flat_observations(observations))
        return torch.from_numpy(np.asarray(observations).reshape(len(observations), -1))

    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return [M, N, D]."""
        return inputs / _WHITE if self._frames else inputs


class RandomProjection(KeyNetwork):
    """Keys by a matrix of random normal numbers, which never changes.

    Args:
        observation_space: Space of one row.
        action_space: Discrete.
        key_size: K.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If `key_size` is below 1.
    """

    def __init__(
        self, observation_space: spaces.Space, action_space: spaces.Space, key_size: int = 64
    ):
        super().__init__(observation_space, action_space, key_size, (), FlatTorso)

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        """Draw numbers of variance 1 / K: distances stay as they are, on average."""
        size = self.key_size, self.torso.features
        weight = torch.randn(size, generator=generator) / math.sqrt(self.key_size)
        return {"key.weight": weight, "key.bias": torch.zeros(self.key_size)}
