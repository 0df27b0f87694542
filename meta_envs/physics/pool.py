"""Threads that step rows outside the GIL, for every family of bodies."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..core.arguments import whole

_MOST_THREADS = 1024


def thread_count(threads: int | None) -> int:
    """Return how many threads step rows: as many as requested, else one per CPU.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """
    if threads is not None:
        return whole("threads", threads, 1, _MOST_THREADS)
    return len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0))


class Pool:
    """Threads that work together with the calling thread.

    They are created when first needed. Neither a forked child nor a copy has the original's
    threads, so each creates its own.

    Args:
        threads: Number of threads, the caller included; None means one per CPU.

    Raises:
        ValueError: If `threads` is not an integer from 1 to 1024.
    """

    def __init__(self, threads: int | None):
        self.threads = thread_count(threads)
        self._others: ThreadPoolExecutor | None = None
        self._process = 0  # id of the process that owns the threads

    def run(self, work: Callable[[int], None], threads: int) -> None:
        """Call `work(i)` for each i below `threads`, all at once, and wait for all of them.

        Args:
            work: Function of the index; `work(0)` runs in the calling thread.
            threads: Number to use, at most the pool's.
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
        """Return what a copy keeps: the number of threads, but no threads."""
        return {"threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start without threads."""
        self.threads, self._others, self._process = state["threads"], None, 0
