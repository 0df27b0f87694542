"""Ctrl-C and SIGTERM: the first asks training to stop between two steps, the second stops it."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback


class StopOnSignal(BaseCallback):
    """Ends `learn` at the next step after SIGINT or SIGTERM; used as a context manager around it.

    Nothing is torn in its middle this way: no write, no update. A second signal raises
    KeyboardInterrupt for who cannot wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False
        self._old: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        """Take the signals."""
        if threading.current_thread() is threading.main_thread():  # others may not
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        """Give the signals back."""
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._old.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
        # not print: the signal may come while the progress bar is writing
        os.write(2, b"\nmetazoo: stopping; once more stops at once\n")

    def _on_step(self) -> bool:
        return not self.stopped
