"""Transitions of many tasks as they are written and kept. M tasks, C transitions kept per task.

Each task has its own ring buffer. The *recent part* of a task was written with `recent=True` since
`clear_recent`; a whole trial can be sampled while all of its transitions are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch

from meta_envs.core.memory import refuse_beyond_memory

from .replay_state import Bounds, Overwritten, check_bounds, packed

Shapes = Mapping[str, tuple[int, ...]]


class TransitionStore:
    """Transitions by task, written and kept; each field is float32 or uint8 [M, C, ...].

    Memory is taken up as it is filled, but all of it must be available from the start.

    Args:
        num_tasks: M.
        capacity: C.
        fields: Shape of each field of one transition, by name.
        of_bytes: Names of the fields that are uint8.

    Raises:
        MemoryError: If the machine lacks the memory; says how much is needed.
        ValueError: If a number is below 1.
    """

    def __init__(
        self, num_tasks: int, capacity: int, fields: Shapes, of_bytes: Collection[str] = ()
    ):
        if num_tasks < 1 or capacity < 1:
            raise ValueError(f"num_tasks={num_tasks} and capacity={capacity} must be at least 1")
        sizes = {name: 1 if name in of_bytes else 4 for name in fields}
        numbers = {name: int(np.prod(shape)) for name, shape in fields.items()}
        each = num_tasks * sum(sizes[name] * count for name, count in numbers.items())
        what = f"capacity={capacity} transitions of each of {num_tasks} tasks"
        refuse_beyond_memory(capacity, each, what)
        self.num_tasks, self.capacity = num_tasks, capacity
        self.arrays = {
            name: np.zeros(
                (num_tasks, capacity, *shape), np.uint8 if name in of_bytes else np.float32
            )
            for name, shape in fields.items()
        }
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.written = np.zeros(self.num_tasks, dtype=np.int64)  # ever, by task
        self._recent = np.zeros((self.num_tasks, 2), dtype=np.int64)  # its first, past its last
        self._trials: list[list[tuple[int, int]]] = [[] for _ in range(self.num_tasks)]
        self._marked: Bounds | None = None
        self._overwritten: list[Overwritten] = []  # since the mark

    @property
    def size(self) -> np.ndarray:
        """Transitions kept of each task, int64 [M]."""
        return np.minimum(self.written, self.capacity)

    @property
    def recent_size(self) -> np.ndarray:
        """Transitions of each task's recent part that are still kept, int64 [M]."""
        first = np.maximum(self._recent[:, 0], self.written - self.capacity)
        return np.maximum(self._recent[:, 1] - first, 0)

    def add(
        self, task: int, transitions: Mapping[str, np.ndarray], *, recent: bool, trial: bool = False
    ) -> None:
        """Write transitions of one task, in the order they were played.

        Args:
            task: Index of the task.
            transitions: All fields, [n, ...].
            recent: Whether they belong to the recent part.
            trial: Whether they are one whole trial.

        Raises:
            ValueError: If fields are missing, or recent transitions follow others.
        """
        if transitions.keys() != self.arrays.keys():
            raise ValueError(f"fields {sorted(transitions)} were given, not {sorted(self.arrays)}")
        start, count = int(self.written[task]), len(next(iter(transitions.values())))
        if recent:
            self._extend_recent(task, start, count)
        kept = np.arange(max(count - self.capacity, 0), count)
        where = (start + kept) % self.capacity
        if self._marked is not None:
            before = {name: array[task, where] for name, array in self.arrays.items()}
            self._overwritten.append((task, where, before))
        for name, values in transitions.items():
            self.arrays[name][task, where] = values[kept]
        self.written[task] = start + count
        oldest = self.written[task] - self.capacity
        trials = self._trials[task]
        if trial and count:
            trials.append((start, start + count))
        while trials and trials[0][0] < oldest:
            trials.pop(0)

    def clear_recent(self, tasks: Sequence[int] | np.ndarray) -> None:
        """Empty the recent part of `tasks`; the transitions are kept."""
        self._recent[tasks] = self.written[tasks][..., None]

    def mark(self) -> None:
        """Remember the present content for `marked_state`, without copying transitions.

        From here on `add` keeps what it overwrites, until the next mark.
        """
        trials = [list(one) for one in self._trials]
        self._marked = self.written.copy(), self._recent.copy(), trials
        self._overwritten = []

    def get_state(self) -> dict[str, torch.Tensor]:
        """Return copies of all content, for a checkpoint."""
        return packed(self.arrays, (self.written, self._recent, self._trials), [])

    def marked_state(self) -> dict[str, torch.Tensor]:
        """Return what `get_state` would have returned at the last `mark`."""
        if self._marked is None:
            return self.get_state()
        return packed(self.arrays, self._marked, self._overwritten)

    def set_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what `get_state` returned.

        Raises:
            ValueError: If it does not fit this buffer.
        """
        wanted = {f"field.{name}" for name in self.arrays} | {"written", "recent", "trials"}
        if state.keys() != wanted or len(state["written"]) != self.num_tasks:
            raise ValueError(
                f"the saved replay buffer has {sorted(state)} of {len(state.get('written', ()))} "
                f"tasks; this one has {sorted(wanted)} of {self.num_tasks}"
            )
        for name, array in self.arrays.items():
            part = state[f"field.{name}"].numpy()
            if part.shape[1] > self.capacity or part.shape[2:] != array.shape[2:]:
                raise ValueError(
                    f"the saved {name} is {part.shape}, which does not fit into {array.shape}"
                )
            array[:, : part.shape[1]] = part
        check_bounds(state, self.num_tasks, self.capacity)
        self.written = state["written"].numpy().copy()
        self._recent = state["recent"].numpy().copy()
        self._trials = [[] for _ in range(self.num_tasks)]
        for task, start, end in state["trials"].tolist():
            self._trials[task].append((start, end))
        self._marked, self._overwritten = None, []

    def _extend_recent(self, task: int, start: int, count: int) -> None:
        first, last = self._recent[task]
        if last != start and last > first:
            raise ValueError(
                f"task {task}: recent transitions cannot follow on others; write the recent ones "
                "first, or call clear_recent"
            )
        self._recent[task] = (first if last > first else start, start + count)
