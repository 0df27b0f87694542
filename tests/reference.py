"""Plain scalar environments, kept as what the batched families must equal and outrun."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from meta_envs import MetaEnv
from meta_envs.core.splits import held_out, interleave


class ScalarDependentBandit(MetaEnv):
    """The uniform variant of `meta/DependentBandit-v0`, one row and one pull at a time.

    Args:
        pulls: Pulls an episode.
        **core: As in `MetaEnv`.
    """

    splits = ("train", "test", "all")

    def __init__(self, pulls: int = 100, **core: Any):
        self.pulls = pulls
        self.pulled = 0
        super().__init__(
            task_space=spaces.Dict({"means": spaces.Box(0.0, 1.0, (2,), np.float64)}),
            observation_space=spaces.Discrete(1),
            action_space=spaces.Discrete(2),
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        p = rng.random()
        return {"means": np.array([p, 1.0 - p])}

    def in_split(self, task: dict[str, Any]) -> bool:
        return interleave(task["means"][0], 0.0, 1.0, cells=1023) == self.split

    def begin_episode(self) -> int:
        self.pulled = 0
        assert self.task is not None
        self.means = self.task["means"].tolist()
        return 0

    def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
        mean = self.means[self.valid_action(action)]
        reward = float(self.np_random.random() < mean)
        self.pulled += 1
        return 0, reward, self.pulled >= self.pulls, False, {"expected_reward": mean}


class ScalarGridNavi(MetaEnv):
    """`meta/GridNavi-v0` of 5 by 5 cells, one row and one step at a time.

    Args:
        steps: Steps of an episode.
        episodes_per_trial: Episodes that share a goal.
        **core: As in `MetaEnv`.
    """

    splits = ("train", "test", "all")
    moves = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))

    def __init__(self, steps: int = 15, episodes_per_trial: int = 4, **core: Any):
        self.steps = steps
        self.goals = [(x, y) for x in range(5) for y in range(5) if x > 1 or y > 1]
        self.is_test = dict(zip(self.goals, held_out(21, 5).tolist(), strict=True))
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.MultiDiscrete([5, 5])}),
            observation_space=spaces.Box(0.0, 4.0, (2,), np.float32),
            action_space=spaces.Discrete(5),
            episodes_per_trial=episodes_per_trial,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"goal": self.goals[rng.integers(21)]}

    def in_split(self, task: dict[str, Any]) -> bool:
        return self.is_test[tuple(task["goal"])] == (self.split == "test")

    def begin_episode(self) -> np.ndarray:
        self.x = self.y = self.stepped = 0
        assert self.task is not None
        self.goal = tuple(self.task["goal"].tolist())
        return np.zeros(2, dtype=np.float32)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        dx, dy = self.moves[self.valid_action(action)]
        self.x, self.y = min(max(self.x + dx, 0), 4), min(max(self.y + dy, 0), 4)
        self.stepped += 1
        on_goal = (self.x, self.y) == self.goal
        observation = np.array([self.x, self.y], dtype=np.float32)
        reward = 1.0 if on_goal else -0.1
        return observation, reward, self.stepped >= self.steps, False, {"success": on_goal}
