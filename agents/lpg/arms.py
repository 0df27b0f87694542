"""What new learners are born with, drawn by a bandit that is paid with what their lives earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from .rule import Hypers

_EXPLORE = 0.2  # share of births that draw any arm


class Arms:
    """A bandit over learners' settings.

    The arm least drawn, until each has been paid once; after that the best in the mean, or, in a
    fifth of the births, any.

    Args:
        arms: The settings.
    """

    def __init__(self, arms: Sequence[Hypers]):
        self.arms = tuple(arms)
        self.drawn = np.zeros(len(self.arms), dtype=np.int64)
        self.paid = np.zeros(len(self.arms), dtype=np.int64)
        self.earned = np.zeros(len(self.arms))

    @property
    def best(self) -> int:
        """The arm with the best mean; the first before anything is known."""
        if not self.paid.any():
            return 0
        means = np.where(self.paid > 0, self.earned / np.maximum(self.paid, 1), -np.inf)
        return int(means.argmax())

    def draw(self, rng: np.random.Generator) -> int:
        """Draw an arm for a new learner."""
        arm = self.best
        if not self.paid.all():
            arm = int(rng.choice(np.flatnonzero(self.drawn == self.drawn.min())))
        elif rng.random() < _EXPLORE:
            arm = int(rng.integers(len(self.arms)))
        self.drawn[arm] += 1
        return arm

    def pay(self, arm: int, earned: float) -> None:
        """Note the mean reward of a step of a life that has ended."""
        self.paid[arm] += 1
        self.earned[arm] += earned

    def get_state(self) -> dict[str, Any]:
        """Return what is known, as JSON."""
        return {name: getattr(self, name).tolist() for name in ("drawn", "paid", "earned")}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from what `get_state` returned."""
        for name in ("drawn", "paid", "earned"):
            setattr(self, name, np.array(state[name], dtype=getattr(self, name).dtype))


def arms_of(
    usual: Hypers,
    learning_rate: float | Sequence[float] | None,
    prediction_rate: float | Sequence[float] | None,
    kl_coef: float | Sequence[float] | None,
) -> Arms:
    """Return every combination of what is given; None takes the usual value."""
    given = zip((learning_rate, prediction_rate, kl_coef), usual, strict=True)
    values = [[one] if many is None else np.atleast_1d(many).tolist() for many, one in given]
    return Arms([Hypers(*map(float, combination)) for combination in product(*values)])
