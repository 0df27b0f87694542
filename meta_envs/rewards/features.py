"""What of a base's state a discriminator sees. N rows, F features."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
from gymnasium import spaces

from ..core.vector import MetaVectorEnv

Names = str | Sequence[str | int]

# What our families keep in `state` under these names, in the order looked for.
_PLACES = {"xy": ("position", "place"), "com": ("place",)}


class Features:
    """Reads features of every row from a base environment.

    Args:
        base: The environment; it has been reset before it is read.
        names: `"all"`, the observation; `"xy"`, the place in the plane; `"com"`, that of a robot's
            torso or centre of mass, along x or in the plane; or one or more names of the base's
            `state`, e.g. `"qvel"`, or numbers of the flat observation, e.g. `(0, 1)`.

    Raises:
        TypeError: If observations are neither vectors nor discrete.
        ValueError: If the base lacks a feature.
    """

    def __init__(self, base: MetaVectorEnv, names: Names):
        if not isinstance(names, str | list | tuple):
            raise ValueError(f"features={names!r} must be a name, or a list of names and numbers")
        self.names = (names,) if isinstance(names, str) else tuple(names)
        self.space = base.single_observation_space
        _refuse_other(self.space, base)
        if not self.names:
            raise ValueError("features is empty; give 'all', 'xy', 'com' or names of the state")
        self._keys = [self._key(base, name) for name in self.names]
        self.size = sum(self._width(base, key) for key in self._keys)  # F

    def read(self, base: MetaVectorEnv, observations: np.ndarray) -> np.ndarray:
        """Return the features [N, F] of every row, given its observations [N, ...]."""
        parts = [
            base.state[key] if isinstance(key, str) else self._flat(observations)[:, key]
            for key in self._keys
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _width(self, base: MetaVectorEnv, key: str | slice) -> int:
        if isinstance(key, str):
            return base.state[key].shape[1]
        return len(range(*key.indices(spaces.flatdim(self.space))))

    def _flat(self, observations: np.ndarray) -> np.ndarray:
        if isinstance(self.space, spaces.Discrete):
            return np.eye(int(self.space.n))[observations - self.space.start]
        return observations

    def _key(self, base: MetaVectorEnv, name: str | int) -> str | slice:
        """Return a name of the base's state, or a slice of the flat observation."""
        if name == "all":
            return slice(None)
        if isinstance(name, int | np.integer) and 0 <= name < spaces.flatdim(self.space):
            return slice(int(name), int(name) + 1)
        for key in _PLACES.get(str(name), (str(name),)):
            part = base.state.get(key)
            if part is not None and part.dtype.kind == "f" and part.ndim == 2:
                if name != "xy" or part.shape[1] == 2:
                    return key
        has = [key for key, part in base.state.items() if part.dtype.kind == "f" and part.ndim == 2]
        known = ["all", *has]
        near = get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        kind = type(base).__name__
        raise ValueError(
            f"features={name!r}: {kind} has no such feature, only {known} and numbers of an "
            f"observation of {spaces.flatdim(self.space)}{hint}"
        )


def _refuse_other(space: spaces.Space, base: MetaVectorEnv) -> None:
    vector = isinstance(space, spaces.Box) and len(space.shape) == 1 and space.dtype.kind == "f"
    if not (vector or isinstance(space, spaces.Discrete)):
        raise TypeError(
            f"base: {type(base).__name__} shows {space}; RewardTask takes vectors of floats and "
            "Discrete observations"
        )
