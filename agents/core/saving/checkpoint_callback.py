"""A callback that keeps a run's checkpoint up to date during training."""

from __future__ import annotations

import errno
import time
import warnings

from stable_baselines3.common.callbacks import BaseCallback

from .files import identity, remove_leftovers
from .run import Run


class CheckpointCallback(BaseCallback):
    """Save the model into a run: at the first iteration boundary, whenever due, and at the end.

    A failed save is a warning: training goes on and the old checkpoint stays.

    Args:
        run: Where to save.
        every_seconds: Minimum time between saves; a save waits for the next iteration boundary.
    """

    def __init__(self, run: Run, every_seconds: float = 60.0):
        super().__init__()
        if not every_seconds >= 0:
            raise ValueError(f"every_seconds={every_seconds} must be 0 or more")
        self.run = run
        self.every_seconds = every_seconds
        self.error: OSError | None = None  # why the latest save failed
        self._due = -float("inf")
        self._folder: tuple[int, int] | None = None

    def save(self) -> bool:
        """Save now, e.g. on Ctrl-C, and return whether it worked; if not, `error` says why."""
        try:
            if self._folder is not None and identity(self.run.folder) != self._folder:
                raise FileNotFoundError(
                    errno.ENOENT,
                    "the run's folder was removed or replaced while it trained; nothing is written "
                    "there any more",
                    str(self.run.folder),
                )
            self.model.save(self.run.checkpoint)
            self.error = None
        except OSError as error:
            self.error = error
            # the number makes each message unique: Python shows equal warnings only once
            steps = self.model.num_timesteps
            warnings.warn(f"not saved at {steps} timesteps: {error}", stacklevel=2)
        self._due = time.monotonic() + self.every_seconds
        return self.error is None

    def _on_training_start(self) -> None:
        remove_leftovers(self.run.checkpoint)
        self._folder = identity(self.run.folder)
        self._due = -float("inf")  # so that a run killed in its first minute can be resumed too

    def _on_rollout_start(self) -> None:
        if time.monotonic() >= self._due:
            self.save()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self.save()
