"""Who copies whom, and how copied hyperparameters are changed. M members."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Value = float | int | str | bool | None
_KINDS = ("log", "uniform")
_NOISE = 0.1  # deviation of a step in a uniform range, as a share of its width


def truncation(scores: np.ndarray, rng: np.random.Generator, fraction: float = 0.2) -> np.ndarray:
    """Return whom each member copies [M]: the worst copy one of the best, others themselves.

    Args:
        scores: Higher is better, [M]; NaN is worst. Of equal scores the first counts as better,
            so that equal members do not stay equal for ever.
        rng: Draws one of the best for each.
        fraction: Share of members that are the worst, and the best; at least one each.

    Source:
        Jaderberg et al. 2017, section 4.1.1 (fraction .2).
    """
    order = np.argsort(-_comparable(scores), kind="stable")
    count = min(max(int(fraction * len(scores)), 1), len(scores) // 2)
    parents = np.arange(len(scores))
    parents[order[-count:]] = rng.choice(order[:count], size=count)
    return parents


def tournament(scores: np.ndarray, rng: np.random.Generator, fraction: float = 0.2) -> np.ndarray:
    """Return whom each member copies [M]: another at random, if that one is better.

    Args:
        scores: As in `truncation`.
        rng: Draws the other.
        fraction: Not used.

    Source:
        Jaderberg et al. 2017, section 4.1.1, "binary tournament".
    """
    known = _comparable(scores)
    others = rng.integers(len(known) - 1, size=len(known))
    others += others >= np.arange(len(known))
    return np.where(known[others] > known, others, np.arange(len(known)))


EXPLOIT = {"truncation": truncation, "tournament": tournament}


def check_space(space: Mapping[str, Any]) -> None:
    """Refuse what is no search space.

    Args:
        space: By argument: `("log", low, high)`, `("uniform", low, high)`, or a list of choices.

    Raises:
        ValueError: Naming the argument and what is allowed.
    """
    for name, prior in space.items():
        if isinstance(prior, list) and len(prior) > 1:
            continue
        form = isinstance(prior, tuple) and len(prior) == 3 and prior[0] in _KINDS
        numbers = form and all(isinstance(one, int | float) for one in prior[1:])
        if not numbers or not prior[1] < prior[2] or (prior[0] == "log" and prior[1] <= 0):
            raise ValueError(
                f"explore[{name!r}]={prior!r} must be ('log', low, high) with 0 < low < high, "
                "('uniform', low, high), or a list of at least two choices"
            )


def draw(space: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Value]:
    """Draw one value of each argument from its prior."""
    return {name: _draw(prior, rng) for name, prior in space.items()}


def explore(
    space: Mapping[str, Any],
    values: Mapping[str, Value],
    rng: np.random.Generator,
    factors: Sequence[float] = (0.8, 1.2),
    resample: float = 0.25,
) -> dict[str, Value]:
    """Return values changed a little, as a member does that has copied another's.

    In a range `"log"` a number is multiplied by one of `factors`, in a `"uniform"` one a normal
    step of a tenth of the width is added (multiplying would leave 0 at 0); a choice becomes a
    neighbour in its list. Numbers stay within their range.

    Args:
        space: As in `check_space`.
        values: By argument.
        rng: Source of the changes.
        factors: Each as probable as the others.
        resample: Probability that a value is drawn from its prior instead.

    Source:
        Jaderberg et al. 2017, section 4.1.2: factors .8 and 1.2, or resampling.
    """
    return {
        name: _draw(prior, rng)
        if rng.random() < resample
        else _step(prior, values[name], rng, factors)
        for name, prior in space.items()
    }


def _comparable(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(scores), -np.inf, scores)


def _draw(prior: Any, rng: np.random.Generator) -> Value:
    if isinstance(prior, list):
        return prior[int(rng.integers(len(prior)))]
    kind, low, high = prior
    if kind == "log":
        return float(math.exp(rng.uniform(math.log(low), math.log(high))))
    return float(rng.uniform(low, high))


def _step(prior: Any, value: Any, rng: np.random.Generator, factors: Sequence[float]) -> Value:
    if isinstance(prior, list):
        at = prior.index(value) if value in prior else int(rng.integers(len(prior)))
        return prior[min(max(at + (1 if rng.random() < 0.5 else -1), 0), len(prior) - 1)]
    kind, low, high = prior
    if kind == "log":
        moved = float(value) * float(factors[int(rng.integers(len(factors)))])
    else:
        moved = float(value) + _NOISE * (high - low) * float(rng.standard_normal())
    return float(min(max(moved, low), high))
