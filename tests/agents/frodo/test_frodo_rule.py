"""FRODO's rule: the meta-gradient of its targets, and their consistency."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.core.learning.functional import SGD, Adam
from agents.core.lifetimes import window
from agents.core.lifetimes.actor_critic import ActorCriticRule
from agents.core.lifetimes.optimizers import DIFFERENTIABLE
from agents.frodo import rule as frodo_rule
from agents.frodo.rule import TargetRule, target_network
from tests.agents.core.lifetimes import unrolls


def make(optimizer="rmsprop", bootstrap=False, **more):
    net = unrolls.network()
    inner = ActorCriticRule(
        net, DIFFERENTIABLE[optimizer], unrolls.STEPS, 0.05, 0.9, 0.8, 0.01, 0.5, None
    )
    targets, meta = target_network(3, bootstrap)
    given = {
        **{"meta_optimizer": SGD(), "meta_learning_rate": 0.1, "inner_steps": 2},
        **{"consistency_coef": 0.1, "bootstrap": bootstrap, **more},
    }
    return TargetRule(inner=inner, meta=meta, targets=targets, **given)


def new(rule, learners=1):
    born = rule.begin(list(range(learners)))
    whole = unrolls.doubled({**born, **rule.room(born, unrolls.ROWS)})
    real = rule.meta.columns()
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(learners, len(real), generator=generator, dtype=torch.float64)
    whole["eta"][:, real] += 0.3 * noise
    return window.begin(whole)


def judged(rule, first, seen, last, eta):
    """Return the outer loss of the parameters after two updates with `eta`, plus eta's own."""
    learners = first
    for one in seen[:2]:
        after, _ = rule.step(learners, one, rule.meta.values(eta), None, graph=False)
        learners = {**learners, **after}
    loss, _ = rule.outer(last, learners["policy"], seen[2], fixed=last["policy"])
    own, _ = rule.direct(eta, last, seen[2])
    return loss + own


def compared(rule, first, seen):
    """Return the meta-gradient along some directions [M, D], and what it should be."""
    last = first
    for one in seen[:2]:
        last, _ = rule.update(last, one)
    after, _ = rule.update(last, seen[2])

    def objective(eta):
        return judged(rule, first, seen, last, eta)

    directions, wanted = unrolls.slopes(objective, first["eta"], rule.meta.columns())
    return (first["eta"] - after["eta"]) @ directions.T / rule.meta_learning_rate, wanted


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("optimizer", ["rmsprop", "sgd"])
def test_the_meta_gradient_is_the_derivative_of_the_outer_loss(optimizer, bootstrap):
    rule = make(optimizer, bootstrap, consistency_coef=0.0)
    seen, first = [unrolls.make(seed, learners=2) for seed in range(3)], new(rule, 2)
    got, wanted = compared(rule, first, seen)
    assert wanted.abs().max() > 1e-5
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-8)


def test_with_detached_targets_the_derivative_is_missed(monkeypatch):
    rule = make(consistency_coef=0.0)
    seen, first = [unrolls.make(seed) for seed in range(3)], new(rule)
    _, wanted = compared(rule, first, seen)
    plain = frodo_rule.actor_critic_loss

    def detached(log_prob, entropy, values, advantages, targets, mask, **more):
        return plain(log_prob, entropy, values, advantages.detach(), targets, mask, **more)

    monkeypatch.setattr(frodo_rule, "actor_critic_loss", detached)
    got, _ = compared(rule, first, seen)
    assert not np.allclose(got, wanted, rtol=1e-3, atol=1e-8)


def test_consistent_targets_are_rewards_plus_discounted_next_targets(monkeypatch):
    rule, seen = make(consistency_coef=0.5), unrolls.make(3)
    learners = new(rule)
    outputs, next_values = seen.values(rule.network, learners["policy"])
    values = rule.meta.values(learners["eta"])
    targets = rule.targets_of(values, outputs, next_values, seen).squeeze(1)
    rewards, errors = seen.rewards.squeeze(1), []
    for step in range(unrolls.STEPS - 1):  # after the last step nothing is known
        for row in range(unrolls.ROWS):
            if (step, row) == (0, 1):
                continue  # cut: what followed is unknown
            later = 0.0 if (step, row) == (1, 0) else 0.9 * targets[step + 1, row]
            errors.append(float(rewards[step, row] + later - targets[step, row]) ** 2)
    loss, figures = rule.direct(learners["eta"], learners, seen)
    assert float(loss) == pytest.approx(0.5 * np.mean(errors))
    assert float(figures["consistency_loss"]) == pytest.approx(np.mean(errors))
    eta = learners["eta"].clone().requires_grad_()
    (own,) = torch.autograd.grad(rule.direct(eta, learners, seen)[0].sum(), eta)
    assert own.abs().max() > 0


def test_added_to_one_step_targets_the_network_is_silent_at_first():
    rule, seen = make(bootstrap=True), unrolls.make(3)
    born = rule.begin([0])
    policy = born["policy"].double()
    outputs, next_values = seen.values(rule.network, policy)
    eta = rule.meta.values(born["eta"].double())
    targets = rule.targets_of(eta, outputs, next_values, seen)
    torch.testing.assert_close(targets, seen.rewards + 0.9 * seen.alive * next_values)


def test_a_path_computed_again_gives_the_same_bits():
    rule, other = make(meta_optimizer=Adam()), make(meta_optimizer=Adam())
    learners = copies = new(rule)
    for seed in range(6):
        seen = unrolls.make(seed)
        learners, _ = rule.update(learners, seen)
        copies, _ = other.update({name: part.clone() for name, part in copies.items()}, seen)
        for name, part in learners.items():
            assert torch.equal(part, copies[name]), name
