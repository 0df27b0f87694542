"""Sides: go left or right, as the task says, with or without pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

import meta_envs

SIDES = "imitated/Sides-v0"
SIDE, STEPS = 5, 4


class Sides(meta_envs.MetaVectorEnv):
    """A place between -1 and 1, moved by a quarter of the action; nothing else shows the task.

    Args:
        frames: Show a picture of the place, beside it.
        discrete: Choose one of two actions.
    """

    def __init__(self, frames: bool = False, discrete: bool = False, **core: Any):
        self.frames, self.discrete = frames, discrete
        place = spaces.Box(-2.0, 2.0, (1,), np.float32)
        picture = spaces.Box(0, 255, (SIDE, SIDE, 1), np.uint8)
        space = spaces.Dict({"picture": picture, "place": place}) if frames else place
        super().__init__(
            task_space=spaces.Dict({"side": spaces.Discrete(2)}),
            observation_space=space,
            action_space=spaces.Discrete(2)
            if discrete
            else spaces.Box(-1.0, 1.0, (1,), np.float32),
            **core,
        )
        self.state["place"] = np.zeros(self.num_envs)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"side": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> Any:
        self.state["place"][rows] = self.random.uniform(rows, 1)[:, 0] - 0.5
        return self._seen(rows)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        chosen = 2.0 * actions - 1.0 if self.discrete else actions[:, 0].astype(np.float64)
        self.state["place"] += 0.25 * chosen
        wanted = 2.0 * self.tasks["side"] - 1.0
        return (
            self._seen(np.arange(self.num_envs)),
            -np.square(chosen - wanted),
            self.elapsed >= STEPS,
            {},
        )

    def expert(self, observation: Any, task: Any) -> Any:
        return int(task["side"]) if self.discrete else np.array([2.0 * task["side"] - 1.0])

    def _seen(self, rows: np.ndarray) -> Any:
        places = self.state["place"][rows]
        seen = places[:, None].astype(np.float32)
        if not self.frames:
            return seen
        pixels = np.linspace(-1.5, 1.5, SIDE)
        shade = 255 * np.exp(-((pixels - places[:, None]) ** 2))
        pictures = np.repeat(shade[:, None, :, None], SIDE, axis=1).astype(np.uint8)
        return {"picture": pictures, "place": seen}


meta_envs.register(
    SIDES, f"{__name__}:Sides", episodes_per_trial=1, summary="A toy", source="tests"
)
