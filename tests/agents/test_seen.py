"""Agents that see frames and Dicts: they learn, resume and act through TrialWrapper."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import L2RL, RL2, evaluate
from meta_envs.wrappers import TrialWrapper

from . import toys_seen  # noqa: F401  registers toy/...
from .core.test_algorithm import same
from .small import make

torch.set_num_threads(1)

IDS = ["toy/Lamp-v0", "toy/LampKeys-v0"]


@pytest.mark.parametrize("env", IDS)
def test_rl2_learns_what_the_lit_half_says(env):
    agent = RL2(
        "GruPolicy",
        env,
        preset=None,
        seed=0,
        n_envs=32,
        n_epochs=4,
        learning_rate=3e-3,
        policy_kwargs={"hidden_size": 16, "frame_features": 16},
    ).learn(2_000)
    right = evaluate(agent, env, num_tasks=200, seed=1).returns[:, 0] / 4
    chance = 1 / 2
    assert right.mean() - 3 * right.std() / 200**0.5 > chance + 0.2


@pytest.mark.parametrize("env", IDS)
@pytest.mark.parametrize("name", ["RL2", "L2RL"])
def test_training_on_frames_resumes_bit_for_bit(name, env, tmp_path):
    whole = make(name, env).learn(64)
    half = make(name, env).learn(32)
    half.save(tmp_path / "half")
    again = type(half).load(tmp_path / "half.zip")
    again.learn(64 - again.num_timesteps, reset_num_timesteps=False)
    assert again.num_timesteps == whole.num_timesteps and same(again, whole)


@pytest.mark.parametrize("env", IDS)
def test_collected_frames_stay_uint8(env):
    agent = make("RL2", env, n_trials=2)
    trials = agent._collect(lambda step: True)
    assert trials.inputs.dtype == torch.uint8
    frames = agent.policy.builder.frames(trials.inputs)[0]
    assert frames.shape[-3:] == (12, 12, 1) and set(frames.unique().tolist()) == {0, 255}


def test_chunks_of_trials_with_frames_are_learnt_from():
    assert make("RL2", IDS[0], chunk_length=2, chunk_overlap=1).learn(32).num_timesteps >= 32


@pytest.mark.parametrize("algorithm", [RL2, L2RL])
@pytest.mark.parametrize("env", IDS)
def test_predict_takes_what_trial_wrapper_shows(algorithm, env):
    agent = make(algorithm.__name__, env)
    wrapped = TrialWrapper(gym.make(env))
    shown, _ = wrapped.reset(seed=0)
    state, start = None, np.ones(1, dtype=bool)
    for _ in range(3):
        action, state = agent.predict(shown, state, start, deterministic=True)
        assert action in wrapped.action_space
        both = agent.predict(_pair(shown), deterministic=True)[0]
        assert both.shape == (2,)
        shown, start = wrapped.step(action)[0], np.zeros(1, dtype=bool)
    with pytest.raises(ValueError, match="TrialWrapper's observation with the keys"):
        agent.predict(wrapped.env.reset()[0])


def _pair(shown):
    if isinstance(shown, dict):
        return {key: _pair(part) for key, part in shown.items()}
    return np.stack([shown, shown])


@pytest.mark.parametrize("name", ["RL2", "MAML", "PEARL", "VariBAD"])
def test_every_agent_takes_a_dict_of_vectors(name, tmp_path):
    env = "toy/LampVectors-v0"
    agent = make(name, env).learn(32)
    agent.save(tmp_path / "one")
    again = type(agent).load(tmp_path / "one.zip")
    curve = evaluate(again, env, num_tasks=8, seed=1)
    assert 0 <= curve.returns.min() and curve.returns.max() <= 4


def test_a_linear_baseline_refuses_frames():
    with pytest.raises(ValueError, match="baseline='linear' reads numbers"):
        make("RL2", IDS[0], baseline="linear")
