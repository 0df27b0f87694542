"""Draws from the experience of many tasks. M tasks, C transitions kept per task, B tasks drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .replay_state import Arrays
from .transition_store import TransitionStore

_FEWEST = 0.4  # smallest fraction of transitions that `draw_parts` keeps, on average


class TaskReplay(TransitionStore):
    """A `TransitionStore` from which transitions, whole trials and parts of them are drawn."""

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

    def draw_windows(self, tasks: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
        """Draw consecutive transitions of each of `tasks`, and return where they are.

        Args:
            tasks: Indices [...], which may repeat.
            length: Transitions of a window, n.
            rng: Generator to draw with.

        Returns:
            Places as `take` reads them, int64 [..., n]. They may cross ends of episodes.

        Raises:
            ValueError: If a task has fewer.
        """
        short = self.size[tasks] < length
        if short.any():
            raise ValueError(
                f"tasks {np.unique(tasks[short]).tolist()} have fewer than {length} transitions"
            )
        first = np.maximum(self.written - self.capacity, 0)[tasks]
        start = first + rng.integers(self.size[tasks] - length + 1)
        where = (start[..., None] + np.arange(length)) % self.capacity
        return tasks[..., None] * self.capacity + where

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
