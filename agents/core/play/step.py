"""One step of an environment, as players pass it on and learners observe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(slots=True)
class Step:
    """One step of R rows: arrays [R, ...]."""

    observation: Any  # what `act` was shown
    action: np.ndarray
    reward: np.ndarray  # raw
    terminated: np.ndarray  # the episode reached its end, bool
    truncated: np.ndarray  # the episode was cut short, bool
    next_observation: Any  # the true successor, even where an episode ended
    infos: dict[str, Any] = field(default_factory=dict)  # those that are arrays
    ended: np.ndarray = field(init=False)  # terminated or truncated, bool

    def __post_init__(self) -> None:
        """Compute where an episode ended."""
        self.ended = np.asarray(self.terminated) | np.asarray(self.truncated)

    @property
    def count(self) -> int:
        """R."""
        return len(self.reward)
