"""DREAM learns to look first where looking costs its other actions, and then uses what it saw."""

from __future__ import annotations

import numpy as np
import pytest

from agents import DREAM, evaluate
from tests.agents.dream import levers  # noqa: F401  registers the toy


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
