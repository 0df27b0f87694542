"""Another Python's process that waits, and measures when it is asked to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence


class Peer:
    """A process that prints a line of what it is, and a rate for each line of seconds it reads.

    Args:
        name: What it plays, for errors.
        command: Its words.
        env: Variables of its environment, over this process's.
    """

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None):
        self._name = name
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.said = self._answer()

    def measure(self, seconds: float) -> float:
        """Return its rate a second, measured for so many seconds.

        Raises:
            RuntimeError: If the process has ended.
        """
        assert self._process.stdin is not None
        print(seconds, file=self._process.stdin, flush=True)
        return float(self._answer())

    def close(self) -> None:
        """Stop the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if not said:
            raise RuntimeError(f"{self._name}'s process has ended; its message stands above")
        return said
