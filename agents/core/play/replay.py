"""Experience of many tasks, one array per field. M tasks, C transitions kept per task, B sampled.

Each task has its own ring buffer. The *recent part* of a task was written with `recent=True` since
`clear_recent`; a whole trial can be sampled while all of its transitions are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from meta_envs.core.memory import refuse_beyond_memory

from .replay_state import Arrays, Bounds, Overwritten, check_bounds, packed

Shapes = Mapping[str, tuple[int, ...]]
_FEWEST = 0.4  # smallest fraction of transitions that `draw_parts` keeps, on average


class TaskReplay:
    """Transitions by task; each field is float32 [M, C, ...].

    Memory is taken up as it is filled, but all of it must be available from the start.

    Args:
        num_tasks: M.
        capacity: C.
        fields: Shape of each field of one transition, by name.

    Raises:
        MemoryError: If the machine lacks the memory; says how much is needed.
        ValueError: If a number is below 1.
    """

    def __init__(self, num_tasks: int, capacity: int, fields: Shapes):
        if num_tasks < 1 or capacity < 1:
            raise ValueError(f"num_tasks={num_tasks} and capacity={capacity} must be at least 1")
        each = 4 * num_tasks * sum(int(np.prod(shape)) for shape in fields.values())
        what = f"capacity={capacity} transitions of each of {num_tasks} tasks"
        refuse_beyond_memory(capacity, each, what)
        self.num_tasks, self.capacity = num_tasks, capacity
        self.arrays = {
            name: np.zeros((num_tasks, capacity, *shape), dtype=np.float32)
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

    def sample(
        self,
        tasks: np.ndarray,
        count: int,
        rng: np.random.Generator,
        names: Iterable[str] | None = None,
    ) -> Arrays:
        """Draw transitions of each of `tasks` with replacement.

        Args:
            tasks: Indices [B], which may repeat.
            count: Transitions of each task, n.
            rng: Generator to draw with.
            names: Names of the wanted fields; None takes all.

        Returns:
            Fields [B, n, ...].

        Raises:
            ValueError: If a task has none.
        """
        if (self.size[tasks] < 1).any():
            raise ValueError(f"there are no transitions of tasks {_none(tasks, self.size)}")
        first = np.maximum(self.written - self.capacity, 0)
        return self.take(self._draw(tasks, first, self.size, count, rng), names)

    def sample_recent(
        self,
        tasks: np.ndarray,
        count: int,
        rng: np.random.Generator,
        names: Iterable[str] | None = None,
    ) -> Arrays:
        """Draw from the recent parts, as `sample` does from all transitions.

        Raises:
            ValueError: If the recent part of a task is empty.
        """
        return self.take(self.draw_recent(tasks, count, rng), names)

    def draw_recent(self, tasks: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw as `sample_recent` does, and return where the transitions are, int64 [B, n].

        Raises:
            ValueError: If the recent part of a task is empty.
        """
        size = self.recent_size
        if (size[tasks] < 1).any():
            raise ValueError(f"there are no recent transitions of tasks {_none(tasks, size)}")
        return self._draw(tasks, self._recent[:, 1] - size, size, count, rng)

    def take(self, places: np.ndarray, names: Iterable[str] | None = None) -> Arrays:
        """Return the transitions at places that were drawn, fields [*places.shape, ...]."""
        chosen = self.arrays if names is None else names
        return {
            name: self.arrays[name].reshape(-1, *self.arrays[name].shape[2:])[places]
            for name in chosen
        }

    def num_trials(self) -> np.ndarray:
        """Return how many whole trials are kept of each task, int64 [M]."""
        return np.array([len(trials) for trials in self._trials])

    def sample_trials(
        self, tasks: np.ndarray, rng: np.random.Generator
    ) -> tuple[Arrays, np.ndarray]:
        """Draw one whole trial of each of `tasks`.

        Returns:
            Fields [T, len(tasks), ...], time-major, and the mask float32 [T, len(tasks)], 0 where a
            shorter trial is padded.

        Raises:
            ValueError: If a task has no whole trial.
        """
        start, end = self._draw_trials(tasks, rng)
        time = np.arange(int((end - start).max()))[:, None]
        mask = time < end - start
        where = (np.where(mask, start + time, start)) % self.capacity
        fields = {
            name: array[tasks, where] * mask.reshape(mask.shape + (1,) * (array.ndim - 2))
            for name, array in self.arrays.items()
        }
        return fields, mask.astype(np.float32)

    def draw_beginnings(
        self,
        tasks: np.ndarray,
        shortest: float,
        rng: np.random.Generator,
        rewarded: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw a whole trial of each of `tasks`, and a number of its first transitions to keep.

        Args:
            tasks: Indices [B].
            shortest: Least part of a trial, in (0, 1]; the number is uniform from there on.
            rng: Generator to draw with.
            rewarded: Field with one number per transition: draw only trials where it is somewhere
                not 0, and only beginnings with such a transition. Ignored for a task without any.

        Returns:
            Places for `take`, int64 [B, n], and a mask, float32 [B, n], 0 where a shorter one is
            padded.

        Raises:
            ValueError: If a task has no whole trial.
        """
        if rewarded is None:
            start, end = self._draw_trials(tasks, rng)
            until = np.zeros_like(start)
        else:
            start, end, until = self._draw_rewarded(tasks, rng, self.arrays[rewarded])
        least = np.maximum(np.ceil(shortest * (end - start)).astype(np.int64), until)
        count = rng.integers(least, end - start + 1)
        time = np.arange(count.max())
        mask = time < count[:, None]
        where = np.where(mask, start[:, None] + time, start[:, None]) % self.capacity
        return tasks[:, None] * self.capacity + where, mask.astype(np.float32)

    def draw_parts(
        self, tasks: np.ndarray, shortest: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw as `draw_beginnings` does, but with more variety from the same transitions.

        Half of the draws begin anywhere in the task's kept transitions, and half of the draws
        leave transitions out: each stays with the same probability, itself drawn from [.4, 1].
        Arguments, places [B, n], mask [B, n] and errors are those of `draw_beginnings`. Our own.
        """
        places, mask = self.draw_beginnings(tasks, shortest, rng)
        chance = rng.random((3, len(tasks)))
        spare = self.size[tasks] - mask.sum(axis=1).astype(np.int64)
        first = np.maximum(self.written - self.capacity, 0)[tasks]
        first += (chance[0] * (spare + 1)).astype(np.int64)
        stretch = first[:, None] + np.arange(mask.shape[1]) * (mask > 0)
        stretch = tasks[:, None] * self.capacity + stretch % self.capacity
        places = np.where(chance[1, :, None] < 0.5, stretch, places)
        stays = np.where(chance[2] < 0.5, 1.0, _FEWEST + (1.0 - _FEWEST) * rng.random(len(tasks)))
        kept = rng.random(mask.shape) < stays[:, None]
        kept[:, 0] = True  # never leave a draw empty
        return places, mask * kept.astype(np.float32)

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

    def _draw_trials(
        self, tasks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where a whole trial of each of `tasks` begins and ends, [B] each."""
        if without := [int(task) for task in tasks if not self._trials[task]]:
            raise ValueError(f"no whole trial is kept of tasks {without}")
        picked = [self._trials[task][int(rng.integers(len(self._trials[task])))] for task in tasks]
        start, end = np.array(picked).T
        return start, end

    def _draw_rewarded(
        self, tasks: np.ndarray, rng: np.random.Generator, rewards: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Draw as `_draw_trials` does, and count transitions up to the first reward, [B]."""
        starts, ends = self._draw_trials(tasks, rng)  # kept for tasks without rewards
        until = np.zeros_like(starts)
        oldest = self.written - self.size
        for index, task in enumerate(tasks):
            trials, where = np.array(self._trials[task]), np.flatnonzero(rewards[task])
            times = np.sort(oldest[task] + (where - oldest[task]) % self.capacity)
            following = np.searchsorted(times, trials)  # rewards before each start and end
            with_some = np.flatnonzero(following[:, 0] < following[:, 1])
            if len(with_some):
                picked = with_some[rng.integers(len(with_some))]
                starts[index], ends[index] = trials[picked]
                until[index] = times[following[picked, 0]] + 1 - starts[index]
        return starts, ends, until

    def _extend_recent(self, task: int, start: int, count: int) -> None:
        first, last = self._recent[task]
        if last != start and last > first:
            raise ValueError(
                f"task {task}: recent transitions cannot follow on others; write the recent ones "
                "first, or call clear_recent"
            )
        self._recent[task] = (first if last > first else start, start + count)

    def _draw(
        self,
        tasks: np.ndarray,
        first: np.ndarray,
        size: np.ndarray,
        count: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        offset = (rng.random((len(tasks), count)) * size[tasks][:, None]).astype(np.int64)
        return tasks[:, None] * self.capacity + (first[tasks][:, None] + offset) % self.capacity


def _none(tasks: np.ndarray, size: np.ndarray) -> list[int]:
    return sorted({int(task) for task in tasks if size[task] < 1})
