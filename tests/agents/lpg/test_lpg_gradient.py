"""The meta-gradient of LPG is that of finite differences, and every part of it is needed."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from agents.lpg.critic import Critic
from agents.lpg.losses import inner_loss, outer_loss
from agents.lpg.rule import LPGRule
from tests.agents.lpg.settings import STATES, doubled, make, unrolls

_STEP = 1e-5
_EXACT = {"agent_learning_rate": 3.0, "through_inputs": True}


def meta_loss(agent, between=lambda learners: learners):
    """Return the loss of learners that were updated twice, as training computes it."""
    *played, judged = (_seen(agent, unroll) for unroll in unrolls(3))
    learners, squares = doubled(agent), []
    for unroll in played:
        learners, figures = agent.rule.update(learners, unroll, differentiable=True)
        learners = between(learners)
        squares.append({name: one for name, one in figures.items() if name.endswith("_l2")})
    advantages = judged.rewards.flip(0)
    return agent.meta_loss(learners, judged, advantages, squares)[0].mean()


def _seen(agent, unroll):
    """Return an unroll with its states one-hot, where learners are networks."""
    if "net_arch" not in agent.policy_kwargs:
        return unroll
    shown = {
        name: torch.nn.functional.one_hot(getattr(unroll, name), STATES).double()
        for name in ("inputs", "cut_inputs")
    }
    return dataclasses.replace(unroll, **shown)


def errors(agent, **more):
    """Return how far the gradient along five directions is from finite differences."""
    flat = agent.rule_network.flat
    meta_loss(agent)  # makes it float64
    (grad,) = torch.autograd.grad(meta_loss(agent, **more), flat)
    random = torch.Generator().manual_seed(3)
    found = []
    for _ in range(5):
        along = torch.randn(grad.shape, generator=random, dtype=torch.float64)
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                flat += sign * _STEP * along
            values.append(float(meta_loss(agent).detach()))
            with torch.no_grad():
                flat -= sign * _STEP * along
        expected = (values[0] - values[1]) / (2 * _STEP)
        found.append(abs(float(grad @ along) - expected) / abs(expected))
    return found


# With seed 0 a kink of a temporal rule's ReLU lies within a step of one direction.
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"agent_max_grad_norm": None},
        {"policy_kwargs": {"net_arch": [5]}},
        {"temporal": True, "seed": 1},
    ],
    ids=["tables", "not clipped", "networks", "temporal"],
)
def test_the_meta_gradient_is_that_of_finite_differences(arguments):
    assert max(errors(make(**_EXACT, **arguments))) < 1e-5


def test_without_its_inputs_it_is_that_where_these_are_constants(monkeypatch):
    agent = make(agent_learning_rate=3.0)
    assert max(errors(agent)) > 1e-4  # what the rule is told moves with the rule
    targets, told = LPGRule.targets, {}

    def of_the_first_time(self, said, after, unroll, times):
        kept = told.setdefault(float(unroll.rewards.sum()), (said, after.detach()))
        return targets(self, *kept, unroll, times)

    monkeypatch.setattr(LPGRule, "targets", of_the_first_time)
    assert max(errors(agent)) < 1e-5


@pytest.mark.parametrize("which", [0, 1], ids=["policy", "prediction"])
def test_a_target_without_its_graph_fails(which, monkeypatch):
    agent = make(**_EXACT)
    targets, cutting = LPGRule.targets, [False]

    def detached(self, *given):
        asked = list(targets(self, *given))
        if cutting[0]:
            asked[which] = asked[which].detach()
        return tuple(asked)

    monkeypatch.setattr(LPGRule, "targets", detached)
    assert max(errors(agent)) < 1e-5
    cutting[0] = True
    assert max(errors(agent)) > 1e-3


def test_learners_without_the_graph_of_earlier_updates_are_noticed():
    def cut(learners):
        kept = learners["policy"].detach().requires_grad_()
        return {**learners, "policy": kept + 0 * learners["policy"]}

    assert max(errors(make(**_EXACT), between=cut)) > 1e-2


def test_a_learner_is_updated_alike_beside_others_and_alone():
    agent = make()
    born = agent.rule.begin(range(3))
    (unroll,) = unrolls(1, learners=3)
    single = {
        name: part.float() if part.is_floating_point() else part
        for name, part in vars(unroll).items()
        if isinstance(part, torch.Tensor)
    }
    whole, figures = agent.rule.update(born, type(unroll)(record={}, **single))
    for one in range(3):
        own = {name: part[one : one + 1] for name, part in born.items()}
        part = {name: values[:, one : one + 1] for name, values in single.items()}
        alone, its = agent.rule.update(own, type(unroll)(record={}, **part))
        assert all(torch.equal(alone[name][0], whole[name][one]) for name in whole)
        assert all(torch.equal(its[name][0], figures[name][one]) for name in figures)


def test_the_inner_loss_is_that_worked_out_by_hand():
    log_prob = torch.tensor([[[-1.0, -2.0]]])
    predicted = torch.tensor([0.5, 0.5]).log().expand(1, 1, 2, 2)
    wanted = torch.tensor([0.25, 0.75]).log().expand(1, 1, 2, 2)
    policy_target = torch.tensor([[[2.0, -1.0]]])
    loss, parts = inner_loss(log_prob, predicted, policy_target, wanted, torch.ones(1, 1, 2), 0.5)
    divergence = 0.5 * torch.tensor([2.0, 2.0 / 3.0]).log().sum()
    torch.testing.assert_close(parts["gain"], torch.tensor([0.0]))  # (-2 + 2) / 2
    torch.testing.assert_close(loss, (0.5 * divergence)[None])


def test_the_outer_loss_is_that_worked_out_by_hand():
    log_prob, advantages = torch.tensor([[[-1.0, -3.0]]]), torch.tensor([[[2.0, 1.0]]])
    predicted = torch.tensor([0.5, 0.5]).log().expand(1, 1, 2, 2)
    squares = {name: torch.tensor([3.0]) for name in ("policy_target_l2", "prediction_target_l2")}
    entropy, mask = torch.tensor([[[0.2, 0.4]]]), torch.tensor([[[1.0, 1.0]]])
    loss, parts = outer_loss(
        log_prob, advantages, entropy, predicted, squares, mask, (0.5, 0.1, 0.01, 0.02)
    )
    assert float(parts["meta_gain"]) == -2.5
    expected = 2.5 - 0.5 * 0.3 - 0.1 * torch.tensor(2.0).log() + 0.03 + 0.06
    torch.testing.assert_close(loss, expected[None])


def test_the_gradient_of_the_value_function_reaches_it():
    agent = make()
    critic: Critic = agent.rule.critic
    (unroll,) = unrolls(1)
    learners = {name: part.double() for name, part in critic.begin(range(2)).items()}
    losses = []
    for _ in range(60):
        learners, advantages, loss = critic.step(learners, unroll)
        losses.append(loss)
    assert (losses[-1] < 0.5 * losses[0]).all()
    assert not advantages.requires_grad
