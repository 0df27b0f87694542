"""Threads that step rows outside the GIL, for every family of bodies."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..core.arguments import whole

_MOST_THREADS = 1024


def thread_count(threads: int | None) -> int:
    """Return how many threads step rows: as many as asked for, else one for each CPU.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """
    if threads is not None:
        return whole("threads", threads, 1, _MOST_THREADS)
    return len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0))


class Pool:
    """Threads that work together with the one that asks.

    They are made when they are first needed. Neither a forked child nor a copy has threads of the
    original, so each of these makes its own.

    Args:
        threads: How many, the asking one included; None is one for each CPU.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """

    def __init__(self, threads: int | None):
        self.threads = thread_count(threads)
        self._others: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads they are

    def run(self, work: Callable[[int], None], threads: int) -> None:
        """Call `work(i)` for each i below `threads`, all at once, and wait for all of them.

        Args:
            work: `work(0)` runs in the asking thread.
            threads: At most those of the pool.
        """
        if threads > 1 and (self._others is None or self._process != os.getpid()):
            self._process = os.getpid()
            self._others = ThreadPoolExecutor(self.threads - 1, "rows")
        others = [
            self._others.submit(work, thread)
            for thread in range(1, threads)
            if self._others is not None
        ]
        work(0)
        for one in others:
            one.result()

    def close(self) -> None:
        """Stop the threads; further work makes new ones."""
        if self._others is not None and self._process == os.getpid():
            self._others.shutdown()
        self._others = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy takes over: how many threads, and no thread."""
        return {"threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without threads."""
        self.threads, self._others, self._process = state["threads"], None, 0
