"""A toy: what exploring can be shown is which lever pays."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from meta_envs import MetaVectorEnv, register

_LEVERS, _LOOK = 4, 4


class Levers(MetaVectorEnv):
    """One of four levers pays; who looks while exploring is shown which."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"lever": spaces.Discrete(_LEVERS)}),
            observation_space=spaces.Box(0.0, 1.0, (_LEVERS,), np.float32),
            action_space=spaces.Discrete(_LEVERS + 1),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"lever": rng.integers(_LEVERS)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), _LEVERS), np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        exploring = self._clock.episode == 1
        seen = np.eye(_LEVERS, dtype=np.float32)[self.tasks["lever"]]
        seen *= (exploring & (actions == _LOOK))[:, None]
        rewards = ((actions == self.tasks["lever"]) & ~exploring).astype(np.float64)
        return seen, rewards, self.elapsed >= np.where(exploring, 2, 1), {}


register(
    "dream/Levers-v0",
    f"{__name__}:Levers",
    episodes_per_trial=2,
    summary="A toy",
    source="tests",
)
