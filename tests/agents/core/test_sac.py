"""Soft actor-critic: losses by hand, densities against torch's, and who learns from what."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from agents.core.learning.action_kinds import OneHot, TanhGaussian, action_kind
from agents.core.learning.sac import SoftActorCritic, Transitions
from agents.core.losses import sac_losses as losses

BOX = spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([1.0, 4.0], np.float32))
ARMS = spaces.Discrete(3, start=5)


def close(value, wanted):
    torch.testing.assert_close(value, torch.as_tensor(wanted))


def test_losses_by_hand():
    q = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    target = losses.td_target(
        torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0]), torch.tensor([10.0, 10.0]), 0.5
    )
    close(target, [6.0, 2.0])
    close(losses.twin_q_loss(q, target), (25.0 + 0.0) / 2 + (9.0 + 4.0) / 2)
    value = losses.soft_value(q, torch.tensor([-1.0, 2.0]), torch.tensor(0.5))
    close(value, [1.5, -1.0])  # min 1, 0; minus half of the log densities
    close(losses.policy_loss(value), -0.25)
    log_probs = torch.log(torch.tensor([[0.25, 0.75]]))
    every = torch.tensor([[[4.0, 8.0]], [[8.0, 4.0]]])
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    close(losses.discrete_soft_value(every, log_probs, torch.tensor(2.0)), [4.0 + 2.0 * entropy])
    params = torch.tensor([[1.0, 2.0, 3.0, -1.0]])
    close(losses.size_penalty(params), 2.5 + 5.0)


def test_the_weight_of_the_entropy_rises_where_there_is_too_little():
    log_ent_coef = torch.tensor(0.3, requires_grad=True)
    loss = losses.temperature_loss(log_ent_coef, torch.tensor([1.0, 2.0]), 2.0)
    close(loss, 0.3 * -0.5)
    loss.backward()
    close(log_ent_coef.grad, -0.5)  # descent raises it


def test_tanh_gaussian_is_torchs():
    kind, generator = TanhGaussian(BOX), torch.Generator().manual_seed(0)
    params = torch.randn(7, 4, generator=generator)
    actions, log_prob = kind.sample(params, torch.randn(7, 2, generator=generator))
    means, log_std = params.chunk(2, dim=-1)
    torch_one = torch.distributions.TransformedDistribution(
        torch.distributions.Normal(means, log_std.exp()), torch.distributions.TanhTransform()
    )
    torch.testing.assert_close(log_prob, torch_one.log_prob(actions).sum(-1), rtol=1e-4, atol=1e-4)
    far, density = kind.sample(torch.tensor([[50.0, -50.0, 0.0, 0.0]]), torch.zeros(1, 2))
    assert far.tolist() == [[1.0, -1.0]] and torch.isfinite(density).all()


def test_actions_fit_the_environment():
    kind = action_kind(BOX)
    given = kind.to_env(np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]], np.float32))
    assert given.tolist() == [[-1.0, 0.0], [0.0, 2.0], [1.0, 4.0]] and given.dtype == np.float32
    arms = action_kind(ARMS)
    assert isinstance(arms, OneHot)
    logits = torch.log(torch.tensor([[0.2, 0.5, 0.3]]).repeat(4, 1))
    noise = torch.tensor([[0.1], [0.3], [0.69], [0.9]])
    assert arms.to_env(arms.act(logits, noise).numpy()).tolist() == [5, 6, 6, 7]
    assert arms.to_env(arms.act(logits, None).numpy()).tolist() == [6] * 4


def test_spaces_without_bounds_or_kind_are_refused():
    with pytest.raises(ValueError, match="has no bounds"):
        action_kind(spaces.Box(-np.inf, np.inf, (2,), np.float32))
    with pytest.raises(TypeError, match="allowed: Discrete, float Box"):
        action_kind(spaces.MultiDiscrete([2, 2]))


def made(space):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        core = SoftActorCritic(3, space, 2, net_arch=(8,), activation=nn.Tanh)
        for slow in core.target_q.parameters():  # else both pairs of critics say the same
            slow.data += 0.3 * torch.randn(slow.shape)
        actions = torch.zeros(5, core.kind.size)
        actions[:, 0] = 1.0
        batch = Transitions(
            torch.randn(5, 3), actions, torch.randn(5), torch.tensor([0.0, 1, 0, 0, 1]),
            torch.randn(5, 3),
        )  # fmt: skip
        noise = torch.rand(5, core.kind.noise_size)
        return core, batch, torch.randn(5, 2, requires_grad=True), noise


@pytest.mark.parametrize("space", [BOX, ARMS])
def test_the_critics_alone_reach_the_condition(space):
    core, batch, condition, noise = made(space)
    loss = core.critic_loss(batch, condition, noise, ent_coef=torch.tensor(1.0), gamma=0.9)
    loss.backward()
    assert condition.grad.abs().sum() > 0
    assert all(one.grad is not None for one in core.q.parameters())
    assert all(one.grad is None for one in [*core.policy.parameters(), *core.target_q.parameters()])
    condition.grad = None
    core.zero_grad()
    core.actor_loss(batch.inputs, condition, noise, ent_coef=torch.tensor(1.0))[0].backward()
    assert condition.grad is None
    assert all(one.grad is None for one in core.q.parameters())
    assert all(one.grad is not None for one in core.policy.parameters())
    assert all(one.requires_grad for one in core.q.parameters())


@pytest.mark.parametrize("space", [BOX, ARMS])
def test_the_critics_loss_is_the_bellman_error(space):
    core, batch, condition, noise = made(space)
    loss = core.critic_loss(batch, condition, noise, ent_coef=torch.tensor(0.5), gamma=0.9)
    hooked = core.critic_loss(
        batch, condition, noise, ent_coef=torch.tensor(0.5), gamma=0.9,
        reward_hook=lambda seen: seen.rewards + 1.0,
    )  # fmt: skip
    with torch.no_grad():
        seen = torch.cat([batch.inputs, condition], 1)
        after = torch.cat([batch.next_inputs, condition], 1)
        params = core.policy(after)
        if core.discrete:
            q = torch.stack([one(seen)[:, 0] for one in core.q.both])
            later = torch.minimum(*(one(after) for one in core.target_q.both))
            log_probs = torch.log_softmax(params, 1)
            value = (log_probs.exp() * (later - 0.5 * log_probs)).sum(1)
        else:
            q = torch.stack([one(torch.cat([seen, batch.actions], 1))[:, 0] for one in core.q.both])
            actions, log_prob = core.kind.sample(params, noise)
            beside = torch.cat([after, actions], 1)
            value = torch.minimum(*(one(beside)[:, 0] for one in core.target_q.both))
            value = value - 0.5 * log_prob
        target = batch.rewards + 0.9 * (1 - batch.terminated) * value
        torch.testing.assert_close(loss, ((q - target) ** 2).mean(1).sum())
        torch.testing.assert_close(hooked, ((q - target - 1.0) ** 2).mean(1).sum())


def test_slow_critics_follow():
    core = made(BOX)[0]
    before = [one.clone() for one in core.target_q.parameters()]
    core.follow(0.25)
    now = zip(before, core.target_q.parameters(), core.q.parameters(), strict=True)
    for old, new, fast in now:
        torch.testing.assert_close(new, (old + 0.25 * (fast - old)).detach())
        assert not torch.equal(new, old)
