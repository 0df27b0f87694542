"""Transfers: how tasks take agents from other pairs. M pairs.

Everything here is a function of what it is given: an iteration that is interrupted leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from .niches import Arena, Event, Niche, Task

Result = tuple[list[Niche], list[Event]]


class Transfers(Protocol):
    """How agents move between pairs."""

    def after_step(self, niches: Sequence[Niche], arena: Arena) -> list[Niche]:
        """Measure what transfers will need, after each iteration's step."""

    def __call__(self, niches: Sequence[Niche], arena: Arena) -> Result:
        """Return the pairs after transfers, and an event for each."""


@dataclass(frozen=True)
class TakeTheBest:
    """Every task takes the best agent, of its own, the others', and these after one step in it.

    Source:
        Wang et al. 2019, algorithm 3, with both proposals as in the release.
    """

    def after_step(self, niches: Sequence[Niche], arena: Arena) -> list[Niche]:
        """Measure nothing."""
        return list(niches)

    def __call__(self, niches: Sequence[Niche], arena: Arena) -> Result:
        """Return the pairs with scores as measured here; who came begins with new moments."""
        own = arena.score([one.state["center"] for one in niches], [one.task for one in niches])
        after, events = [], []
        for niche, score in zip(niches, own.tolist(), strict=True):
            others = [one for one in niches if one.number != niche.number]
            center, best, event = best_of(others, niche.task, arena)
            if event is not None and best > score:
                state = arena.begin(center)  # type: ignore[arg-type]
                after.append(replace(niche, state=state, score=best))
                events.append(replace(event, niche=niche.number))
            else:
                after.append(replace(niche, score=score))
        return after, events


@dataclass(frozen=True)
class TuneThePromising:
    """An agent takes a step in a task only if it is better there as it is; then it must be so too.

    Better is what beats all of the task's `memory` newest scores, so that luck does not suffice.
    Steps of the evolution strategy, which cost most, are thus saved where they would lead nowhere.

    Args:
        memory: Scores of its own agent that each task remembers.

    Source:
        Wang et al. 2020, section 4.3; five scores in the release, where what beats them directly
        is not taken itself, but only after the step.
    """

    memory: int = 5

    def after_step(self, niches: Sequence[Niche], arena: Arena) -> list[Niche]:
        """Measure every agent in its task, and remember the newest scores."""
        scores = arena.score([one.state["center"] for one in niches], [one.task for one in niches])
        return [
            replace(one, score=score, recent=(*one.recent, score)[-self.memory :])
            for one, score in zip(niches, scores.tolist(), strict=True)
        ]

    def __call__(self, niches: Sequence[Niche], arena: Arena) -> Result:
        """Return the pairs, where who came begins with new moments."""
        moves = [(one, to) for to in niches for one in niches if one.number != to.number]
        if not moves:
            return list(niches), []
        centers = [one.state["center"] for one, _ in moves]
        direct = arena.score(centers, [to.task for _, to in moves]).tolist()
        moves = [move for move, got in zip(moves, direct, strict=True) if got > _bar(move[1])]
        if not moves:
            return list(niches), []
        tasks = [to.task for _, to in moves]
        tuned = arena.improve([arena.begin(one.state["center"]) for one, _ in moves], tasks)
        scores = arena.score([one["center"] for one in tuned], tasks).tolist()
        after, events = [], []
        for niche in niches:
            better = [
                (scores[at], at)
                for at, (_, to) in enumerate(moves)
                if to.number == niche.number and scores[at] > _bar(niche)
            ]
            if not better:
                after.append(niche)
                continue
            score, at = max(better, key=lambda one: one[0])
            state = arena.begin(tuned[at]["center"])
            after.append(replace(niche, state=state, score=score))
            events.append(Event("transfer", niche.number, moves[at][0].number, score, tuned=True))
        return after, events


def _bar(niche: Niche) -> float:
    return max(niche.recent, default=float("-inf"))


def best_of(
    candidates: Sequence[Niche], task: Task, arena: Arena
) -> tuple[torch.Tensor | None, float, Event | None]:
    """Return the best agent for a task, among candidates and candidates after one step in it.

    Returns:
        Its parameters, its score, and an event `"transfer"` that says whose it was; None, minus
        infinity and None if there are no candidates.
    """
    if not candidates:
        return None, float("-inf"), None
    states = [arena.begin(one.state["center"]) for one in candidates]
    tuned = arena.improve(states, [task] * len(states))
    centers = [one["center"] for one in (*states, *tuned)]
    scores = arena.score(centers, [task] * len(centers))
    best = int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))
    event = Event(
        "transfer",
        niche=-1,
        other=candidates[best % len(candidates)].number,
        score=float(scores[best]),
        tuned=best >= len(candidates),
    )
    return centers[best], float(scores[best]), event
