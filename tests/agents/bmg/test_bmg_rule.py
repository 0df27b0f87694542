"""BMG's rule: its meta-gradient, its target, and that with L = 1 it is a meta-gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.bmg.rule import ENT_COEF, BootstrapRule
from agents.core.learning.functional import SGD, Adam
from agents.core.lifetimes import losses, window
from agents.core.lifetimes.actor_critic import ActorCriticRule
from agents.core.lifetimes.optimizers import DIFFERENTIABLE
from tests.agents.core.lifetimes import unrolls


def make(optimizer="rmsprop", context=3, **more):
    net = unrolls.network()
    inner = ActorCriticRule(
        net, DIFFERENTIABLE[optimizer], unrolls.STEPS, 0.05, 0.9, 0.8, 0.0, 0.5, None
    )
    given = {
        **{"meta_optimizer": SGD(), "meta_learning_rate": 0.1, "inner_steps": 2, "more_steps": 2},
        **{"matching": "kl", "value_match_coef": 0.3, **more},
    }
    meta = ENT_COEF.meta_parameters(0.2, context, 4)
    return BootstrapRule(inner=inner, meta=meta, context=context, **given)


def new(rule, learners=1):
    born = rule.begin(list(range(learners)))
    return window.begin(unrolls.doubled({**born, **rule.room(born, unrolls.ROWS)}))


def lived(rule, learners, seen):
    """Return the learners after each unroll."""
    states = []
    for one in seen:
        learners, _ = rule.update(learners, one)
        states.append(learners)
    return states


def after_inner_steps(rule, learners, seen, eta):
    for one in seen[: rule.inner_steps]:
        learners = rule.see(learners, one)
        values = rule.meta.values(eta)
        after, _ = rule.step(learners, one, values, learners.get("context"), graph=False)
        learners = {**learners, **after}
    return learners["policy"]


@pytest.mark.parametrize(("matching", "context"), [("kl", 3), ("kl", 0), ("squared", 3)])
@pytest.mark.parametrize("optimizer", ["rmsprop", "sgd"])
def test_the_meta_gradient_is_the_derivative_of_the_distance(matching, context, optimizer):
    rule = make(optimizer, context, matching=matching)
    seen = [unrolls.make(seed, learners=2) for seed in range(5)]
    first = new(rule, 2)
    states = lived(rule, first, seen)
    assert torch.equal(states[3]["eta"], first["eta"])  # K + L - 1 updates with the same eta
    last = rule.see(states[3], seen[4])

    def distance(eta):
        return rule.outer(last, after_inner_steps(rule, first, seen, eta), seen[4])[0]

    directions, wanted = unrolls.slopes(distance, first["eta"], rule.meta.columns())
    got = (first["eta"] - states[4]["eta"]) @ directions.T / rule.meta_learning_rate
    assert wanted.abs().max() > 1e-7
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-9)


def test_with_a_detached_bonus_there_is_no_meta_gradient(monkeypatch):
    rule = make(context=0)
    plain = losses.actor_critic_loss

    def detached(*given, ent_coef, **more):
        return plain(
            *given, ent_coef=ent_coef.detach() if hasattr(ent_coef, "detach") else 0.0, **more
        )

    monkeypatch.setattr(losses, "actor_critic_loss", detached)
    with pytest.raises(RuntimeError, match=r"does not require grad|not have been used"):
        lived(rule, new(rule), [unrolls.make(seed) for seed in range(5)])


def test_the_target_is_constant_and_a_step_without_the_bonus():
    rule = make("sgd")
    learners, seen = new(rule), unrolls.make(7)
    target = rule.target(learners, seen)
    assert not target.requires_grad
    policy = learners["policy"].clone().requires_grad_()
    loss, _ = rule.inner.loss(policy, seen)  # whose own bonus is 0
    (slope,) = torch.autograd.grad(loss.sum(), policy)
    torch.testing.assert_close(target, learners["policy"] - 0.05 * slope)


def test_one_target_step_and_squared_distance_are_a_plain_meta_gradient():
    rule = make("sgd", context=3, matching="squared", inner_steps=1, more_steps=0)
    first, seen = new(rule), [unrolls.make(seed) for seed in (0, 1)]
    states = lived(rule, first, seen)
    got = (first["eta"] - states[1]["eta"]).flatten()

    eta = first["eta"].clone().requires_grad_()
    noted = rule.see(first, seen[0])
    after, _ = rule.step(noted, seen[0], rule.meta.values(eta), noted["context"], graph=True)
    loss, _ = rule.inner.loss(after["policy"], seen[1])
    (plain,) = torch.autograd.grad(loss.sum(), eta)
    assert torch.cosine_similarity(got, plain.flatten(), dim=0) > 0.999


def test_the_context_is_the_latest_rewards_by_their_scale():
    rule = make(context=3)
    learners, rewards = new(rule), []
    for seed in range(4):
        seen = unrolls.make(seed)
        learners = rule.see(learners, seen)
        rewards.append(float(seen.rewards.mean()))
    scale = np.sqrt(np.mean(np.square(rewards)))
    wanted = np.tanh(np.array(rewards[1:]) / scale)
    np.testing.assert_allclose(learners["context"][0], wanted, rtol=1e-6)


def test_a_path_computed_again_gives_the_same_bits():
    rule, other = make(meta_optimizer=Adam()), make(meta_optimizer=Adam())
    learners = copies = new(rule)
    for seed in range(10):
        seen = unrolls.make(seed)
        learners, _ = rule.update(learners, seen)
        copies, _ = other.update({name: part.clone() for name, part in copies.items()}, seen)
        for name, part in learners.items():
            assert torch.equal(part, copies[name]), name


def test_the_bonus_begins_where_it_is_told():
    rule = make(context=0)
    values = rule.meta.values(rule.begin([0])["eta"])
    assert float(ENT_COEF.value(values, None)) == pytest.approx(0.2, abs=1e-5)
    rule = make(context=3)
    values = rule.meta.values(rule.begin([0])["eta"])
    assert float(ENT_COEF.value(values, torch.zeros(1, 3))) == pytest.approx(0.2, abs=1e-5)
