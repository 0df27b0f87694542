"""Rows played by Meta-World's own environments in processes. N rows, R some, P processes."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..physics.pool import thread_count
from .originals import INFOS, OBSERVATION, OriginalRows, Outcome


class ProcessRows:
    """The rows of `OriginalRows`, distributed over processes.

    Processes are spawned and inherit nothing from this one: a script that makes such rows needs
    its main part under `if __name__ == "__main__":`.

    Args:
        num_rows: N.
        reward_version: `"v2"` or `"v1"`.
        processes: P; None: one per CPU.

    Raises:
        ValueError: If `processes` is not an integer from 1 to 1024.
    """

    def __init__(self, num_rows: int, reward_version: str, processes: int | None):
        self._num_rows, self._version = num_rows, reward_version
        self._start(min(thread_count(processes), num_rows))

    def _start(self, count: int) -> None:
        """Start `count` processes, which play no rows yet."""
        context = multiprocessing.get_context("spawn")
        self.rows = np.zeros(0, dtype=np.int64)
        self._owner = np.arange(self._num_rows) % count
        self._parent = os.getpid()
        self._pipes: list[Any] = []
        self._processes: list[Any] = []
        for _ in range(count):
            mine, other = context.Pipe()
            process = context.Process(
                target=_serve, args=(other, self._num_rows, self._version), daemon=True
            )
            process.start()
            other.close()
            self._pipes.append(mine)
            self._processes.append(process)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: the rows' episodes, for processes of its own."""
        episodes: dict[int, Any] = {}
        for mine in self._ask(dict.fromkeys(range(len(self._pipes)), ("episodes",))).values():
            episodes.update(mine)
        sizes = {"num_rows": self._num_rows, "count": len(self._pipes)}
        return {**sizes, "version": self._version, "episodes": episodes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore that state."""
        self._num_rows, self._version = state["num_rows"], state["version"]
        self._start(state["count"])
        self.rows = np.array(sorted(state["episodes"]), dtype=np.int64)
        orders = {
            worker: ("go_on", {int(row): state["episodes"][int(row)] for row in self.rows[mine]})
            for worker, mine in self._places(self.rows).items()
        }
        self._ask(orders)

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
        """Stop playing these rows; those that are not being played are ignored."""
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
        """Stop the processes; a forked child leaves them to its parent."""
        if self._parent != os.getpid():
            self._pipes, self._processes = [], []
        for pipe in self._pipes:
            try:
                pipe.send(None)
            except (BrokenPipeError, OSError):  # it has already ended
                pass
        for process in self._processes:
            process.join()
        self._pipes, self._processes = [], []

    def _places(self, rows: np.ndarray) -> dict[int, np.ndarray]:
        owners = self._owner[rows]
        return {int(one): np.flatnonzero(owners == one) for one in np.unique(owners)}

    def _ask(self, orders: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        """Send each process its command and wait for all of them.

        Raises:
            RuntimeError: If one failed, with its message; or if this is a forked child.
        """
        if self._parent != os.getpid():
            raise RuntimeError(
                "the processes of rows='async' belong to the process that made them, and this is a "
                "forked child of it; make such an environment in the child"
            )
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
    """Answer commands until the last one."""
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
