"""Toy task distributions whose every number is known, registered under `toy/`."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import meta_envs


class Lengths(meta_envs.MetaVectorEnv):
    """Episodes last as long as the task says; reward and observation are the step's number."""

    def __init__(self, longest: int = 7, box: bool = False, **core: Any):
        self.longest = longest
        super().__init__(
            task_space=spaces.Dict({"length": spaces.Discrete(longest, start=1)}),
            observation_space=spaces.Box(0.0, np.inf, (1,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (2,), np.float32) if box else spaces.Discrete(3),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"length": rng.integers(1, self.longest + 1)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), 1), dtype=np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        observations = self.elapsed[:, None].astype(np.float32)
        over = self.elapsed >= self.tasks["length"]
        return observations, self.elapsed.astype(np.float64), over, {"success": over}


class Guess(meta_envs.MetaVectorEnv):
    """One episode a task: the arm that pays 1 for sure is the task; the others pay 0."""

    def __init__(self, pulls: int = 8, **core: Any):
        self.pulls = pulls
        super().__init__(
            task_space=spaces.Dict({"arm": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(1),
            action_space=spaces.Discrete(2),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"arm": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        rewards = (actions == self.tasks["arm"]).astype(np.float64)
        observations = np.zeros(self.num_envs, dtype=np.int64)
        return observations, rewards, self.elapsed >= self.pulls, {"expected_reward": rewards}


class Hasty(meta_envs.MetaVectorEnv):
    """An episode is a success with probability .3 and then lasts 3 steps, else 12."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"none": spaces.Discrete(1)}),
            observation_space=spaces.Box(0.0, np.inf, (1,), np.float32),
            action_space=spaces.Discrete(2, start=5),
            **core,
        )
        self.state["lucky"] = np.zeros(self.num_envs, dtype=bool)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"none": 0}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        self.state["lucky"][rows] = self.random.uniform(rows)[:, 0] < 0.3
        return np.zeros((len(rows), 1), dtype=np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        lucky = self.state["lucky"]
        over = self.elapsed >= np.where(lucky, 3, 12)
        success = over & lucky
        observations = self.elapsed[:, None].astype(np.float32)
        return observations, success.astype(np.float64), over, {"success": success}


for _id, _family, _episodes in (
    ("toy/Lengths-v0", "Lengths", 3),
    ("toy/Guess-v0", "Guess", 1),
    ("toy/Hasty-v0", "Hasty", 2),
):
    meta_envs.register(
        _id,
        f"{__name__}:{_family}",
        episodes_per_trial=_episodes,
        summary="A toy",
        source="tests",
    )
