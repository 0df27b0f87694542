"""Processor time of parts of a program, by watching methods."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any


class Parts:
    """Adds up the processor time of methods, without that of watched ones called inside."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[float] = []  # time of calls inside, of each call that is running

    def watch(self, owner: Any, method: str, name: str) -> None:
        """Count a method of an object under a name."""
        inside = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._open.append(0.0)
            began = time.process_time()
            try:
                return inside(*args, **kwargs)
            finally:
                whole = time.process_time() - began
                self.seconds[name] += whole - self._open.pop()
                if self._open:
                    self._open[-1] += whole

        setattr(owner, method, timed)
