"""Scores of pretrained agents: measured for the card, and measured again."""

from __future__ import annotations

import math
from typing import Any

from ..core.evaluation.acting import as_trained
from ..core.evaluation.curve import AdaptationCurve
from ..core.evaluation.evaluate import evaluate
from .card import Score
from .entry import Entry

SEED = 1000  # of the evaluations of cards; measuring again takes other tasks where there are enough
AGAIN = 2000
_KEPT = (
    "split",
    "num_tasks",
    "episodes",
    "rows_per_task",
    "steps",
    "bins",
    "seed",
    "demonstrations",
)


def measure(agent: Any, id: str, env_kwargs: Any = None, **protocol: Any) -> Score:
    """Evaluate an agent, and return the sum over episodes (or over a lifetime) and its interval.

    Args:
        agent: The agent or a baseline. With `steps` its learner begins with nothing; else one of a
            single lifetime acts as it is.
        id: Where.
        env_kwargs: Of the id.
        **protocol: Arguments of `evaluate`.
    """
    player = agent if protocol.get("steps") else as_trained(agent)
    return score_of(evaluate(player, id, env_kwargs=env_kwargs, **protocol))


def score_of(curve: AdaptationCurve) -> Score:
    """Return what a card keeps of a curve."""
    of = "returns" if curve.expected_returns is None else "expected_returns"
    mean, error = curve.total(of)
    error = 0.0 if math.isnan(error) else error
    low, high = _interval(curve, of)
    kept = {key: curve.protocol[key] for key in _KEPT if curve.protocol.get(key) is not None}
    if "steps" in kept:
        kept.pop("episodes", None)
    parts = tuple(float(f"{one:.6g}") for one in curve.mean(of))
    return Score(
        of=of,
        mean=mean,
        standard_error=error,
        low=low,
        high=high,
        parts=parts,
        protocol=kept,
    )


def _interval(curve: AdaptationCurve, of: str) -> tuple[float, float]:
    """Return the bootstrap interval of the sum over episodes."""
    from ..core.evaluation import bootstrap

    sums = curve.series(of).sum(axis=1, keepdims=True)
    low, high = bootstrap.interval(
        sums, curve.n_seeds, curve.shared_tasks, confidence=0.95, statistic="mean",
        n_resamples=2000, seed=0,
    )  # fmt: skip
    return float(low[0]), float(high[0])


def distance(entry: Entry, num_tasks: int, seed: int = AGAIN, agent: Any = None) -> float:
    """Measure an entry again on fewer tasks; return how far off it is, in standard errors.

    Args:
        entry: The entry.
        num_tasks: Tasks to play now.
        seed: Of the tasks and the episodes.
        agent: The loaded agent, if there is one.
    """
    return again(entry, num_tasks, seed, agent)[1]


def again(
    entry: Entry, num_tasks: int | None = None, seed: int = AGAIN, agent: Any = None
) -> tuple[Score, float]:
    """Measure an entry again; return what it earned, and how far off that is, in standard errors.

    The standard error is that of the difference, from the spread that the card tells: a handful of
    new tasks would not show it. Where the card tells of none, a thousand tasks that went alike may
    still be followed by one that does not: then it is that of the new ones.

    Args:
        entry: The entry.
        num_tasks: Tasks to play now; None as many as for the card.
        seed: Of the tasks and the episodes.
        agent: The loaded agent, if there is one.
    """
    card = entry.card
    agent = entry.load() if agent is None else agent
    before = card.score.protocol["num_tasks"]
    now = before if num_tasks is None else num_tasks
    asked = {**card.score.protocol, "num_tasks": now, "seed": seed}
    found = measure(agent, card.id, dict(card.env_kwargs), **asked)
    error = card.score.standard_error * math.sqrt(1.0 + before / now) or found.standard_error
    # scores without any spread: equal to the rounding of floating point is equal
    floor = 1e-6 * max(abs(card.score.mean), 1.0)
    return found, abs(found.mean - card.score.mean) / max(error, floor)
