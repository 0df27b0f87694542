"""EPG: its loss worked out by hand, what learners keep for it, and where it goes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from agents import EPG, EPGLearner
from agents.core.lifetimes.lives import FOUND, live
from agents.core.lifetimes.rule import Unroll
from agents.epg.network import LossNetwork as Drawn


class LossNetwork(Drawn):
    """One whose last layer does not begin as 0."""

    def begin(self, seed):
        random = torch.Generator().manual_seed(seed)
        return super().begin(seed) + 0.1 * torch.randn(self.layout.size, generator=random)


POINT = {"max_episode_steps": 4}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env="meta/PointGoal-v0", **more):
    given = {
        **({"env_kwargs": POINT} if env == "meta/PointGoal-v0" else {}),
        **{"population": 4, "life": 16, "n_steps": 8, "batch_size": 4, "buffer_size": 24},
        **{"memory_size": 3, "n_episodes": 2, "seed": 0, "preset": None},
        "policy_kwargs": {"net_arch": [8], "separate": ["value"]},
    }
    return EPG("MlpPolicy", env, **{**given, **more})


def unroll_of(rule, learners=2, rows=1, steps=8, seed=0):
    random = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=random)

    shape = (steps, learners, rows)
    return Unroll(
        inputs=draw(steps + 1, learners, rows, 2),
        actions=draw(*shape, 2),
        rewards=draw(*shape),
        alive=torch.ones(shape),
        continues=(draw(*shape) > -1).float(),
        mask=torch.ones(shape),
        record={"policy": draw(*shape, 4)},
        cut=torch.zeros(shape),
        cut_inputs=None,
    )


def test_the_network_is_that_of_torchs_own_layers():
    network = LossNetwork(5, 2)
    params, random = network.begin(0)[None], torch.Generator().manual_seed(1)
    steps = torch.randn(1, 1, 31, 5, generator=random)
    memory = torch.randn(1, 2, generator=random)
    parts = {name: part[0] for name, part in network.layout.unflatten(params).items()}
    convolutions = [nn.Conv1d(7, 16, 6, 5), nn.Conv1d(16, 32, 4, 2)]
    hidden = torch.cat([steps[0, 0], memory.expand(31, -1)], dim=1).T[None]
    for index, layer in enumerate(convolutions):
        layer.weight.data = parts[f"conv{index}.weight"].reshape(layer.weight.shape)
        layer.bias.data = parts[f"conv{index}.bias"]
        hidden = nn.functional.leaky_relu(layer(hidden))
    linear = nn.functional.linear
    context = linear(hidden.mean(dim=2), parts["context.weight"], parts["context.bias"])
    seen = torch.cat([steps[0, 0, -4:], memory.expand(4, -1), context.expand(4, -1)], dim=1)
    inside = nn.functional.leaky_relu(linear(seen, parts["hidden.weight"], parts["hidden.bias"]))
    expected = linear(inside, parts["last.weight"], parts["last.bias"])[:, 0]
    torch.testing.assert_close(network.forward(params, steps, memory, 4)[0, 0], expected)


def test_gradients_reach_the_memory_beside_steps_only_and_the_policy_on_both_paths():
    network = LossNetwork(5, 2)
    params = network.begin(0)[None]
    steps = torch.randn(1, 1, 31, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    memory = torch.zeros(1, 2, requires_grad=True)
    given = torch.autograd.grad(network.forward(params, steps, memory, 4).sum(), (steps, memory))
    assert (given[0][0, 0, :27].abs().sum(dim=1) > 0).any() and given[1].abs().sum() > 0
    parts = network.layout.unflatten(params.clone())
    parts["hidden.weight"][..., 5:7] = 0.0  # the way of the memory beside the steps
    without = network.layout.flatten(parts)
    (left,) = torch.autograd.grad(network.forward(without, steps, memory, 4).sum(), memory)
    assert (left == 0).all()


def test_the_gradient_is_that_of_finite_differences():
    agent = make()
    rule = agent._make_rule(agent.network)
    learners = {**rule.begin([1, 2]), **rule.room(rule.begin([1, 2]), 1)}
    learners = rule.remember(learners, unroll_of(rule))
    learners = {k: v.double() if v.is_floating_point() else v for k, v in learners.items()}
    found = rule.found.double() + torch.linspace(-0.5, 0.5, len(rule.found)).double()
    rule = dataclasses.replace(rule, found=found)
    point = learners["policy"].clone().requires_grad_()
    along = torch.randn(point.shape, generator=torch.Generator().manual_seed(3)).double()

    def loss(policy):
        return rule.learnt_loss(learners, policy, learners["memory"], 8).sum()

    (grad,) = torch.autograd.grad(loss(point), point)
    with torch.no_grad():
        far = loss(point + 1e-6 * along) - loss(point - 1e-6 * along)
    torch.testing.assert_close((grad * along).sum(), far / 2e-6, rtol=1e-5, atol=1e-8)


def test_buffers_keep_the_newest_steps_and_means_all_of_them():
    agent = make(buffer_size=21)
    rule = agent._make_rule(agent.network)
    learners = {**rule.begin([1, 2]), **rule.room(rule.begin([1, 2]), 1)}
    unrolls = [unroll_of(rule, seed=seed) for seed in range(4)]
    for number, unroll in enumerate(unrolls, 1):
        learners = rule.remember(learners, unroll)
        assert learners["buffer.known"].sum() == 2 * min(8 * number, 21)
    seen = torch.cat([unroll.inputs[:-1] for unroll in unrolls]).movedim(0, 2)
    assert torch.equal(learners["buffer.inputs"], seen[:, :, -21:])
    rewards = torch.cat([unroll.rewards for unroll in unrolls]).movedim(0, 2)
    assert torch.equal(learners["buffer.plain"][..., -2], rewards[:, :, -21:])
    torch.testing.assert_close(learners["norm.mean"][:, :2], seen.mean(dim=(1, 2)))
    variance = seen.var(dim=(1, 2), correction=0)
    torch.testing.assert_close(learners["norm.squares"][:, :2] / 32, variance)


def test_without_rewards_nothing_depends_on_them():
    for sees in (True, False):
        rule = make(sees_reward=sees)._make_rule(make().network)
        rule = dataclasses.replace(rule, found=torch.linspace(-1.0, 1.0, len(rule.found)))
        born = {**rule.begin([1, 2]), **rule.room(rule.begin([1, 2]), 1)}
        unroll = unroll_of(rule)
        richer = dataclasses.replace(unroll, rewards=-20 * unroll.rewards)
        policies = [rule.update(born, one)[0]["policy"] for one in (unroll, richer)]
        assert torch.equal(*policies) != sees


def test_the_guide_is_ppo_and_fades():
    agent = make(guide_generations=2)
    rule = agent._make_rule(agent.network, training=True)
    assert rule.guide == 1.0 and agent._make_rule(agent.network).guide == 0.0
    born = {**rule.begin([1, 2]), **rule.room(rule.begin([1, 2]), 1)}
    unroll = unroll_of(rule)
    guided, figures = rule.update(born, unroll)
    other = {**born, FOUND: torch.ones(2, agent.center.numel())}
    assert torch.equal(rule.update(other, unroll)[0]["policy"], guided["policy"])  # PPO alone
    assert {"learnt_loss", "policy_gradient_loss", "value_loss"} <= figures.keys()
    steps = agent.learn(1, log_interval=None).num_timesteps
    assert agent.guide == 0.5
    agent.learn(steps, reset_num_timesteps=False, log_interval=None)
    assert agent.guide == 0.0
    assert make(guide_generations=0, guide_end=0.5).guide == 0.5


def test_a_learner_is_updated_alike_beside_others_and_alone():
    agent = make()
    venv, rule = agent.venv, agent._make_rule(agent.network)
    members = agent.strategy.ask(agent._state.tensors, 0)
    tasks = [{"goal": np.full(2, 0.1 * (one // 2))} for one in range(4)]
    whole = live(venv, rule, members, [1, 1, 2, 2], 1, 16, 2, tasks).returns
    half = make(n_envs=2)
    for at in (slice(0, 2), slice(2, 4)):
        seeds = [1, 1, 2, 2][at]
        alone = live(half.venv, rule, members[at], seeds, 1, 16, 2, tasks[at]).returns
        assert np.array_equal(alone, whole[at])


def test_what_was_found_goes_elsewhere(tmp_path):
    agent = make().learn(1, log_interval=None)
    assert not torch.equal(agent.center, make().center)
    learner = agent.make_learner("meta/PointGoal-v0", n_envs=2, env_kwargs=POINT).learn(32)
    assert learner.loop.learners["memory"].abs().sum() > 0
    learner.save(tmp_path / "learner")
    again = EPGLearner.load(tmp_path / "learner")
    assert torch.equal(again._found["found"], agent.center)
    for one in (learner, again):
        one.learn(32, reset_num_timesteps=False)
    assert torch.equal(again.loop.learners["policy"], learner.loop.learners["policy"])
    with pytest.raises(ValueError, match="the agent was trained on"):
        agent.make_learner("CartPole-v1")
    assert make("CartPole-v1").learn(1, log_interval=None).num_timesteps > 64


@pytest.mark.parametrize(
    ("arguments", "words", "error"),
    [
        ({"buffer_size": 20}, "buffer_size=20", ValueError),
        ({"life": 4}, "no learner would be updated", ValueError),
        ({"env": "meta/Catch-v0", "env_kwargs": {"pixels": True}, "policy": "CnnPolicy"},
         "vectors", TypeError),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(arguments, words, error):
    with pytest.raises(error, match=words):
        if "policy" in arguments:
            EPG(**arguments)
        else:
            make(**arguments)
