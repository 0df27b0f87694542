"""A meta-parameter that is a function of a learner's latest rewards.

M learners, C rewards of the context.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch

from ..core.lifetimes.meta_parameters import Bounded, MetaParameters, Weights
from ..core.lifetimes.rule import Learners, Unroll, by_learner
from ..core.nets import stacked

_LEAST = 1e-8  # of the scale of rewards


@dataclass(frozen=True)
class RewardContext:
    """The mean rewards of a learner's latest unrolls, by their scale.

    Args:
        size: C, how many unrolls; 0 for no context.
    """

    size: int

    def begin(self, policy: torch.Tensor) -> Learners:
        """Return what new learners with parameters `policy` [M, P] know: nothing."""
        if not self.size:
            return {}
        nothing = policy.new_zeros(len(policy), self.size)
        return {"history": nothing, "context": nothing, "scale": nothing[:, :2]}

    def see(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return learners that have noted the unroll's mean reward.

        The context is tanh(mean reward / scale), where the scale is the root of the mean square of
        all the mean rewards so far.
        """
        if not self.size:
            return learners
        latest = by_learner(unroll.rewards, unroll.mask)[:, None]
        history = torch.cat([learners["history"][:, 1:], latest], dim=1)
        count = learners["scale"][:, 1:] + 1
        mean = learners["scale"][:, :1]
        mean = mean + (latest.square() - mean) / count
        context = torch.tanh(history / (mean.sqrt() + _LEAST))
        scale = torch.cat([mean, count], dim=1)
        return {**learners, "history": history, "context": context, "scale": scale}


@dataclass(frozen=True)
class InContext:
    """A number between 0 and 1: a meta-parameter itself, or a network's function of the context.

    Args:
        name: Name of the number, where there is no context.
        network: Name of the network.
    """

    name: str
    network: str

    def value(self, eta: stacked.Parts, context: torch.Tensor | None) -> torch.Tensor:
        """Return the number of each learner, [M].

        Args:
            eta: Values of the meta-parameters.
            context: [M, C], or None.
        """
        if context is None:
            return eta[self.name]
        first, last = (
            tuple(eta[f"{self.network}.{layer}.{part}"] for part in ("weight", "bias"))
            for layer in (0, 1)
        )
        hidden = torch.relu(stacked.linear(context[:, None], *first))
        return torch.sigmoid(stacked.linear(hidden, *last)[:, 0, 0])

    def meta_parameters(self, initial: float, context: int, width: int) -> MetaParameters:
        """Return the meta-parameters that it is made of.

        Args:
            initial: Its initial value: exactly without a context, else on the average.
            context: C.
            width: Units of the network.

        Raises:
            ValueError: If `initial` is not strictly between 0 and 1.
        """
        number = Bounded(initial)
        if not context:
            return MetaParameters({self.name: number})
        shapes = {
            **{"0.weight": (width, context), "0.bias": (width,)},
            **{"1.weight": (1, width), "1.bias": (1,)},
        }
        return MetaParameters({}, {self.network: Weights(shapes, partial(_draw, shapes, number))})


def _draw(
    shapes: Mapping[str, tuple[int, ...]], number: Bounded, generator: torch.Generator
) -> stacked.Parts:
    return {
        "0.weight": stacked.orthogonal(shapes["0.weight"], math.sqrt(2), generator),
        "0.bias": torch.zeros(shapes["0.bias"]),
        "1.weight": stacked.orthogonal(shapes["1.weight"], 0.1, generator),
        "1.bias": torch.full(shapes["1.bias"], number.raw_initial()),
    }
