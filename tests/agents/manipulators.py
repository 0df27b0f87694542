"""Toys in the manner of Meta-World: its spaces and protocol, where every number is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import meta_envs

NAMES = ("reach", "touch", "stuck")
_GOAL = spaces.Box(-0.5, 0.5, (6,), np.float64)
_GOALS = np.random.default_rng(0).uniform(-0.5, 0.5, (100, 6)) * (np.arange(6) < 3)


class Arms(meta_envs.MetaVectorEnv):
    """A hand that looks for a hidden goal, with Meta-World's spaces.

    In `"touch"` only the first step at the goal is a success, in `"stuck"` the hand cannot move.
    Each has a hundred goals.
    """

    splits = ("train", "test", "all")
    task_labels = {"environment": NAMES}

    def __init__(self, task_name: str = "reach", all_three: bool = False, **core: Any):
        self.first, self.all_three = NAMES.index(task_name), all_three
        super().__init__(
            task_space=spaces.Dict({"environment": spaces.Discrete(3), "goal": _GOAL}),
            observation_space=spaces.Box(-np.inf, np.inf, (39,), np.float64),
            action_space=spaces.Box(-1.0, 1.0, (4,), np.float32),
            **core,
        )
        self.state["hand"] = np.zeros((self.num_envs, 3))
        self.state["touched"] = np.zeros(self.num_envs, dtype=bool)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        kind = rng.integers(3) if self.all_three else self.first
        return {"environment": kind, "goal": _GOALS[rng.integers(len(_GOALS))]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        kinds = range(3) if self.all_three else (self.first,)
        return tuple({"environment": kind, "goal": goal} for goal in _GOALS for kind in kinds)

    def in_split(self, task: Any) -> bool:
        return (task["goal"][0] > 0) == (self.split == "train")

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        self.state["hand"][rows] = 0.0
        self.state["touched"][rows] = False
        return self._seen(rows)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        kind = self.tasks["environment"]
        moved = 0.1 * actions[:, :3].astype(np.float64) * (kind != 2)[:, None]
        self.state["hand"] = self.state["hand"] + moved
        distance = np.sqrt(((self.state["hand"] - self.tasks["goal"][:, :3]) ** 2).sum(axis=1))
        there = distance < 0.05
        success = there & ~((kind == 1) & self.state["touched"])
        self.state["touched"] = self.state["touched"] | there
        over = np.zeros(self.num_envs, dtype=bool)
        return self._seen(self.every_row), 10 * np.exp(-distance), over, {"success": success}

    def expert(self, observation: np.ndarray, task: Any) -> np.ndarray:
        """Go straight to the goal."""
        way = (task["goal"][:3] - observation[:3]) / 0.1
        return np.append(np.clip(way, -1, 1), 0.0).astype(np.float32)

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        seen = np.zeros((len(rows), 39))
        seen[:, :3] = self.state["hand"][rows]
        return seen


class Chances(meta_envs.MetaVectorEnv):
    """Succeeds by chance, which ends the episode after 12 steps; a failure lasts 50."""

    def __init__(self, chance: float = 0.3, **core: Any):
        self.chance = chance
        super().__init__(
            task_space=spaces.Dict({"environment": spaces.Discrete(1000)}),
            observation_space=spaces.Box(0.0, np.inf, (1,), np.float32),
            action_space=spaces.Discrete(2),
            **core,
        )
        self.state["lucky"] = np.zeros(self.num_envs, dtype=bool)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"environment": rng.integers(1000)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        self.state["lucky"][rows] = self.random.uniform(rows)[:, 0] < self.chance
        return np.zeros((len(rows), 1), dtype=np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        lucky = self.state["lucky"]
        over = self.elapsed >= np.where(lucky, 12, 50)
        observations = self.elapsed[:, None].astype(np.float32)
        success = over & lucky
        return observations, success.astype(np.float64), over, {"success": success}


for _id, _family, _steps, _episodes in (
    ("toy/Arms-v0", "Arms", 500, 10),
    ("toy/Chances-v0", "Chances", None, 10),
):
    meta_envs.register(
        _id,
        f"{__name__}:{_family}",
        max_episode_steps=_steps,
        episodes_per_trial=_episodes,
        summary="A toy",
        source="tests",
    )
