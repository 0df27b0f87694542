"""Meta-parameters of learners: numbers within bounds, and the weights of small networks.

M learners, E numbers of each, which are kept unbounded; a bounded number is low + (high - low)
sigmoid(x), so that no step of an optimiser can take it out of its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ..nets import stacked

_MARGIN = 1e-6  # of the range, kept from both bounds: in float32 sigmoid(17) is 1
_MOST_SHOWN = 16  # entries of a table that figures name one by one


@dataclass(frozen=True)
class Bounded:
    """A meta-parameter strictly between two bounds.

    Args:
        initial: Its initial value.
        low: Lower bound.
        high: Upper bound.
        shape: () for one number; (S,) for a table of them, all with the same initial value.

    Raises:
        ValueError: If the initial value is not between the bounds.
    """

    initial: float
    low: float = 0.0
    high: float = 1.0
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check the initial value."""
        if not self.low < self.initial < self.high:
            raise ValueError(
                f"the initial value {self.initial} must be between {self.low:g} and {self.high:g}, "
                "and not equal to either: it is the sigmoid of a number"
            )

    def value(self, raw: torch.Tensor) -> torch.Tensor:
        """Return values for unbounded numbers."""
        return self.low + (self.high - self.low) * (
            _MARGIN + (1 - 2 * _MARGIN) * torch.sigmoid(raw)
        )

    def raw_initial(self) -> float:
        """Return the unbounded number whose value is the initial one."""
        share = (self.initial - self.low) / (self.high - self.low)
        share = min(max((share - _MARGIN) / (1 - 2 * _MARGIN), 1e-9), 1 - 1e-9)
        return math.log(share / (1 - share))


@dataclass(frozen=True)
class Weights:
    """Meta-parameters without bounds: the weights of a network.

    Args:
        shapes: Shapes by name.
        draw: Draws one learner's initial weights, by name.
    """

    shapes: Mapping[str, tuple[int, ...]]
    draw: Callable[[torch.Generator], stacked.Parts]


class MetaParameters:
    """The meta-parameters of learners; arrays [M, E] are passed in, not held.

    Args:
        bounded: Bounded meta-parameters by name.
        weights: Networks by name; each weight's name is `"network.weight"`.
    """

    def __init__(
        self, bounded: Mapping[str, Bounded], weights: Mapping[str, Weights] | None = None
    ):
        self.bounded, self.weights = dict(bounded), dict(weights or {})
        shapes = {name: one.shape for name, one in self.bounded.items()}
        for name, network in self.weights.items():
            shapes |= {f"{name}.{part}": shape for part, shape in network.shapes.items()}
        self.layout = stacked.Layout(shapes)
        self.given: torch.Tensor | None = None  # [E], what all learners begin with instead

    def begin(self, seeds: Sequence[int]) -> torch.Tensor:
        """Return initial numbers [M, E]; learner m's depend only on `seeds[m]`."""
        if self.given is not None:
            return self.given.repeat(len(seeds), 1)
        return stacked.begin(self.layout, seeds, self._draw)

    def _draw(self, generator: torch.Generator) -> stacked.Parts:
        parts = {
            name: torch.full(one.shape, one.raw_initial()) for name, one in self.bounded.items()
        }
        for name, network in self.weights.items():
            parts |= {f"{name}.{part}": drawn for part, drawn in network.draw(generator).items()}
        return parts

    def values(self, eta: torch.Tensor) -> stacked.Parts:
        """Return values by name, each [M, *shape]; differentiable."""
        parts = self.layout.unflatten(eta)
        return parts | {name: one.value(parts[name]) for name, one in self.bounded.items()}

    def columns(self) -> list[int]:
        """Return the columns of [M, E] that hold numbers; the others are padding."""
        return [
            column
            for name, shape in self.layout.shapes.items()
            for column in range(
                self.layout.begins[name], self.layout.begins[name] + math.prod(shape)
            )
        ]

    def figures(self, eta: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the bounded values [M] to log: a table's mean, and each entry of small ones."""
        values = self.values(eta)
        shown: dict[str, torch.Tensor] = {}
        for name, one in self.bounded.items():
            flat = values[name].reshape(len(eta), -1)
            shown[name] = flat.mean(dim=1)
            if one.shape and flat.shape[1] <= _MOST_SHOWN:
                shown |= {f"{name}.{entry}": part for entry, part in enumerate(flat.unbind(1))}
        return shown
