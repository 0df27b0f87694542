"""A family's description of its tasks, and the distribution over them that environments hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from . import splits as _splits
from . import tasks as _tasks
from .bank import Bank, BankSource
from .mutation import fewest, step
from .tasks import Task

_MAX_REJECTIONS = 10_000
_MAX_STEPS = 1_000  # attempts from one task before the family must write mutate_task
_AS_MANY = 10  # attempts before half as many of a task's numbers move


class TaskFamily:
    """The methods by which a family describes its tasks, with their defaults.

    A family writes `draw_task` and, where it holds tasks out, `in_split`; finite families also
    write `all_tasks`. Every environment has a `TaskDistribution` in `distribution`, which calls
    these methods.
    """

    splits: tuple[str, ...] = ("all",)
    # Keys of the task that the first observation shows, or (key, slice) where it shows some of the
    # numbers of one.
    start_shows: tuple[str | tuple[str, slice], ...] = ()
    # Names of the values of Discrete parts of a task, from 0 on, by key: what tables are made by.
    task_labels: Mapping[str, Sequence[str]] = {}
    # What the numbers of Discrete parts of a task stand for, by key: row n of an int table
    # [values, parts] is what number n is made of, each part counted from 0.
    problem_parts: Mapping[str, np.ndarray] = {}
    # Laws that cannot hold, by name, and why: `check_task_distribution` says so and goes on.
    unkept_laws: Mapping[str, str] = {}
    exploration_episodes: int = 0  # at a trial's start, which do not count: see `evaluate`
    distribution: TaskDistribution
    split: str

    @abstractmethod
    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one task from the whole distribution (all splits but `"ood"`), using `rng`."""

    def in_split(self, task: Task) -> bool:
        """Tell whether a task belongs to `self.split` (never asked of `"all"`)."""
        return True

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return every task of a finite family, in a fixed order; None if there are too many."""
        return None

    def own_task(self, row: int) -> Task | None:
        """Return the task that an unpinned row always plays; None where each trial draws one."""
        return None

    def normalised(self, task: Task, returns: np.ndarray) -> np.ndarray | None:
        """Return returns [...] on a scale on which tasks can be compared; None if there is none."""
        return None

    def check_task(self, task: Task) -> None:
        """Raise ValueError if a task inside the bounds is still not one; called by `set_task`."""

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        """Return the task of a trial's next episode; written by families whose tasks change.

        A pin holds for the first episode of a trial; later episodes use what this returns.

        Args:
            task: A copy of the current task.
            episode: How many episodes of the trial have begun: 1 before the second.
            rng: The row's episode stream, so that a replay changes tasks in the same way.
        """
        return task

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a task of the split slightly different from `task`, e.g. to evolve tasks.

        By default Boxes take a Gaussian step, integers move by 1, Discrete keys are redrawn, and
        finite families draw one of their tasks; `check_task` has accepted the result.

        Args:
            task: The task to start from; not changed.
            rng: Source of the step's randomness.

        Raises:
            RuntimeError: If the family refuses every step; it must then write `mutate_task`.
        """
        return self.distribution.step_task(task, rng)

    def check_bank(self, bank: Bank) -> None:
        """Raise ValueError if a bank does not fit; written by families whose tasks index a bank.

        Raises:
            ValueError: Always, in this default: the family reads no bank.
        """
        name = type(self).__name__
        raise ValueError(f"{name} reads no bank of networks; only families with check_bank do")

    # ---- what every environment shows -----------------------------------------------------------

    @property
    def tasks_in_split(self) -> tuple[Task, ...] | None:
        """The tasks of the split of a finite family, in a fixed order; None if it is not finite."""
        return self.distribution.members()

    @property
    def bank(self) -> Bank | None:
        """The networks that tasks refer to by index; None where there are none."""
        return self.distribution.bank

    def set_bank(self, bank: BankSource) -> None:
        """Replace the networks that tasks refer to, from the next step on.

        Args:
            bank: A `Bank`, or its source: a safetensors file or arrays by name.

        Raises:
            OSError: If a file cannot be read.
            TypeError: If it is something else.
            ValueError: If it is not a bank, does not fit, or the family reads none.
        """
        self.distribution.set_bank(bank)

    def _declare(self, task_space: spaces.Dict, split: str | None) -> None:
        self._hold(TaskDistribution(self, task_space, split))

    def _hold(self, distribution: TaskDistribution) -> None:
        self.distribution = distribution
        self.split = distribution.split


