"""Pairs of a task and an agent: transfers between them, and their children. M pairs.

Everything here is a function of what it is given: an iteration that is interrupted leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

Task = dict[str, Any]
State = dict[str, torch.Tensor]  # of an evolution strategy


@dataclass(frozen=True)
class Niche:
    """A task, and the agent that is paired with it."""

    number: int  # of all niches there have been
    task: Task
    state: State
    score: float  # of the agent in the task, when it was last measured
    parent: int | None  # number of the niche whose task was mutated
    born: int  # iteration


class Arena(Protocol):
    """Where agents are measured and improved."""

    def score(self, centers: Sequence[torch.Tensor], tasks: Sequence[Task]) -> np.ndarray:
        """Return the mean return of each agent in its task, [M]."""

    def improve(self, states: Sequence[State], tasks: Sequence[Task]) -> list[State]:
        """Take one step of the evolution strategy for each agent in its task."""

    def begin(self, center: torch.Tensor) -> State:
        """Return a new state of the evolution strategy: `sigma` and rate as at first."""

    def mutate(self, task: Task, rng: np.random.Generator) -> Task:
        """Return a task near another."""

    def features(self, task: Task) -> np.ndarray:
        """Return what the distance of tasks is measured by, [F]."""


@dataclass(frozen=True)
class Rules:
    """Numbers of the algorithm; see the arguments of `POET`."""

    reproduce_at: float
    lowest: float
    highest: float
    children: int
    admitted: int
    neighbours: int
    capacity: int


@dataclass(frozen=True)
class Event:
    """Something that happened: a transfer, an admission or a removal."""

    kind: str
    niche: int
    other: int | None = None  # where the agent comes from
    score: float = float("nan")
    tuned: bool = False  # whether a step in the new task came first


def transfer(niches: Sequence[Niche], arena: Arena) -> tuple[list[Niche], list[Event]]:
    """Let every task take the best agent, of its own, the others', and these after one step in it.

    Returns:
        The niches, with scores as measured here (an agent that came begins with new moments), and
        an event for each transfer.

    Source:
        Wang et al. 2019, algorithm 3, with both proposals as in the release.
    """
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


def novelty(features: np.ndarray, archive: Sequence[np.ndarray], neighbours: int) -> float:
    """Return the mean distance of a task to its nearest neighbours in the archive.

    Args:
        features: Of the task, [F].
        archive: Of all tasks there have been.
        neighbours: How many count; all, if there are fewer.
    """
    distances = np.sort([float(np.linalg.norm(features - one)) for one in archive])
    return float(distances[:neighbours].mean()) if len(distances) else float("inf")


def reproduce(
    niches: Sequence[Niche],
    archive: Sequence[Task],
    arena: Arena,
    rules: Rules,
    iteration: int,
    next_number: int,
    rng: np.random.Generator,
) -> tuple[list[Niche], list[Event]]:
    """Mutate tasks that are solved well, and admit children that are neither trivial nor hopeless.

    Children whose parent's agent meets the minimal criterion are tried in the order of their
    novelty; each needs an agent, of any pair, that meets it too. The oldest pairs leave.

    Args:
        niches: The active pairs, with scores; the oldest first.
        archive: Tasks of all pairs that there have been.
        arena: Where agents are measured.
        rules: Numbers.
        iteration: The present one.
        next_number: For the first child admitted.
        rng: Source of randomness.

    Source:
        Wang et al. 2019, algorithm 2.
    """
    parents = [one for one in niches if one.score >= rules.reproduce_at]
    if not parents:
        return list(niches), []
    children = _children(parents, archive, arena, rules, rng)
    known = [arena.features(task) for task in archive]
    order = sorted(
        range(len(children)),
        key=lambda i: -novelty(arena.features(children[i][1]), known, rules.neighbours),
    )
    active, events, admitted = list(niches), [], 0
    for index in order:
        if admitted == rules.admitted:
            break
        parent, task = children[index]
        center, score, event = best_of(niches, task, arena)
        if event is None or not rules.lowest <= score <= rules.highest:
            continue
        number = next_number + admitted
        state = arena.begin(center)  # type: ignore[arg-type]
        active.append(Niche(number, task, state, score, parent.number, iteration))
        events.append(replace(event, kind="admission", niche=number))
        admitted += 1
    removed = active[: max(len(active) - rules.capacity, 0)]
    events += [Event("removal", one.number, score=one.score) for one in removed]
    return active[len(removed) :], events


def _children(
    parents: Sequence[Niche],
    archive: Sequence[Task],
    arena: Arena,
    rules: Rules,
    rng: np.random.Generator,
) -> list[tuple[Niche, Task]]:
    """Return children whose parent's agent meets the minimal criterion, with their parents."""
    drawn: list[tuple[Niche, Task]] = []
    for _ in range(rules.children):
        parent = parents[int(rng.integers(len(parents)))]
        child = arena.mutate(parent.task, rng)
        if not any(_equal(child, other) for other in (*archive, *(task for _, task in drawn))):
            drawn.append((parent, child))
    if not drawn:
        return []
    scores = arena.score([one.state["center"] for one, _ in drawn], [task for _, task in drawn])
    return [
        pair
        for pair, score in zip(drawn, scores.tolist(), strict=True)
        if rules.lowest <= score <= rules.highest
    ]


def _equal(one: Task, other: Task) -> bool:
    return all(np.array_equal(one[key], other[key]) for key in one)
