"""IMPORT and E-RL2: who is told the problem, what learns from it, and which rewards count."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import ERL2, IMPORT
from agents.core.play.trials import Trials
from agents.core.play.view import open_loop

ID = "meta/BusGrid-v0"
KWARGS = {"size": 5, "buses": 3, "steps": 4}


def small(**more: Any) -> IMPORT:
    given = {"n_envs": 6, "n_epochs": 1, "batch_size": None, "seed": 0, **more}
    policy = {"hidden_size": 8, "latent_size": 3}
    return IMPORT("GruPolicy", ID, env_kwargs=KWARGS, policy_kwargs=policy, **given)


def test_some_rows_are_told_the_problem_in_training_and_none_after_it():
    agent = small(told_share=0.5)
    trials = agent._collect(lambda step: True)
    size, told = agent.policy.builder.size, trials.inputs[0, :, -1]
    assert told.tolist() == [0, 1, 0, 1, 0, 1] and trials.inputs.shape[2] == size + 2
    other = trials.inputs.clone()
    other[..., size] = (other[..., size] + 1) % 6  # another problem
    with torch.no_grad():
        before, after = agent.policy(trials.inputs)[0], agent.policy(other)[0]
        plain = agent.policy(trials.inputs[..., :size])[0]
    same = (before == after).all(dim=2).all(dim=0)
    assert same.tolist() == [True, False] * 3
    assert torch.equal(before[:, 0], plain[:, 0])
    assert not torch.equal(before[:, 1], plain[:, 1])
    loop = open_loop(agent, gym.make_vec(ID, num_envs=2, **KWARGS), seed=0)
    assert not loop.reads_task


def test_acting_step_by_step_is_the_whole_trial():
    agent = small()
    trials = agent._collect(lambda step: True)
    with torch.no_grad():
        params, values = agent.policy(trials.inputs)
    played = trials.mask > 0
    assert torch.allclose(params[played], trials.params[played], atol=1e-6)
    assert torch.allclose(values[played], trials.values[played], atol=1e-6)


def test_inference_is_drawn_to_latents_that_do_not_learn_from_it():
    agent = small(told_share=0.0, informed_coef=2.0)
    before = {key: part.clone() for key, part in agent.policy.state_dict().items()}
    trials = agent._collect(lambda step: True)
    batch = agent.prepare(trials, agent.gamma)
    total, figures = agent.loss(batch, 0.0)
    plain, _ = agent._acting_loss(batch, 0.0)
    *_, inferred = agent.policy.run(batch.inputs)
    apart = (inferred - agent.policy.latents(batch.inputs)).square().sum(dim=-1)
    wanted = (apart * batch.mask).sum() / batch.mask.sum()
    assert figures["informed_loss"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert total.item() == pytest.approx((plain + 2 * wanted).item(), rel=1e-5)
    agent.train(trials)
    after = agent.policy.state_dict()
    moved = {key for key in after if not torch.equal(before[key], after[key])}
    assert "inferred.weight" in moved and "embedding.weight" not in moved
    whole = small(told_share=1.0)
    whole.train(whole._collect(lambda step: True))
    assert not torch.equal(whole.policy.embedding.weight, before["embedding.weight"])


def test_what_is_hidden_must_stay_the_same():
    agent = small()
    with pytest.raises(ValueError, match=r"144 categories; the agent embeds .* and 6"):
        other = {**KWARGS, "variant": "distracting"}
        agent.set_env(gym.make_vec(ID, num_envs=6, **other))
    with pytest.raises(ValueError, match="shows all of the task"):
        IMPORT("GruPolicy", "meta/TMaze-v0")
    agent.learn(1, log_interval=None)  # goes on with the old one


def test_rewards_of_exploring_count_nothing():
    ends = torch.tensor([[False, False], [True, False], [False, True], [True, False]])
    rewards = torch.ones(4, 2)
    blank = torch.zeros(4, 2)
    trials = Trials(blank[..., None], blank, blank, blank, rewards, ends, torch.ones(4, 2), None)
    kwargs = {"episodes_per_trial": 3, "pulls": 2}
    given: dict[str, Any] = {"n_envs": 2, "batch_size": None, "env_kwargs": kwargs}
    agent = ERL2("GruPolicy", "meta/BernoulliBandit-v0", **given)
    assert agent.paid(trials, rewards, 0.9).t().tolist() == [[0, 0, 1, 1], [0, 0, 0, 1]]
    agent.exploration_episodes = 0
    assert torch.equal(agent.paid(trials, rewards, 0.9), rewards)
    with pytest.raises(ValueError, match="leaves none of episodes_per_trial=3 to be paid for"):
        ERL2("GruPolicy", "meta/BernoulliBandit-v0", exploration_episodes=3, **given)


def test_advantages_of_exploring_come_from_what_follows_it():
    kwargs = {"episodes_per_trial": 2, "pulls": 2}
    agent = ERL2(
        "GruPolicy", "meta/BernoulliBandit-v0", n_envs=16, batch_size=None, env_kwargs=kwargs,
        gae_lambda=1.0, gamma=1.0, normalize_advantage=False, normalize_reward=False, seed=0,
    )  # fmt: skip
    trials = agent._collect(lambda step: True)
    batch = agent.prepare(trials, 1.0)
    later = trials.rewards[2:].sum(dim=0)
    assert torch.allclose(batch.returns[:2], later.expand(2, -1), atol=1e-5)
    assert np.ptp(later.numpy()) > 0
