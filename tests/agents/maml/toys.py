"""A toy for gradient-based agents: which way to push, with rewards and lengths to choose."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import meta_envs


class Push(meta_envs.MetaVectorEnv):
    """The task is a direction; the reward is the push along it. Observation: the step's number.

    Args:
        discrete: Pushes are 5 (left) and 6 (right) instead of numbers.
        lengths: Episodes last 1 to 6 steps by chance, instead of 4.
        flat: Every reward is 1.
        blind: Observations are Discrete(1).
    """

    def __init__(
        self,
        discrete: bool = False,
        lengths: bool = False,
        flat: bool = False,
        blind: bool = False,
        **core: Any,
    ):
        self.discrete, self.lengths, self.flat, self.blind = discrete, lengths, flat, blind
        super().__init__(
            task_space=spaces.Dict({"right": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(1)
            if blind
            else spaces.Box(0.0, np.inf, (1,), np.float32),
            action_space=spaces.Discrete(2, start=5)
            if discrete
            else spaces.Box(-1.0, 1.0, (1,), np.float32),
            **core,
        )
        self.state["length"] = np.full(self.num_envs, 4)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"right": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        if self.lengths:
            self.state["length"][rows] = 1 + 6 * self.random.uniform(rows)[:, 0]
        return self._shown(np.zeros(len(rows)))

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        push = 2.0 * actions - 11.0 if self.discrete else actions[:, 0].astype(np.float64)
        rewards = np.ones(self.num_envs) if self.flat else push * (2 * self.tasks["right"] - 1)
        return self._shown(self.elapsed), rewards, self.elapsed >= self.state["length"], {}

    def _shown(self, number: np.ndarray) -> np.ndarray:
        if self.blind:
            return np.zeros(len(number), dtype=np.int64)
        return number[:, None].astype(np.float32)


meta_envs.register(
    "toy/Push-v0", f"{__name__}:Push", episodes_per_trial=2, summary="A toy", source="tests"
)
