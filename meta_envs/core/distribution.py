"""What a family says about its tasks, shared by the vector base and the scalar base."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from . import splits as _splits
from . import tasks as _tasks
from .tasks import Task

_MAX_REJECTIONS = 10_000


class TaskDistribution:
    """A support, a distribution over it, and splits.

    A family writes `draw_task` and, where it holds tasks out, `in_split`. Finite families also
    write `all_tasks`.
    """

    splits: tuple[str, ...] = ("all",)
    # Whether the first observation tells tasks apart; the docstring of such a family says why.
    start_belongs_to_task: bool = False
    # Names of the values of Discrete parts of a task, from 0 on, by key: what tables are made by.
    task_labels: Mapping[str, Sequence[str]] = {}
    split: str
    _support: spaces.Dict

    @abstractmethod
    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one task of the whole distribution (all splits but `"ood"`) from `rng`."""

    def in_split(self, task: Task) -> bool:
        """Tell whether a task belongs to `self.split` (never asked of `"all"`)."""
        return True

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return every task of a finite family, in a fixed order; None if there are too many."""
        return None

    def check_task(self, task: Task) -> None:
        """Raise ValueError if a task inside the bounds is still not one; called by `set_task`."""

    @property
    def tasks_in_split(self) -> tuple[Task, ...] | None:
        """The tasks of the split of a finite family, in a fixed order; None if it is not finite."""
        members = self.all_tasks()
        if members is None:
            return None
        tasks = (_tasks.as_task(self._support, member) for member in members)
        return tuple(task for task in tasks if self.split == "all" or self.in_split(task))

    def _declare(self, task_space: spaces.Dict, split: str | None) -> None:
        _tasks.check_task_space(task_space)
        self._support = task_space
        self.split = _splits.resolve(split, self.splits, type(self).__name__)

    def _draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one task of the split, by rejection."""
        for _ in range(_MAX_REJECTIONS):
            task = self.draw_task(rng)
            if self.split == "all" or self.in_split(task):
                return task
        raise RuntimeError(
            f"{type(self).__name__}: {_MAX_REJECTIONS} draws gave no task of split {self.split!r}; "
            "draw_task and in_split disagree"
        )

    def _checked_task(self, task: Any) -> Task:
        checked = _tasks.as_task(self._support, task)
        self.check_task(checked)
        return checked
