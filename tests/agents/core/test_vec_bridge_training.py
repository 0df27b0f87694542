"""Stable-Baselines3's algorithms train on the bridge."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import pytest
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from agents import SB3VecEnv
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper
from tests.agents import toys  # noqa: F401  registers "toy/..."
from tests.agents.core.test_vec_bridge import bridge


def trains(model, steps):
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(steps)
    assert model.num_timesteps >= steps
    after = list(model.policy.parameters())
    assert all(torch.isfinite(parameter).all() for parameter in after)
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert len(model.ep_info_buffer) > 0
    return model


PPO_SIZES: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 32,
    "n_epochs": 1,
    "seed": 0,
    "device": "cpu",
}


@pytest.mark.parametrize("make_env", [lambda i: i, gym.make], ids=["id", "env"])
def test_ppo_trains_on_an_id(make_env):
    kwargs = {"net_arch": [8]}
    trains(PPO("MlpPolicy", make_env("meta/DependentBandit-v0"), policy_kwargs=kwargs,
               **{**PPO_SIZES, "n_steps": 128}), 128)  # fmt: skip


def test_recurrent_ppo_trains_on_trials():
    env = TrialWrapper(gym.make("meta/GridNavi-v0"))
    kwargs = {"net_arch": [8], "lstm_hidden_size": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = RecurrentPPO("MlpLstmPolicy", env, policy_kwargs=kwargs, **PPO_SIZES)
    trains(model, 96)
    assert {info["l"] for info in model.ep_info_buffer or ()} == {60}  # 4 episodes of 15 steps


@pytest.mark.parametrize("identity", ["meta/DependentBandit-v0", "meta/GridNavi-v0"])
def test_ppo_trains_on_the_bridge(identity):
    kwargs = {"pulls": 10} if "Bandit" in identity else {}
    model = PPO(
        "MlpPolicy", bridge(identity, **kwargs), policy_kwargs={"net_arch": [8]}, **PPO_SIZES
    )
    trains(model, 128)


def test_recurrent_ppo_trains_on_the_bridge_over_trials():
    venv = SB3VecEnv(VectorTrialWrapper(gym.make_vec("toy/Lengths-v0", num_envs=4)))
    kwargs = {"net_arch": [8], "lstm_hidden_size": 8}
    trains(RecurrentPPO("MlpLstmPolicy", venv, policy_kwargs=kwargs, **PPO_SIZES), 128)


def test_ppo_trains_on_box_actions_and_under_sb3_wrappers():
    with pytest.warns(UserWarning, match="already wrapped"):
        venv = VecMonitor(bridge(box=True, max_episode_steps=5))
    trains(PPO("MlpPolicy", venv, policy_kwargs={"net_arch": [8]}, **PPO_SIZES), 128)


def test_training_is_reproducible_from_the_seed():
    def weights(seed):
        sizes = {**PPO_SIZES, "seed": seed}
        venv = bridge("meta/DependentBandit-v0", pulls=10)
        model = PPO("MlpPolicy", venv, policy_kwargs={"net_arch": [8]}, **sizes).learn(128)
        return torch.cat([parameter.flatten() for parameter in model.policy.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
