"""Independent Bernoulli arms."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ..core.splits import interleave
from ..core.tasks import Task
from ..core.trial_clock import positive
from ..core.vector import MetaVectorEnv


class BernoulliBandit(MetaVectorEnv):
    splits = ("train", "test", "all")

    def __init__(self, arms: int = 5, pulls: int = 10, **core: Any):
        self.arms = positive("arms", arms)
        self.pulls = positive("pulls", pulls)
        super().__init__(
            task_space=spaces.Dict({"means": spaces.Box(0.0, 1.0, (arms,), np.float64)}),
            observation_space=spaces.Discrete(1),
            action_space=spaces.Discrete(arms),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"means": rng.random(self.arms)}

    def in_split(self, task: Task) -> bool:
        return interleave(task["means"][0], 0.0, 1.0) == self.split

    def begin_episodes(self, rows: np.ndarray) -> Any:
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        means = self.tasks["means"][self.every_row, actions]
        rewards = (self.random.uniform()[:, 0] < means).astype(np.float64)
        return (
            np.zeros(self.num_envs, dtype=np.int64),
            rewards,
            self.elapsed >= self.pulls,
            {"expected_reward": means},
        )
