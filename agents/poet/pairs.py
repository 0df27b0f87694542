"""The active pairs of POET in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..core.learning.evolution import State
from .niches import Niche


class Pairs:
    """The active pairs; in a checkpoint their agents are tensors, and the rest is JSON.

    Args:
        niches: The pairs.
    """

    def __init__(self, niches: list[Niche]):
        self.niches = niches
        self._loaded: dict[int, State] = {}

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the agents' states, by number and name."""
        return {
            f"{one.number}.{name}": part for one in self.niches for name, part in one.state.items()
        }

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the agents' tensors, which must be finite."""
        yield from self.state_dict().items()

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the agents' states; `describe` says which pairs they belong to.

        Raises:
            RuntimeError: If a state is not one of an agent here.
        """
        own = self.niches[0].state
        self._loaded = {}
        for name, part in state.items():
            number, _, key = name.partition(".")
            if not number.isdecimal() or key not in own or part.shape != own[key].shape:
                raise RuntimeError(f"{name} of shape {tuple(part.shape)} is not an agent's")
            self._loaded.setdefault(int(number), {})[key] = part.clone()
        if any(one.keys() != own.keys() for one in self._loaded.values()):
            raise RuntimeError("the state of an agent is incomplete")

    def describe(self, pairs: Sequence[Mapping[str, Any]]) -> None:
        """Put the agents together with their tasks.

        Raises:
            ValueError: If they are not of the same pairs.
        """
        numbers = [int(one["number"]) for one in pairs]
        if sorted(numbers) != sorted(self._loaded) or not numbers:
            raise ValueError(f"there are tasks {numbers} and agents {sorted(self._loaded)}")
        self.niches = [
            Niche(
                number=number,
                task={key: np.asarray(value) for key, value in one["task"].items()},
                state=self._loaded[number],
                score=float(one["score"]),
                parent=None if one["parent"] is None else int(one["parent"]),
                born=int(one["born"]),
            )
            for number, one in zip(numbers, pairs, strict=True)
        ]
