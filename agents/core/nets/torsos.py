"""Torsos over vectors and tables, and those that have a name.

M learners, N observations of each, R rows, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeGuard

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.spaces import utils

from meta_envs.core.names import look_up

from ..nets import stacked
from .conv_torsos import CnnTorso, DeepCnnTorso, is_frames
from .dict_torso import DictTorso
from .kernels.activations import tanh
from .torso import Torso, check_widths

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": tanh,
    "relu": torch.relu,
}


class MlpTorso(Torso):
    """Fully connected layers over vectors and one-hot discrete observations."""

    def __init__(self, observation_space: spaces.Space, net_arch: Sequence[int], activation: str):
        allowed = spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
        if not isinstance(observation_space, allowed):
            raise TypeError(
                f"observation_space={observation_space}: the torso 'mlp' takes Box, Discrete, "
                "MultiDiscrete, MultiBinary and Dicts of these; wrap the environment in "
                "gymnasium.wrappers.FlattenObservation"
            )
        self.space = observation_space
        self.activation = ACTIVATIONS[activation]
        sizes = [utils.flatdim(observation_space), *check_widths(net_arch)]
        self.features = sizes[-1]
        self.depth = len(net_arch)
        self.shapes = {}
        for layer, (before, after) in enumerate(pairwise(sizes)):
            self.shapes |= {f"{layer}.weight": (after, before), f"{layer}.bias": (after,)}

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Draw orthogonal weights of gain sqrt(2), as Stable-Baselines3 does; biases are 0."""
        return {
            name: stacked.orthogonal(shape, 2**0.5, generator)
            if name.endswith("weight")
            else torch.zeros(shape)
            for name, shape in self.shapes.items()
        }

    def encode(self, observations: Any) -> torch.Tensor:
        """Return float32 [R, I]; discrete numbers one-hot."""
        rows = np.asarray(observations)
        if isinstance(self.space, spaces.Discrete):
            return torch.from_numpy(
                np.eye(int(self.space.n), dtype=np.float32)[_index(self.space, rows)]
            )
        if isinstance(self.space, spaces.MultiDiscrete):
            shown = [utils.flatten(self.space, row) for row in rows]
            return torch.from_numpy(np.asarray(shown, dtype=np.float32))
        return torch.from_numpy(rows.reshape(len(rows), -1).astype(np.float32))

    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return features [M, N, F]."""
        layers = [(parts[f"{layer}.weight"], parts[f"{layer}.bias"]) for layer in range(self.depth)]
        return stacked.mlp(inputs, layers, self.activation)


class TableTorso(Torso):
    """One-hot observations: the last layer then is a table with a row for each of them."""

    tabular = True

    def __init__(self, observation_space: spaces.Space, net_arch: Sequence[int], activation: str):
        if not isinstance(observation_space, spaces.Discrete):
            raise TypeError(
                f"observation_space={observation_space}: the torso 'table' takes Discrete alone; "
                "'mlp' takes vectors"
            )
        self.space = observation_space
        self.features = int(observation_space.n)
        self.shapes = {}

    def begin(self, generator: torch.Generator) -> stacked.Parts:
        """Return nothing: there are no parameters before the last layer."""
        return {}

    def encode(self, observations: Any) -> torch.Tensor:
        """Return indices of observations, int64 [R]."""
        return torch.from_numpy(_index(self.space, np.asarray(observations)))

    def forward(self, parts: stacked.Parts, inputs: torch.Tensor) -> torch.Tensor:
        """Return one-hot features [M, N, F]."""
        return torch.nn.functional.one_hot(inputs, self.features).to(torch.get_default_dtype())


TORSOS: dict[str, type[Torso]] = {
    "mlp": MlpTorso,
    "table": TableTorso,
    "cnn": CnnTorso,
    "deep_cnn": DeepCnnTorso,
}


def make_torso(
    torso: str | type[Torso],
    observation_space: spaces.Space,
    net_arch: Sequence[int] | None,
    activation: str,
) -> Torso:
    """Make a torso.

    Args:
        torso: A name in `TORSOS`, `"module:Name"` of a class, or a class.
        observation_space: Space of one row.
        net_arch: Widths of its layers; None takes the torso's own.
        activation: A name in `ACTIVATIONS`.

    Raises:
        TypeError: If it is none of these, or cannot take the space.
        ValueError: If a name is unknown or a width out of range.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r} is unknown; there are {list(ACTIVATIONS)}")
    if _is_torso(torso):
        made = torso
    elif not isinstance(torso, str):
        raise TypeError(f"torso={torso!r} must be one of {list(TORSOS)}, or a Torso class")
    else:
        made = look_up("torso", torso, TORSOS, _is_torso, "a Torso class")
    widths = made.widths if net_arch is None else net_arch
    if isinstance(observation_space, spaces.Dict) and made in (MlpTorso, CnnTorso, DeepCnnTorso):
        return _over_keys(observation_space, widths, activation, made)
    return made(observation_space, widths, activation)


def _over_keys(
    space: spaces.Dict, net_arch: Sequence[int], activation: str, made: type[Torso]
) -> DictTorso:
    of_frames = DeepCnnTorso if made is DeepCnnTorso else CnnTorso
    frames = any(is_frames(one) for one in space.spaces.values())
    return DictTorso(
        space,
        net_arch,
        ACTIVATIONS["relu" if frames else activation],
        lambda one: of_frames(one, (), activation),
        lambda one: MlpTorso(one, (), activation),
    )


def _is_torso(found: Any) -> TypeGuard[type[Torso]]:
    return isinstance(found, type) and issubclass(found, Torso)


def _index(space: spaces.Discrete, observations: np.ndarray) -> np.ndarray:
    return observations.astype(np.int64) - int(space.start)
