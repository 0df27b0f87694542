"""PEARL learns what is known: the arm that pays, from one episode with a latent of the prior."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from agents import PEARL, evaluate
from tests.agents import toys  # noqa: F401  registers toy/Guess-v0


@pytest.mark.parametrize(
    ("target_entropy", "precision"), [(None, "float32"), (0.1, "float32"), (None, "bfloat16")]
)
def test_it_finds_in_one_episode_which_arm_pays(target_entropy, precision):
    """One arm of two pays 1 at each of 8 pulls. No first episode can earn more than 7.5 in the
    mean, and one with a latent of the prior, which is kept for the episode, earns 4."""
    agent = PEARL(
        "MlpPolicy",
        "toy/Guess-v0",
        learning_rate=3e-3,
        n_envs=4,
        n_train_tasks=10,
        n_initial_episodes=2,
        gradient_steps=100,
        meta_batch_size=4,
        batch_size=32,
        context_batch_size=8,
        tau=0.02,
        gamma=0.8,
        reward_scale=5.0,
        target_entropy=target_entropy,
        precision=precision,
        policy_kwargs={"net_arch": (32,), "encoder_arch": (32,), "latent_size": 2},
        seed=0,
    )
    settings = {"num_tasks": 400, "episodes": 3, "deterministic": True}
    before = evaluate(agent, "toy/Guess-v0", **settings).mean()
    agent.learn(720)
    after = evaluate(agent, "toy/Guess-v0", **settings).mean()
    assert abs(before[1] - 4.0) < 1.0  # nothing is learnt yet; the deviation is .2 over 400 tasks
    assert abs(after[0] - 4.0) < 1.0  # nothing is known yet
    assert after[1] > 7.6 and after[2] > 7.6


def test_the_values_that_the_benchmark_is_measured_between():
    """Standing still and the oracle on PointGoal's held-out goals; of 10,000 episodes each."""
    venv = gym.make_vec("meta/PointGoal-v0", num_envs=10_000, split="test")
    returns = {}
    for name, speed in (("still", 0.0), ("oracle", 1.0)):
        shown, _ = venv.reset(seed=3)
        returns[name] = np.zeros(venv.num_envs)
        for _ in range(20):
            way = np.clip((venv.tasks["goal"] - shown) / 0.1, -1.0, 1.0)
            shown, rewards, *_ = venv.step((speed * way).astype(np.float32))
            returns[name] += rewards
    for name, known in (("still", -19.72), ("oracle", -4.61)):  # of 40,000: errors .05 and .02
        error = returns[name].std() / venv.num_envs**0.5
        assert abs(returns[name].mean() - known) < 4 * error, (name, returns[name].mean())
