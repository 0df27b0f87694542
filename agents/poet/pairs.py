"""The active pairs of POET in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..core.learning.evolution import State
from .niches import Niche


class Pairs:
    """The active pairs; in a checkpoint their agents are tensors, and the rest is JSON.

    Args:
        niches: The pairs.
        retired: Pairs that have left and are kept, of whose agents the parameters are.
    """

    def __init__(self, niches: list[Niche], retired: Sequence[Niche] = ()):
        self.niches, self.retired = niches, list(retired)
        self._loaded: dict[int, State] = {}

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the agents' states, by number and name."""
        return {
            f"{one.number}.{name}": part
            for one in (*self.retired, *self.niches)
            for name, part in one.state.items()
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
            kept = part.to(own[key].dtype, copy=True)  # files of weights alone have float16
            self._loaded.setdefault(int(number), {})[key] = kept
        whole = (own.keys(), {"center"})
        if any(one.keys() not in whole for one in self._loaded.values()):
            raise RuntimeError("the state of an agent is incomplete")

    def describe(
        self, pairs: Sequence[Mapping[str, Any]], retired: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Put the agents together with their tasks.

        Args:
            pairs: What is known of active pairs.
            retired: What is known of those that have left.

        Raises:
            ValueError: If they are not of the same pairs.
        """
        numbers = [int(one["number"]) for one in (*pairs, *retired)]
        if sorted(numbers) != sorted(self._loaded) or not pairs:
            raise ValueError(f"there are tasks {numbers} and agents {sorted(self._loaded)}")
        if lacking := [one["number"] for one in pairs if len(self._loaded[one["number"]]) == 1]:
            raise ValueError(f"of the agents {lacking} there are only parameters, yet they train")
        self.niches = [self._niche(one) for one in pairs]
        self.retired = [self._niche(one) for one in retired]

    def _niche(self, known: Mapping[str, Any]) -> Niche:
        return Niche(
            number=int(known["number"]),
            task={key: np.asarray(value) for key, value in known["task"].items()},
            state=self._loaded[int(known["number"])],
            score=float(known["score"]),
            parent=None if known["parent"] is None else int(known["parent"]),
            born=int(known["born"]),
            recent=tuple(float(one) for one in known.get("recent", ())),
        )


def only_center(niche: Niche) -> Niche:
    """Return a pair that no longer trains: of its agent's state the parameters alone."""
    return replace(niche, state={"center": niche.state["center"]})
