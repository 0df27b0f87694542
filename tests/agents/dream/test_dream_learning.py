"""DREAM learns to look first where looking costs its other actions, and then uses what it saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents import DREAM, evaluate
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


def learnt(explore: str, iterations: int) -> float:
    agent = DREAM(
        "GruPolicy", "dream/Levers-v0", n_envs=16, seed=0, explore=explore, batch_size=16,
        gradient_steps=12, learning_rate=5e-3, exploration_fraction=0.8, tau=0.05,
        policy_kwargs={"hidden_size": 16, "latent_size": 4, "embedding_std": 1.5},
    )  # fmt: skip
    agent.learn(iterations * 3 * 16, log_interval=None)
    curve = evaluate(agent, "dream/Levers-v0", num_tasks=64, exploration_episodes=1)
    return curve.execution()[0]


def test_who_explores_knows_the_lever() -> None:
    assert learnt("learnt", 10) >= 0.9  # 1 is the optimum
    # a quarter without: 64 tasks, four standard errors
    assert learnt("none", 3) == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 64))
