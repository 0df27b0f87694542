"""The numbers of an evaluation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from meta_envs.core.arguments import whole
from meta_envs.core.rng import valid_seed


@dataclass(frozen=True)
class Plan:
    """The numbers of an evaluation, checked; see `evaluate`.

    Raises:
        ValueError: If one is out of range.
    """

    num_tasks: int
    episodes: int
    rows_per_task: int
    frozen_episodes: int
    steps: int | None
    bins: int | None
    deterministic: bool | str
    seed: int
    num_envs: int
    exploration_episodes: int = 0

    def __post_init__(self) -> None:
        """Check every number."""
        least = {"num_tasks": 1, "episodes": 1, "rows_per_task": 1, "num_envs": 1}
        for name, smallest in {**least, "frozen_episodes": 0, "exploration_episodes": 0}.items():
            object.__setattr__(self, name, whole(name, getattr(self, name), smallest))
        if self.exploration_episodes and self.exploration_episodes >= self.episodes:
            raise ValueError(
                f"exploration_episodes={self.exploration_episodes} leaves none of "
                f"episodes={self.episodes} that counts; play more episodes"
            )
        object.__setattr__(self, "seed", valid_seed(self.seed))
        if isinstance(self.deterministic, np.bool_):
            object.__setattr__(self, "deterministic", bool(self.deterministic))
        if not isinstance(self.deterministic, bool) and self.deterministic != "frozen":
            raise ValueError(
                f"deterministic={self.deterministic!r} must be False, True or 'frozen'"
            )
        if self.deterministic == "frozen" and not self.frozen_episodes:
            raise ValueError("deterministic='frozen' needs frozen_episodes of at least 1")
        if self.steps is None:
            return
        for name in ("steps", "bins"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        assert self.bins is not None
        if self.steps % self.bins:
            raise ValueError(f"bins={self.bins} does not divide steps={self.steps}")
        if self.frozen_episodes:
            given = self.frozen_episodes
            raise ValueError(f"frozen_episodes={given} follow episodes, not a lifetime")


def numbers(plan: Plan) -> dict[str, Any]:
    """Return the numbers of a plan for the protocol; of exploration only where there is any."""
    numbers = asdict(plan)
    if not plan.exploration_episodes:
        del numbers["exploration_episodes"]
    return numbers
