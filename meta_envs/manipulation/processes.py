"""Rows played by Meta-World's own environments in processes. N rows, R of them, P processes."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from .originals import INFOS, OBSERVATION, OriginalRows, Outcome


class ProcessRows:
    """The rows of `OriginalRows`, shared out between processes.

    Processes are spawned, so that nothing of this one is in them: a script that makes such rows has
    its main part under `if __name__ == "__main__":`.

    Args:
        num_rows: N.
        reward_version: `"v2"` or `"v1"`.
        processes: P; None is one for each CPU.

    Raises:
        ValueError: If `processes` is below 1.
    """

    def __init__(self, num_rows: int, reward_version: str, processes: int | None):
        if processes is not None and (int(processes) != processes or processes < 1):
            raise ValueError(f"threads={processes!r} must be an integer of at least 1")
        cpus = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
        count = min(int(processes or len(cpus)), num_rows)
        context = multiprocessing.get_context("spawn")
        self.rows = np.zeros(0, dtype=np.int64)
        self._owner = np.arange(num_rows) % count
        self._pipes: list[Any] = []
        self._processes: list[Any] = []
        for _ in range(count):
            mine, other = context.Pipe()
            process = context.Process(
                target=_serve, args=(other, num_rows, reward_version), daemon=True
            )
            process.start()
            other.close()
            self._pipes.append(mine)
            self._processes.append(process)

    def begin(self, rows: np.ndarray, names: Sequence[str], goals: np.ndarray) -> np.ndarray:
        """Begin an episode in each of `rows` and return the first observations [R, 39]."""
        observations = np.empty((len(rows), OBSERVATION))
        places = self._places(rows)
        orders = {
            worker: ("begin", rows[mine], [names[one] for one in mine], goals[mine])
            for worker, mine in places.items()
        }
        for worker, seen in self._ask(orders).items():
            observations[places[worker]] = seen
        self.rows = np.union1d(self.rows, rows).astype(np.int64)
        return observations

    def leave(self, rows: np.ndarray) -> None:
        """Play these rows, those of them that are played, no more."""
        rows = np.intersect1d(rows, self.rows)
        places = self._places(rows)
        self._ask({worker: ("leave", rows[mine]) for worker, mine in places.items()})
        self.rows = np.setdiff1d(self.rows, rows)

    def step(self, actions: np.ndarray) -> Outcome:
        """Step the rows that are played, in the order of `self.rows`."""
        count = len(self.rows)
        observations, rewards = np.empty((count, OBSERVATION)), np.empty(count)
        infos = np.empty((len(INFOS), count))
        places = self._places(self.rows)
        orders = {worker: ("step", actions[mine]) for worker, mine in places.items()}
        for worker, (seen, paid, told) in self._ask(orders).items():
            mine = places[worker]
            observations[mine], rewards[mine], infos[:, mine] = seen, paid, told
        return observations, rewards, infos

    def physics_state(self, row: int) -> np.ndarray:
        """Return MuJoCo's state of a row."""
        owner = int(self._owner[row])
        return self._ask({owner: ("physics_state", row)})[owner]

    def close(self) -> None:
        """Stop the processes."""
        for pipe in self._pipes:
            try:
                pipe.send(None)
            except (BrokenPipeError, OSError):  # it has ended by itself
                pass
        for process in self._processes:
            process.join()
        self._pipes, self._processes = [], []

    def _places(self, rows: np.ndarray) -> dict[int, np.ndarray]:
        owners = self._owner[rows]
        return {int(one): np.flatnonzero(owners == one) for one in np.unique(owners)}

    def _ask(self, orders: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        """Give each process its order and wait for all of them.

        Raises:
            RuntimeError: If one failed; with what it said.
        """
        for worker, order in orders.items():
            self._pipes[worker].send(order)
        answers = {}
        for worker in orders:
            try:
                done, answer = self._pipes[worker].recv()
            except EOFError:
                raise RuntimeError(
                    "a process with Meta-World's rows has ended; a script that uses rows='async' "
                    "has its main part under if __name__ == '__main__':"
                ) from None
            if not done:
                raise RuntimeError(f"a process with Meta-World's rows failed:\n{answer}")
            answers[worker] = answer
        return answers


def _serve(pipe: Any, num_rows: int, reward_version: str) -> None:
    """Answer orders until there is none."""
    rows = OriginalRows(num_rows, reward_version)
    while True:
        try:
            order = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        if order is None:
            return
        try:
            pipe.send((True, getattr(rows, order[0])(*order[1:])))
        except Exception:
            pipe.send((False, traceback.format_exc()))
