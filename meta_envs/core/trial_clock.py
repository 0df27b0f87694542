"""Which task each row is in: pins, trials, and the task stream. N rows; R of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import rng as _rng
from . import tasks as _tasks
from .arguments import positive
from .distribution import TaskDistribution
from .tasks import Tasks


class TrialClock:
    """Decides at every reset whether a trial starts, and with which task.

    Args:
        num_rows: N.
        distribution: Draws tasks, and changes them within trials.
        episodes_per_trial: Episodes that share a task, K.
    """

    def __init__(
        self,
        num_rows: int,
        distribution: TaskDistribution,
        episodes_per_trial: int,
    ):
        self.episodes_per_trial = positive("episodes_per_trial", episodes_per_trial)
        self.distribution = distribution
        self._changes, self._owns = distribution.changes, distribution.owns
        self.episode = np.zeros(num_rows, dtype=np.int64)  # episodes begun since the trial's start
        self._begun = False
        self._tasks = _tasks.empty(distribution.space, num_rows)
        self._pins = _tasks.empty(distribution.space, num_rows)
        self._pinned = np.zeros(num_rows, dtype=bool)
        self._pending = np.zeros(num_rows, dtype=bool)
        self._seeds = [_rng.fresh_seed() for _ in range(num_rows)]
        self._generators: list[np.random.Generator | None] = [None] * num_rows
        self._sampling = _rng.generator(self._seeds[0], _rng.SAMPLING)

    @property
    def tasks(self) -> Tasks | None:
        """The tasks in force, arrays [N, ...]; None before the first reset."""
        if not self._begun:  # once true it stays so, and every step checks it
            self._begun = bool(self.episode.all())
        return self._tasks if self._begun else None

    def seed(self, rows: np.ndarray, seeds: Sequence[int]) -> None:
        """Restart the task streams of `rows`, and with row 0 also `sample`'s own."""
        for row, seed in zip(rows.tolist(), seeds, strict=True):
            self._seeds[row] = int(seed)
            self._generators[row] = None
            if row == 0:
                self._sampling = _rng.generator(int(seed), _rng.SAMPLING)

    def sample(self, seed: int | None = None) -> Callable[[], dict[str, Any]]:
        """Return a function that draws tasks one by one without disturbing play.

        Args:
            seed: Seed of a separate stream; None continues the environment's sampling stream.

        Raises:
            InvalidSeed: If the seed is not an integer, is negative or too large.
        """
        if seed is None:
            rng = self._sampling
        else:
            rng = _rng.generator(_rng.valid_seed(seed), _rng.SAMPLING)
        return lambda: self.distribution.draw(rng)

    def pin(self, tasks: Tasks | None, rows: np.ndarray) -> None:
        """Pin `rows` to tasks [R, ...], or unpin them (None), from their next reset on."""
        self._pending[rows] = True
        self._pinned[rows] = tasks is not None
        if tasks is not None:
            for key, values in tasks.items():
                self._pins[key][rows] = values

    def is_pending(self, rows: np.ndarray | int) -> Any:
        """Tell where a pin (or the end of one) waits for the next reset of `rows`, one or [R]."""
        return self._pending[rows]

    def begin(
        self,
        rows: np.ndarray,
        keep_task: bool | None,
        seeded: np.ndarray,
        episode_stream: Callable[[int], np.random.Generator],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Begin an episode in each of `rows`, with a new trial where one is due.

        Args:
            rows: Indices [R].
            keep_task: The option of that name; None if it was not given.
            seeded: Rows that were given a seed, bool [R].
            episode_stream: Returns a row's episode stream, which task changes draw from.

        Returns:
            Those of `rows` whose trial starts, and those whose task may have changed.
        """
        due = seeded | (self.episode[rows] == 0) | self._pending[rows]
        if keep_task is None:
            due |= self.episode[rows] >= self.episodes_per_trial
        elif not keep_task:
            due[:] = True
        started = rows[due]
        self._pending[started] = False
        self.episode[started] = 0
        self.episode[rows] += 1
        pinned = started[self._pinned[started]]
        for key, values in self._tasks.items():
            values[pinned] = self._pins[key][pinned]
        for row in started[~self._pinned[started]].tolist():
            for key, value in self._new_task(row).items():
                self._tasks[key][row] = value
        if not self._changes:
            return started, started
        for row in rows[~due].tolist():
            self._go_on(row, episode_stream(row))
        return started, rows

    def _new_task(self, row: int) -> dict[str, Any]:
        """Return the task of a new trial of an unpinned row."""
        own = self.distribution.family.own_task(row) if self._owns else None
        if own is not None:
            return own
        rng = self._generators[row]
        if rng is None:
            rng = self._generators[row] = _rng.generator(self._seeds[row], _rng.TASKS)
        return self.distribution.draw(rng)

    def _go_on(self, row: int, rng: np.random.Generator) -> None:
        """Change the task of a row whose trial continues."""
        begun = int(self.episode[row]) - 1  # excluding the one now beginning
        task = self.distribution.next_task(_tasks.at(self._tasks, row), begun, rng)
        for key, value in task.items():
            self._tasks[key][row] = value

    def follow(self, other: TrialClock, row: int) -> None:
        """Take the task of one row of another clock (this clock has one row)."""
        self.episode[0] = other.episode[row]
        for key, values in self._tasks.items():
            values[0] = other._tasks[key][row]
