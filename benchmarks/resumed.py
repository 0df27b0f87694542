"""Trainings of benchmarks that go on where they were interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

RUNS = Path("runs", "benchmarks")


class _Saving(BaseCallback):
    """Saves at every iteration boundary, with the CPU seconds that training has taken."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.clock = path, path.with_suffix(".seconds")
        self.spent = float(self.clock.read_text()) if self.clock.exists() else 0.0

    def _on_training_start(self) -> None:
        self.since = time.process_time()

    def _on_rollout_start(self) -> None:
        self.keep()

    def _on_step(self) -> bool:
        return True

    def keep(self) -> float:
        """Save now, and return the seconds."""
        seconds = self.spent + time.process_time() - self.since
        self.model.save(self.path)
        self.clock.write_text(f"{seconds}")
        return seconds


def trained(name: str, cls: Any, make: Callable[[], Any], steps: int) -> tuple[Any, float]:
    """Return an agent trained for some steps, and the CPU seconds that this has taken in all.

    Args:
        name: Of its file.
        cls: The agent's class.
        make: Makes it, if there is no file yet.
        steps: Environment steps.
    """
    path = RUNS / f"{name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    agent = cls.load(path) if path.exists() else make()
    saving = _Saving(path)
    if (left := steps - agent.num_timesteps) <= 0:
        return agent, saving.spent
    agent.learn(left, reset_num_timesteps=False, callback=saving, log_interval=None)
    return agent, saving.keep()
