"""MetaGradient's rule: its meta-gradient is the derivative of the outer loss through the update."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.learning.functional import SGD, Adam
from agents.core.lifetimes import losses, path, window
from agents.core.lifetimes.actor_critic import ActorCriticRule
from agents.core.lifetimes.optimizers import DIFFERENTIABLE
from agents.core.losses.finite import NotFiniteError
from agents.core.nets.actor_critic import ActorCritic
from agents.meta_gradient.rule import ReturnsRule, meta_parameters
from tests.agents.core.lifetimes import unrolls

ETAS = [("gamma",), ("gamma", "gae_lambda"), ("gamma", "gae_lambda", "reward")]


def make(eta=("gamma", "gae_lambda"), optimizer="rmsprop", net=None, **more):
    tables, norm = more.pop("state_dependent", False), more.pop("max_grad_norm", 0.5)
    shown = 0 if tables else len({"gamma", "gae_lambda"} & set(eta))
    net = net or unrolls.network(context=shown)
    inner = ActorCriticRule(
        net, DIFFERENTIABLE[optimizer], unrolls.STEPS, 0.05, 0.9, 0.8, 0.02, 0.5, norm
    )
    initial = {"gamma": 0.9, "gae_lambda": 0.8}
    spaces_ = net.observation_space, net.action_space
    given = {
        **{"meta_optimizer": SGD(), "meta_learning_rate": 0.1, "embedding": bool(shown)},
        **{"outer_gamma": 0.97, "outer_lambda": 0.9, **more},
    }
    return ReturnsRule(inner=inner, meta=meta_parameters(eta, initial, *spaces_, tables), **given)


def new(rule, learners=1):
    born = rule.begin(list(range(learners)))
    whole = {**born, **rule.room(born, unrolls.ROWS)}
    generator = torch.Generator().manual_seed(3)
    whole = unrolls.doubled(whole)
    real = rule.meta.columns()
    whole["eta"][:, real] += 0.5 * torch.randn(
        learners, len(real), generator=generator, dtype=torch.float64
    )
    return rule.settle(window.begin(rule.settle(whole)))


@contextlib.contextmanager
def shown_as_now(rule, learners):
    """Let the network see the present gamma and lambda, whatever eta is tried.

    The meta-gradient is of the return, as in the paper, not of what the network sees.
    """
    shown = rule._shown(rule.meta.values(learners["eta"]))
    rule._shown = lambda eta: shown
    yield
    del rule._shown


def outer_loss(rule, learners, eta, first, second):
    """Return the outer loss [M] after one update made with `eta`.

    Its returns are constants, as in every policy gradient: those of the eta that learners have.
    """
    after, now = (
        rule.step(learners, first, rule.meta.values(one), None, graph=False)[0]["policy"]
        for one in (eta, learners["eta"])
    )
    return rule.outer(learners, after, second, fixed=now)[0]


def compared(rule, learners, first, second):
    """Return the meta-gradient that `update` used (its optimiser is SGD), and what it should be.

    Both along some directions of eta, [M, D].
    """

    def objective(eta):
        with shown_as_now(rule, learners):
            return outer_loss(rule, learners, eta, first, second)

    directions, wanted = unrolls.slopes(objective, learners["eta"], rule.meta.columns())
    learnt, _ = rule.update(learners, first)
    after, _ = rule.update(learnt, second)
    grads = (learners["eta"] - after["eta"]) / rule.meta_learning_rate
    return grads @ directions.T, wanted


@pytest.mark.parametrize("eta", ETAS, ids="-".join)
@pytest.mark.parametrize("optimizer", sorted(DIFFERENTIABLE))
def test_the_meta_gradient_is_the_derivative_of_the_outer_loss(eta, optimizer):
    rule = make(eta, optimizer=optimizer)
    first, second = (unrolls.make(seed, learners=2, net=rule.network) for seed in (0, 1))
    learners = new(rule, 2)
    got, wanted = compared(rule, learners, first, second)
    assert wanted.abs().max() > 1e-5
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-8)


def test_with_detached_targets_the_derivative_is_missed(monkeypatch):
    """The check above can fail: it does for the very mistake that it is meant for."""
    rule = make(("gamma", "reward"))
    first, second = unrolls.make(0), unrolls.make(1)
    learners = new(rule)
    _, wanted = compared(rule, learners, first, second)
    plain = losses.returns_of

    def detached(*given, **more):
        found = plain(*given, **more)
        return found._replace(advantages=found.advantages.detach())

    monkeypatch.setattr(losses, "returns_of", detached)
    got, _ = compared(rule, learners, first, second)
    assert not np.allclose(got, wanted, rtol=1e-3, atol=1e-8)

    def constant(*given, **more):
        return type(plain(*given, **more))(*(part.detach() for part in plain(*given, **more)))

    monkeypatch.setattr(losses, "returns_of", constant)
    with pytest.raises(RuntimeError, match=r"does not require grad|not have been used"):
        compared(rule, learners, first, second)  # no silent zero


def test_state_dependent_numbers_belong_to_the_state_that_is_left():
    net = ActorCritic(spaces.Discrete(3), spaces.Discrete(1), torso="table")
    rule = make(net=net, state_dependent=True, optimizer="sgd")

    def unroll(seed):
        made = unrolls.make(seed)
        states = torch.tensor([0, 1, 0, 1, 2]).reshape(5, 1, 1).expand(5, 1, 2)
        return type(made)(
            **{
                **vars(made),
                **{"inputs": states, "actions": torch.zeros_like(made.actions)},
                **{"cut_inputs": None, "cut": torch.zeros_like(made.cut)},
                "continues": torch.tensor([1.0, 1, 1, 0]).reshape(4, 1, 1).expand(4, 1, 2),
                "alive": torch.ones_like(made.alive),
            }
        )

    learners = new(rule)
    got, wanted = compared(rule, learners, unroll(0), unroll(1))
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-9)
    after, _ = rule.update(rule.update(learners, unroll(0))[0], unroll(1))
    moved = (after["eta"] - learners["eta"])[0, rule.meta.columns()].reshape(2, 3)
    assert moved[:, :2].abs().min() > 0
    assert moved[0, 2] == moved[1, 2] == 0  # no step leaves state 2
    assert set(rule.meta.figures(learners["eta"])) >= {"gamma", "gamma.0", "gae_lambda.2"}


def test_the_trace_sums_the_derivatives_of_earlier_updates():
    rule = make(trace=0.6, optimizer="adam")
    seen = [unrolls.make(seed, learners=2, net=rule.network) for seed in range(4)]
    learners, _ = rule.update(new(rule, 2), seen[0])
    wanted, width = 0.0, 1e-6
    for first, second in zip(seen[:-1], seen[1:], strict=True):
        columns = []
        for column in rule.meta.columns():
            nudge = torch.zeros_like(learners["eta"])
            nudge[:, column] = width
            etas = [rule.meta.values(learners["eta"] + sign * nudge) for sign in (1, -1)]
            with shown_as_now(rule, learners):
                high, low = (
                    rule.step(window.start(learners), first, eta, None, graph=False)[0]["policy"]
                    for eta in etas
                )
            columns.append((high - low) / (2 * width))
        wanted = 0.6 * wanted + torch.stack(columns, dim=1)
        point = learners["policy"].clone().requires_grad_()
        (slope,) = torch.autograd.grad(rule.outer(learners, point, second)[0].sum(), point)
        change = -0.1 * (wanted * slope[:, None]).sum(dim=-1)
        after, _ = rule.update(learners, second)
        np.testing.assert_allclose(after["trace"], wanted, rtol=1e-3, atol=1e-7)
        moved = (after["eta"] - learners["eta"])[:, rule.meta.columns()]
        np.testing.assert_allclose(moved, change, rtol=1e-3, atol=1e-9)
        learners = after
    assert wanted.abs().max() > 1e-4


def test_a_path_computed_again_gives_the_same_bits():
    for trace, eta in ((0.0, ETAS[2]), (0.5, ETAS[1])):
        rule = make(eta, trace=trace, meta_optimizer=Adam())
        other = make(eta, trace=trace, meta_optimizer=Adam())
        learners = new(rule)
        copies = dict(learners)
        for seed in range(5):
            seen = unrolls.make(seed)
            learners, figures = rule.update(learners, seen)
            # a clone knows no graph, as after reading a file
            copies = {name: part.clone() for name, part in copies.items()}
            copies, shown = other.update(copies, seen)
            assert learners.keys() == copies.keys()
            for name, part in learners.items():
                assert torch.equal(part, copies[name]), name
            assert all(torch.equal(figures[name], shown[name]) for name in figures)


def test_learners_that_are_not_in_step_are_as_each_alone():
    rule = make(meta_optimizer=Adam())
    both = new(rule, 2)
    seen = [unrolls.make(seed, learners=2) for seed in range(3)]
    only = torch.tensor([1])
    one = {name: part[only] for name, part in both.items()}
    one, _ = rule.update(one, window.of_learners(seen[0], only))
    mixed = {name: part.index_copy(0, only, one[name]) for name, part in both.items()}
    assert mixed["window.count"].tolist() == [0, 1]
    mixed, figures = rule.update(mixed, seen[1])
    assert figures["meta_loss"].isnan().tolist() == [True, False]
    one, _ = rule.update(one, window.of_learners(seen[1], only))
    for name, part in one.items():
        assert torch.equal(mixed[name][1:], part), name


def test_what_is_remembered_is_what_was_played():
    rule = make()
    seen = unrolls.make(4, learners=2)
    learners = window.add(new(rule, 2), seen, 0)
    read = window.unroll(learners, 0)
    for name in ("inputs", "actions", "rewards", "alive", "continues", "mask", "cut"):
        assert torch.equal(getattr(read, name), getattr(seen, name)), name
    assert torch.equal(read.cut_inputs, seen.cut_inputs)
    assert torch.equal(read.record["policy"], seen.record["policy"])


def test_a_meta_gradient_that_is_not_finite_is_refused_by_name():
    rule = make(("gamma",), optimizer="sgd", max_grad_norm=None)
    learners, _ = rule.update(new(rule), unrolls.make(0))
    spoiled = {**learners, "trace": learners["eta"]}
    spoiled["window.unroll.rewards"] = learners["window.unroll.rewards"] * float("nan")
    with pytest.raises(NotFiniteError, match="the outer objective is not finite"):
        rule.update(spoiled, unrolls.make(1))
    with pytest.raises(NotFiniteError, match="meta-gradient of gamma is not finite") as raised:
        path.refuse_not_finite(torch.zeros(1), {"gamma": torch.tensor([float("inf")])})
    assert raised.value.term == "meta-gradient of gamma"


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="trace="):
        make(trace=0.5, inner_steps=2)
    with pytest.raises(ValueError, match="differentiable=True"):
        make().update({}, None, differentiable=True)
    assert path.Latest().path is None
