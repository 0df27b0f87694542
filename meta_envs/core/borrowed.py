"""Task methods for environments that take their tasks from an inner environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from .bank import Bank
from .distribution import TaskDistribution, TaskFamily
from .tasks import Task


class BorrowedTasks(TaskFamily):
    """Delegates the task methods to the family of an inner environment."""

    def _borrow(self, distribution: TaskDistribution) -> None:
        family = distribution.family
        self.splits, self.start_shows = family.splits, family.start_shows
        self.problem_parts = family.problem_parts
        self.exploration_episodes = family.exploration_episodes
        self.task_labels, self.unkept_laws = family.task_labels, family.unkept_laws
        self._hold(distribution)

    def _declare(self, task_space: spaces.Dict, split: str | None) -> None:
        pass  # `_borrow` has already been called

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a task from the whole distribution."""
        return self.distribution.family.draw_task(rng)

    def in_split(self, task: Task) -> bool:
        """Tell whether a task belongs to the split."""
        return self.distribution.family.in_split(task)

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return every task of a finite family."""
        return self.distribution.family.all_tasks()

    def own_task(self, row: int) -> Task | None:
        """Return the task that an unpinned row always plays; None if each trial draws one."""
        return self.distribution.family.own_task(row)

    def normalised(self, task: Task, returns: np.ndarray) -> np.ndarray | None:
        """Return returns on a scale on which tasks can be compared; None if there is none."""
        return self.distribution.family.normalised(task, returns)

    def check_task(self, task: Task) -> None:
        """Raise ValueError if the family refuses the task."""
        self.distribution.family.check_task(task)

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        """Return the task of the next episode of a trial."""
        return self.distribution.family.next_task(task, episode, rng)

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a task slightly different from `task`."""
        return self.distribution.family.mutate_task(task, rng)

    def check_bank(self, bank: Bank) -> None:
        """Raise ValueError if the family refuses the bank."""
        self.distribution.family.check_bank(bank)
