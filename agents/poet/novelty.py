"""How novel a task is: the mean distance to its nearest neighbours, by genes or by ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .niches import Arena, Niche, Rules, Task


@dataclass(frozen=True)
class Known:
    """What there is and has been."""

    niches: Sequence[Niche]  # the active pairs
    archive: Sequence[Task]  # tasks of all pairs that there have been
    retired: Sequence[Niche]  # pairs that have left, where they are kept


class Novelty(Protocol):
    """How novel tasks are."""

    def __call__(
        self, children: Sequence[Task], known: Known, arena: Arena, rules: Rules
    ) -> list[float]:
        """Return how novel each child is; higher is more so."""


@dataclass(frozen=True)
class GeneDistance:
    """Tasks differ by their features, `Arena.features`.

    Source:
        Wang et al. 2019, section 3.3.
    """

    def __call__(
        self, children: Sequence[Task], known: Known, arena: Arena, rules: Rules
    ) -> list[float]:
        """Return the mean distance of each child to its nearest neighbours in the archive."""
        points = [arena.features(task) for task in known.archive]
        return [mean_distance(arena.features(one), points, rules.neighbours) for one in children]


@dataclass(frozen=True)
class RankDistance:
    """Tasks differ by how they rank agents (PATA-EC), whatever the tasks are made of.

    All agents, active and retired, are measured in a task; scores are cut to the minimal criterion,
    so that differences between the hopeless, and between the trivial, do not count; what is left
    are ranks from -0.5 to 0.5.

    Source:
        Wang et al. 2020, section 4.1. In the release, equal scores have ranks in an arbitrary
        order; here they share one.
    """

    def __call__(
        self, children: Sequence[Task], known: Known, arena: Arena, rules: Rules
    ) -> list[float]:
        """Return the mean distance of each child to its nearest neighbours that have agents."""
        pairs = [*known.retired, *known.niches]
        centers = [one.state["center"] for one in pairs]
        tasks = [*(one.task for one in pairs), *children]
        scores = arena.score(centers * len(tasks), [task for task in tasks for _ in centers])
        points = list(ranks(scores.reshape(len(tasks), len(pairs)), rules.lowest, rules.highest))
        before = points[: len(pairs)]
        return [mean_distance(one, before, rules.neighbours) for one in points[len(pairs) :]]


def ranks(scores: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """Return centred ranks of agents in each task, [E, A], from -0.5 to 0.5.

    Args:
        scores: Of A agents in E tasks, [E, A]; NaN counts as the lowest.
        lowest: Scores below count as this.
        highest: Scores above count as this.
    """
    from scipy.stats import rankdata  # over a second that making an agent need not wait

    cut = np.clip(np.where(np.isnan(scores), lowest, scores), lowest, highest)
    return (rankdata(cut, axis=1) - 1) / max(cut.shape[1] - 1, 1) - 0.5


def mean_distance(features: np.ndarray, archive: Sequence[np.ndarray], neighbours: int) -> float:
    """Return the mean distance of a task to its nearest neighbours in the archive.

    Args:
        features: Of the task, [F].
        archive: Of all tasks there have been.
        neighbours: How many count; all, if there are fewer.
    """
    distances = np.sort([float(np.linalg.norm(features - one)) for one in archive])
    return float(distances[:neighbours].mean()) if len(distances) else float("inf")
