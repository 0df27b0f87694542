"""A callback that says once, early in training, how long it will take."""

from __future__ import annotations

import sys
import time

from stable_baselines3.common.callbacks import BaseCallback
from tqdm import tqdm

_SOONEST = 2.0  # seconds of training before its pace is believed
_WORTH = 10.0  # seconds left that are worth a line


class Pace(BaseCallback):
    """Says how long an iteration and all of them take, and if one is longer than what is asked.

    Args:
        total: Timesteps asked for.
    """

    def __init__(self, total: int):
        super().__init__()
        self.total = total
        self._told = self._warned = False

    def _on_training_start(self) -> None:
        self._begun, self._from = time.monotonic(), self.model.num_timesteps
        self._first: int = getattr(self.model, "iteration", 0)

    def _on_step(self) -> bool:
        beyond = self.model.num_timesteps > self.total
        if beyond and self._in_first() and not self._warned and not _known(self.model):
            self._warned = True
            _tell(
                f"an iteration is more than the {self.total:,} timesteps asked for; it is played "
                "to its end"
            )
        return True

    def _on_rollout_start(self) -> None:
        spent = time.monotonic() - self._begun
        if self._told or self._in_first() or spent < _SOONEST:
            return
        self._told = True
        iterations = getattr(self.model, "iteration", 1) - self._first
        steps = self.model.num_timesteps - self._from
        left = spent / steps * (self.total - self.model.num_timesteps)
        if left > _WORTH:
            _tell(
                f"an iteration is {steps // iterations:,} timesteps in {spent / iterations:.2g} s; "
                f"about {_span(left)} to go"
            )

    def _in_first(self) -> bool:
        return getattr(self.model, "iteration", 1) == self._first


def _known(model: object) -> bool:
    steps = getattr(model, "iteration_steps", lambda: None)()
    return steps is not None


def _tell(text: str) -> None:
    tqdm.write(text, file=sys.stderr)  # around the progress bar


def _span(seconds: float) -> str:
    """Return a duration in one or two units."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
