"""Agents that choose several things at once, or set bits."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import RL2, evaluate
from meta_envs.wrappers import TrialWrapper

from . import toys_seen  # noqa: F401  registers toy/...
from .core.test_algorithm import same
from .small import make

torch.set_num_threads(1)

IDS = ["toy/Lock-v0", "toy/LockBits-v0"]


@pytest.mark.parametrize("env", IDS)
@pytest.mark.parametrize("name", ["RL2", "L2RL", "MAML", "VariBAD", "A2C"])
def test_agents_take_several_choices(name, env, tmp_path):
    agent = make(name, env).learn(40)
    agent.save(tmp_path / "one")
    again = type(agent).load(tmp_path / "one.zip")
    curve = evaluate(again, env, num_tasks=8, seed=1)
    assert 0 <= curve.returns.min() and curve.returns.max() <= 5
    both = [one.learn(40, reset_num_timesteps=False) for one in (agent, again)]
    assert same(*both)


@pytest.mark.parametrize("env", IDS)
def test_predict_sees_the_previous_choices(env):
    agent = make("RL2", env)
    wrapped = TrialWrapper(gym.make(env))
    shown, _ = wrapped.reset(seed=0)
    action, state = agent.predict(shown, episode_start=np.ones(1, bool))
    assert action in wrapped.action_space
    shown = wrapped.step(action)[0]
    choices = wrapped.action_space
    assert shown[1:-2].tolist() == gym.spaces.flatten(choices, action).tolist()
    assert agent.predict(shown, state, np.zeros(1, bool))[0] in choices


def test_a_memory_finds_the_right_choices():
    agent = RL2(
        "GruPolicy",
        "toy/Lock-v0",
        preset=None,
        seed=0,
        n_envs=32,
        n_epochs=4,
        learning_rate=1e-2,
        policy_kwargs={"hidden_size": 32, "embedding_sizes": ()},
    ).learn(8_000)
    returns = evaluate(agent, "toy/Lock-v0", num_tasks=300, seed=1).returns[:, 0] / 5
    chance = (1 / 2 + 1 / 3) / 2
    without_memory = 1 / 2  # the third value of the second choice is never right
    assert returns.mean() - 3 * returns.std() / 300**0.5 > without_memory + 0.1 > chance
