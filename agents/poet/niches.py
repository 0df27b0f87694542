"""Pairs of a task and an agent, where they are measured, and what happens to them. M pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    recent: tuple[float, ...] = ()  # scores of the newest iterations, where each is measured


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
    """Something that happened: a transfer, an admission, a removal, or a task that is solved."""

    kind: str
    niche: int
    other: int | None = None  # where the agent comes from
    score: float = float("nan")
    tuned: bool = False  # whether a step in the new task came first
    novel: bool | None = None  # of an admission: whether retired agents leave it open; if measured