class TaskDistribution:
    """The tasks of a family that an environment plays: those of one split of one support.

    Environments of the same kind share one, since it holds no episode state.

    Args:
        family: The family, whose methods define the tasks.
        task_space: The space of tasks (the support).
        split: Which tasks to draw; None is `"train"` where there is one, else `"all"`.

    Raises:
        TypeError: If the support is not a flat Dict, or holds spaces that tasks cannot have.
        ValueError: If one of its Boxes is not float64, or the split is unknown.
    """

    def __init__(self, family: TaskFamily, task_space: spaces.Dict, split: str | None):
        _tasks.check_task_space(task_space)
        self.family = family
        self.space = task_space
        self.split = _splits.resolve(split, family.splits, type(family).__name__)
        self.bank: Bank | None = None

    @property
    def owns(self) -> bool:
        """Whether rows have tasks of their own: whether the family has an `own_task`."""
        return type(self.family).own_task is not TaskFamily.own_task

    @property
    def changes(self) -> bool:
        """Whether tasks change within trials: whether the family has a `next_task`."""
        return type(self.family).next_task is not TaskFamily.next_task

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one task of the split by rejection sampling.

        Raises:
            RuntimeError: If no draw is in the split.
        """
        every, draw, in_split = self.split == "all", self.family.draw_task, self.family.in_split
        for _ in range(_MAX_REJECTIONS):
            task = draw(rng)
            if every or in_split(task):
                return task
        raise RuntimeError(
            f"{type(self.family).__name__}: {_MAX_REJECTIONS} draws gave no task of split "
            f"{self.split!r}; draw_task and in_split disagree"
        )

    def in_split(self, task: Task) -> bool:
        """Tell whether a task belongs to the split."""
        return self.split == "all" or self.family.in_split(task)

    def members(self) -> tuple[Task, ...] | None:
        """Return the tasks of the split of a finite family, in a fixed order; else None."""
        members = self.family.all_tasks()
        if members is None:
            return None
        tasks = (_tasks.as_task(self.space, member) for member in members)
        return tuple(task for task in tasks if self.in_split(task))

    def checked(self, task: Any) -> Task:
        """Cast a task to arrays of the support's types, or refuse it.

        Raises:
            TypeError: If it is of the wrong type.
            ValueError: If it is out of range, or the family refuses it.
        """
        checked = _tasks.as_task(self.space, task)
        self.family.check_task(checked)
        return checked

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> Task:
        """Return the task of the next episode of a trial, checked.

        Args:
            task: A copy of the current task.
            episode: How many episodes of the trial have begun.
            rng: The row's episode stream.

        Raises:
            RuntimeError: If the family returns something that is not a task.
        """
        return self._own("next_task", self.family.next_task(task, episode, rng))

    def mutate_task(self, task: Any, rng: np.random.Generator) -> Task:
        """Return a task near `task` from the family's `mutate_task`, checked.

        Raises:
            RuntimeError: If the family returns something that is not a task.
            TypeError: If `task` is of the wrong type.
            ValueError: If `task` is out of range, or the family refuses it.
        """
        return self._own("mutate_task", self.family.mutate_task(self.checked(task), rng))

    def step_task(
        self,
        task: Any,
        rng: np.random.Generator,
        adjust: Callable[[Task], dict[str, Any]] | None = None,
    ) -> Task:
        """Take a random step from a task; where steps are refused, fewer of its numbers move.

        Args:
            task: The task to start from; not changed.
            rng: Source of the step's randomness.
            adjust: Turns values within the bounds into a valid task, e.g. by scaling
                probabilities so that they sum to 1.

        Raises:
            RuntimeError: If the family refuses every step.
            TypeError: If `task` is of the wrong type.
            ValueError: If `task` is out of range, or the family refuses it.
        """
        start, members = self.checked(task), self.members()
        if members is not None:
            return _tasks.copied(members[rng.integers(len(members))])
        refused: ValueError | str = f"not another task of split {self.split!r}"
        least = fewest(self.space)
        for tried in range(_MAX_STEPS):
            moved = step(self.space, start, max(0.5 ** (tried // _AS_MANY), least), rng)
            try:
                taken = self.checked(moved if adjust is None else adjust(moved))
            except ValueError as reason:
                refused = reason
            else:
                if self.in_split(taken) and not _tasks.equal(start, taken):
                    return taken
        raise RuntimeError(
            f"{type(self.family).__name__}: {_MAX_STEPS} steps from a task gave no other one (the "
            f"last refusal: {refused}); write a mutate_task(task, rng)"
        )

    def set_bank(self, bank: BankSource) -> None:
        """Install a bank once the family has accepted it; see `TaskFamily.set_bank`."""
        made = bank if isinstance(bank, Bank) else Bank(bank)
        self.family.check_bank(made)
        self.bank = made

    def _own(self, method: str, task: Any) -> Task:
        try:
            return self.checked(task)
        except (TypeError, ValueError) as reason:
            name = type(self.family).__name__
            raise RuntimeError(f"{name}.{method} returned no valid task: {reason}") from reason
