"""QBMG's rule: its returns, its policy, and the meta-gradient of its epsilon."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.bmg.context import RewardContext
from agents.bmg.q_network import EpsilonGreedyQ, epsilon_greedy
from agents.bmg.q_rule import EPSILON, EpsilonRule
from agents.core.learning.functional import SGD
from tests.agents.core.lifetimes import unrolls

TARGET = 3


def make(context=3, q_lambda=0.8):
    return EpsilonRule(
        network=EpsilonGreedyQ(unrolls.SEEN, unrolls.MOVES, net_arch=[4]),
        **{"optimizer": SGD(), "n_steps": unrolls.STEPS, "learning_rate": 0.05, "gamma": 0.9},
        **{"q_lambda": q_lambda, "max_grad_norm": None, "meta_optimizer": SGD()},
        **{"meta_learning_rate": 0.1, "meta_max_grad_norm": None, "target_steps": TARGET},
        meta=EPSILON.meta_parameters(0.2, context, 4),
        context=RewardContext(context),
    )


def new(rule, learners=2):
    begun = unrolls.doubled(rule.begin(list(range(learners))))
    epsilon = torch.full((learners,), 0.2, dtype=torch.float64)
    policy = rule.network.with_epsilon(begun["policy"], epsilon)
    return {**begun, "policy": policy, "start": policy}


def seen(count, net, learners=2):
    return [unrolls.make(seed, learners, net=net) for seed in range(count)]


def test_the_policy_is_epsilon_greedy():
    q = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
    probabilities = epsilon_greedy(q, torch.tensor([[0.2]])).exp()
    torch.testing.assert_close(probabilities, torch.tensor([[0.05, 0.85, 0.05, 0.05]]))


@pytest.mark.parametrize("q_lambda", [0.0, 0.8, 1.0])
def test_targets_are_pengs_returns(q_lambda):
    rule = make(q_lambda=q_lambda)
    learners, one = new(rule), seen(1, make().network)[0]
    params = learners["policy"]
    q = rule.network.over_time(params, one.inputs)["q"]
    at_cuts = rule.network.apart(params, one.cut_inputs)["q"].amax(-1)
    best = torch.where(one.cut > 0, at_cuts, q[1:].amax(-1))
    wanted, after = torch.zeros_like(one.rewards), torch.zeros_like(one.rewards[0])
    for step in reversed(range(unrolls.STEPS)):
        mixed = (1 - q_lambda) * best[step] + q_lambda * after
        ahead = torch.where(one.continues[step] > 0, mixed, best[step])
        after = wanted[step] = one.rewards[step] + 0.9 * one.alive[step] * ahead
    played = q[:-1].gather(-1, one.actions[..., None])[..., 0]
    loss = 0.5 * (wanted - played).square().mean(dim=(0, 2))
    torch.testing.assert_close(rule.loss(params, one), loss)


@pytest.mark.parametrize("context", [0, 3])
def test_the_meta_gradient_is_the_derivative_of_the_distance(context):
    rule = make(context)
    first, unrolls_seen = new(rule), seen(TARGET, make().network)
    if context:  # at 0 the network's ReLUs have no derivative
        generator = torch.Generator().manual_seed(3)
        first["start_context"] = torch.rand(2, 3, generator=generator, dtype=torch.float64)
    learners = first
    for one in unrolls_seen:
        before, (learners, figures) = learners, rule.update(learners, one)
    assert torch.equal(before["eta"], first["eta"])  # until the target is reached
    at_target = {**learners, "start": first["start"]}
    if context:
        at_target["start_context"] = first["start_context"]

    def distance(eta):
        return rule.distance(eta, at_target, unrolls_seen[-1])

    directions, wanted = unrolls.slopes(distance, first["eta"], rule.meta.columns())
    got = (first["eta"] - learners["eta"]) @ directions.T / rule.meta_learning_rate
    assert wanted.abs().max() > 1e-7
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-9)
    torch.testing.assert_close(distance(first["eta"]), figures["meta_loss"])


def test_with_a_detached_epsilon_there_is_no_meta_gradient(monkeypatch):
    rule = make(0)
    plain = type(EPSILON).value
    monkeypatch.setattr(type(EPSILON), "value", lambda *given: plain(*given).detach())
    learners = new(rule)
    with pytest.raises(RuntimeError, match="does not require grad"):
        for one in seen(TARGET, rule.network):
            learners, _ = rule.update(learners, one)


@pytest.mark.parametrize(("changed", "grows"), [(False, False), (True, True)])
def test_epsilon_grows_where_the_best_action_changes(changed, grows):
    rule = make(0)
    learners = new(rule)
    learners["updates"] += TARGET - 1
    one = seen(1, rule.network)[0]
    if changed:  # values of the other sign have the other action as their best
        layout, negated = rule.network.layout, learners["policy"].clone()
        for name in ("heads.weight", "heads.bias"):
            begin, size = layout.begins[name], layout.unflatten(negated)[name][0].numel()
            negated[:, begin : begin + size] *= -1
        learners["start"] = negated
    rule.learning_rate = 0.0
    after, _ = rule.update(learners, one)
    moved = after["eta"][:, :1] - learners["eta"][:, :1]
    assert bool(((moved > 0) == grows).all())


def test_learners_adapt_each_at_its_own_time():
    rule = make()
    learners = new(rule)
    learners["updates"][1] = TARGET - 1
    after, figures = rule.update(learners, seen(1, rule.network)[0])
    assert torch.equal(after["eta"][0], learners["eta"][0])
    assert not torch.equal(after["eta"][1], learners["eta"][1])
    assert figures["meta_loss"].isnan().tolist() == [True, False]
    assert after["updates"].tolist() == [1, 0]


def test_descent_leaves_epsilon_alone_and_every_policy_has_its_own():
    rule = make()
    learners = rule.begin([0, 1])
    params = rule.network.with_epsilon(learners["policy"], torch.tensor([0.25, 0.75]))
    shown = rule.network.layout.unflatten(params)["epsilon"][:, 0]
    torch.testing.assert_close(shown, torch.tensor([0.25, 0.75]))
    params.requires_grad_()
    loss = rule.loss(params, unrolls.make(0, 2, torch.float32, rule.network))
    (grads,) = torch.autograd.grad(loss.sum(), params)
    assert not rule.network.layout.unflatten(grads)["epsilon"].any()


def test_what_it_cannot_take():
    with pytest.raises(TypeError, match="Discrete actions, not Box"):
        EpsilonGreedyQ(unrolls.SEEN, spaces.Box(-1.0, 1.0, (2,)))
    with pytest.raises(ValueError, match="outputs={'x': 2}: there are action values alone"):
        EpsilonGreedyQ(unrolls.SEEN, unrolls.MOVES, outputs={"x": 2})
    with pytest.raises(ValueError, match="memory='lstm'"):
        EpsilonGreedyQ(unrolls.SEEN, unrolls.MOVES, memory="lstm")
