"""DIAYN's rewards, updates, skills and bank, against what is known by hand."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import DIAYN, evaluate
from agents.diayn.update import skill_rewards

POINT = "meta/PointNavigation-v0"
BOX = {"bound": 1.0, "terminate": False, "max_episode_steps": 5}
SMALL = {"net_arch": (8,), "discriminator_arch": (8, 8)}


def make(**kwargs):
    kwargs = {"policy_kwargs": SMALL, "env_kwargs": BOX, "seed": 0, **kwargs}
    kwargs = {"n_skills": 4, "n_envs": 3, "learning_starts": 10, "batch_size": 8, **kwargs}
    return DIAYN("MlpPolicy", kwargs.pop("env", POINT), preset=None, **kwargs)


def test_the_reward_is_log_q_above_the_prior():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    skills = torch.tensor([1, 2])
    found = torch.log_softmax(logits, dim=1)
    total = math.exp(2) + 1 + math.exp(-1)
    for add, offset in ((False, 0.0), (True, math.log(3))):
        wanted = torch.tensor([math.log(1 / total), math.log(1 / 3)]) + offset
        torch.testing.assert_close(skill_rewards(found, skills, add), wanted)
    assert float(skill_rewards(found, skills, True)[1]) == pytest.approx(0.0, abs=1e-6)


def test_an_update_pays_by_the_discriminator_as_it_is_now(monkeypatch):
    """Rewards of the losses are those of the states after the buffer's steps, computed anew."""
    agent = make().learn(15)
    seen = []
    core = agent.policy.core

    def watched(batch, condition, noise, **kwargs):
        seen.append((batch, condition, kwargs["reward_hook"](batch), kwargs["gamma"]))
        return type(core).critic_loss(core, batch, condition, noise, **kwargs)

    monkeypatch.setattr(core, "critic_loss", watched)
    for _ in range(2):
        before = agent.policy.discriminator
        logits = [part.clone() for part in before.parameters()]
        rng, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
        agent.updater.step(rng, noise)
        batch, condition, rewards, gamma = seen[-1]
        hidden = batch.next_inputs
        for weight, bias in zip(logits[0:4:2], logits[1:4:2], strict=True):
            hidden = torch.tanh(hidden @ weight.T + bias)
        found = torch.log_softmax(hidden @ logits[4].T + logits[5], dim=1)
        wanted = (found * condition).sum(dim=1) + math.log(4)
        torch.testing.assert_close(rewards, wanted.detach())
        assert gamma == 0.99
    assert not torch.equal(seen[0][2], seen[1][2])  # the same transitions, another discriminator


def test_the_discriminator_learns_the_skills_of_the_buffer_and_nothing_else_moves_it():
    agent = make(updates_per_step=0.01).learn(15)
    batch, skills = agent.updater._batch(np.random.default_rng(0))
    loss = torch.nn.functional.nll_loss(agent.policy.log_probabilities(batch.next_inputs), skills)
    wanted = torch.autograd.grad(loss, [*agent.policy.discriminator.parameters()])
    agent.updater.step(np.random.default_rng(0), torch.Generator().manual_seed(0))
    found = [part.grad for part in agent.policy.discriminator.parameters()]
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_a_skill_is_drawn_for_each_episode_and_kept_within_it():
    agent = make(n_envs=40, n_episodes=2, updates_per_step=0.01)
    fields = agent._collect(lambda step: True).fields
    by_step = fields["skills"].reshape(10, 40)
    assert (by_step[:5] == by_step[0]).all() and (by_step[5:] == by_step[5]).all()
    assert (by_step[0] != by_step[5]).any()
    assert set(np.unique(by_step)) == {0, 1, 2, 3}


@pytest.mark.parametrize("env", [POINT, "meta/GridNavi-v0"])
def test_one_skill_can_be_evaluated_and_acts_by_predict(env):
    kwargs = BOX if env == POINT else {"max_episode_steps": 4}
    agent = make(env=env, env_kwargs=kwargs).learn(30)
    curve = evaluate(agent.skill(2), env, env_kwargs=kwargs, num_tasks=3, seed=0)
    assert np.isfinite(curve.returns).all()
    venv = gym.make_vec(env, num_envs=2, **kwargs)
    observations, _ = venv.reset(seed=0)
    loop = agent.skill(2).inner_loop(venv, seed=0)
    wanted = loop.act(observations, deterministic=True)
    found, state = agent.skill(2).predict(observations, deterministic=True)
    np.testing.assert_array_equal(found, wanted)
    assert state[0].tolist() == [2, 2]
    one, _ = agent.predict(observations[0], (np.array([2]),), deterministic=True)
    np.testing.assert_array_equal(one, wanted[0])
    with pytest.raises(ValueError, match="skill 4: the agent has 4"):
        agent.skill(4)


def test_the_exported_bank_pays_what_the_discriminator_says(tmp_path):
    agent = make(policy_kwargs={**SMALL, "discriminator_inputs": (1,)}).learn(30)
    agent.export_bank(tmp_path / "skills.safetensors")
    venv = gym.make_vec(
        "meta/RewardTask-v0", num_envs=6, features=(1,), bank=tmp_path / "skills.safetensors",
        minus_log_p=True,
    )  # fmt: skip
    venv.reset(seed=0)
    observations, rewards, *_ = venv.step(venv.action_space.sample())
    found = agent.policy.log_probabilities(torch.from_numpy(observations))
    skills = torch.from_numpy(venv.tasks["skill"])
    wanted = skill_rewards(found, skills, True).detach().numpy()
    np.testing.assert_allclose(rewards, wanted, atol=1e-5)
    assert len(venv.tasks_in_split) == 2  # train: even skills


def test_a_resumed_training_is_the_same(tmp_path):
    whole, cut = make().learn(60), make().learn(30)
    cut.save(tmp_path / "agent")
    again = DIAYN.load(tmp_path / "agent").learn(30, reset_num_timesteps=False)
    for one, other in zip(whole.policy.parameters(), again.policy.parameters(), strict=True):
        assert torch.equal(one, other)


def test_bad_arguments_are_answered():
    for wrong, said in (
        ({"n_skills": 1}, "n_skills=1 must be at least 2"),
        ({"updates_per_step": 0.0}, "updates_per_step=0"),
        ({"policy_kwargs": {"discriminator_inputs": (2,)}}, "has 2 numbers"),
        ({"ent_coef": 0.0}, "ent_coef"),
    ):
        with pytest.raises(ValueError, match=said):
            make(**wrong)


def test_two_skills_part():
    policy = {"net_arch": (32,), "discriminator_arch": (16,)}
    steps = {"n_envs": 8, "learning_starts": 64, "updates_per_step": 0.5, "batch_size": 64}
    box = {**BOX, "max_episode_steps": 8}
    agent = make(
        env_kwargs=box, n_skills=2, learning_rate=3e-3, gamma=0.9, policy_kwargs=policy, **steps
    ).learn(1200)
    assert agent.latest["accuracy"] > 0.85  # chance is 0.5
    assert agent.latest["skill_reward"] > 0.5 * math.log(2)
