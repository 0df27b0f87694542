"""Gittins indices of Bernoulli arms, and the solver that plays the highest."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .bandits import BanditLoop, Model
from .base import Baseline

_RATES = 1024  # grid of sure rewards between which indices are interpolated
_NEGLIGIBLE = 1e-3  # weight of what lies beyond the table, `discount ** margin`


@functools.lru_cache(maxsize=8)
def gittins_indices(discount: float, max_pulls: int) -> np.ndarray:
    """Return the indices [max_pulls + 1, max_pulls + 1] of a Bernoulli arm with a Beta(1, 1) prior.

    Entry [w, l] is the index after w wins and l losses, for w + l <= `max_pulls`; the rest is NaN.
    It is the sure reward per pull for which playing on and retiring for good are worth the same
    (calibration). All states share a grid of sure rewards; each is solved by backward induction
    over the number of pulls, from the depth where a thousandth of the value is left, and a state's
    index is interpolated between the two grid points around its indifference. At discount
    0.99 and 128 pulls the error is 2e-5 on average and below 1e-3 everywhere (largest for arms that
    never lost).

    Source: Gittins, Glazebrook, Weber (2011), section 8.4.

    Args:
        discount: Worth of a reward one pull later, in [0, 1).
        max_pulls: Maximum number of pulls of one arm.
    """
    rates = np.linspace(0.0, 1.0, _RATES)  # [L]
    sure = rates / (1 - discount)  # worth of retiring
    depth = max_pulls + (int(np.log(_NEGLIGIBLE) / np.log(discount)) + 1 if discount > 0 else 1)
    table = np.full((max_pulls + 1, max_pulls + 1), np.nan)
    mean = _success_rates(depth)
    value = np.maximum(mean / (1 - discount), sure)  # [depth + 1, L]: by wins among `depth` pulls
    for pulls in range(depth - 1, -1, -1):
        mean = _success_rates(pulls)
        play = mean * (1 + discount * value[1:]) + (1 - mean) * discount * value[:-1]
        if pulls <= max_pulls:
            wins = np.arange(pulls + 1)
            table[wins, pulls - wins] = _last_crossing(play - sure, rates)
        value = np.maximum(play, sure)
    table.flags.writeable = False  # it is shared by all callers
    return table


def _success_rates(pulls: int) -> np.ndarray:
    """Return the posterior means after `pulls` pulls by the number of wins, [pulls + 1, 1]."""
    return (np.arange(pulls + 1)[:, None] + 1) / (pulls + 2)


def _last_crossing(gain: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return where `gain` [n, L], positive at first and decreasing, meets zero, [n]."""
    left = (gain > 0).sum(axis=1) - 1
    state = np.arange(len(gain))
    above, below = gain[state, left], gain[state, left + 1]
    return rates[left] + above / (above - below) * (rates[left + 1] - rates[left])


class _GittinsLoop(BanditLoop):
    def scores(self, pulls: np.ndarray, sums: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        size = 128
        while size < pulls.max(initial=0):  # doubling: a few tables serve trials of every length
            size *= 2
        wins = sums.astype(int)
        return gittins_indices(self.baseline.discount, size)[wins, pulls.astype(int) - wins]


@dataclass(frozen=True)
class Gittins(Baseline):
    """Play the arm of highest Gittins index.

    Optimal for independent Bernoulli arms under a Beta(1, 1) prior and endless discounted play. A
    trial of n pulls is not discounted; `discount = 1 - 1 / n` comes close (0.99 for 100 pulls, 0.9
    for 10). The indices are computed once per process.

    Source: Gittins (1979).

    Args:
        discount: Worth of a reward one pull later, in [0, 1).
    """

    discount: float = 0.99
    model: ClassVar[Model] = "bernoulli"
    loop = _GittinsLoop

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not 0 <= self.discount < 1:
            raise ValueError(f"discount={self.discount} must lie in [0, 1)")
