"""How tasks have children, and which of these are admitted. M pairs.

Everything here is a function of what it is given: an iteration that is interrupted leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .niches import Arena, Event, Niche, Rules, Task
from .novelty import GeneDistance, Known, Novelty
from .transfers import best_of


def reproduce(
    niches: Sequence[Niche],
    archive: Sequence[Task],
    arena: Arena,
    rules: Rules,
    iteration: int,
    next_number: int,
    rng: np.random.Generator,
    novelty: Novelty | None = None,
    retired: Sequence[Niche] | None = None,
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
        novelty: What orders children; None is `GeneDistance`.
        retired: Pairs that have left, if they are kept: an admission is novel if the best of their
            agents meets the criterion in it too, as it is.

    Source:
        Wang et al. 2019, algorithm 2; Wang et al. 2020 for what is novel (in the release, a task
        that no agent has yet been retired for is not; here it is).
    """
    parents = [one for one in niches if one.score >= rules.reproduce_at]
    if not parents:
        return list(niches), []
    children = _children(parents, archive, arena, rules, rng)
    if not children:
        return list(niches), []
    by = GeneDistance() if novelty is None else novelty
    known = Known(niches, archive, retired or ())
    novelties = by([task for _, task in children], known, arena, rules)
    order = sorted(range(len(children)), key=lambda i: -novelties[i])
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
        novel = None if retired is None else _left_open(task, retired, arena, rules)
        events.append(replace(event, kind="admission", niche=number, novel=novel))
        admitted += 1
    removed = active[: max(len(active) - rules.capacity, 0)]
    events += [Event("removal", one.number, score=one.score) for one in removed]
    return active[len(removed) :], events


def _left_open(task: Task, retired: Sequence[Niche], arena: Arena, rules: Rules) -> bool:
    """Tell whether the best of retired agents finds a task neither trivial nor hopeless."""
    if not retired:
        return True
    scores = arena.score([one.state["center"] for one in retired], [task] * len(retired))
    return bool(rules.lowest <= float(np.nanmax([*scores, -np.inf])) <= rules.highest)


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
