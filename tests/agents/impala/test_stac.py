"""STAC and STACX: exact meta-gradients, identity with IMPALA, heads that never act, resuming."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from agents import IMPALA, STAC, STACX
from agents.core.learning.functional import SGD, RMSProp
from agents.core.lifetimes import losses
from agents.core.lifetimes.meta_parameters import Bounded, MetaParameters
from agents.core.losses.finite import NotFiniteError
from agents.core.losses.returns import vtrace
from agents.core.nets.actor_critic import ActorCritic
from agents.impala.rule import ImpalaRule
from agents.impala.stac_rule import NAMES, StacRule, auxiliary_name, eta_name
from tests.agents.core.lifetimes import unrolls

KINDS = {"STAC": STAC, "STACX": STACX}


def make(auxiliary=0, **more):
    """A rule whose meta-optimiser is SGD of rate 1, so that it shows the meta-gradient."""
    further = [auxiliary_name(index + 1) for index in range(auxiliary)]
    network = ActorCritic(
        unrolls.SEEN,
        unrolls.MOVES,
        [4],
        {"value": 1, **dict.fromkeys(further, 3)},
        deeper=dict.fromkeys(further, [3]),
    )
    inner = ImpalaRule(
        network,
        RMSProp(eps=0.0, eps_root=0.01),
        unrolls.STEPS,
        0.05,
        **{"gamma": 0.95, "gae_lambda": 0.9, "ent_coef": 0.1, "vf_coef": 0.5, **more},
        max_grad_norm=2.0,
    )
    names = [eta_name(name, index) for index in range(auxiliary + 1) for name in NAMES]
    start = np.linspace(0.4, 0.9, len(names))
    meta = MetaParameters({n: Bounded(float(s)) for n, s in zip(names, start, strict=True)})
    given = {"meta_optimizer": SGD(), "meta_learning_rate": 1.0, "judged_by": "same"}
    return StacRule(inner=inner, meta=meta, kl_coef=0.7, auxiliary=auxiliary, **given)


def new(rule, learners=2):
    return unrolls.doubled(rule.begin(list(range(learners))))


def slopes(rule, learners, seen, width=1e-5):
    """Return finite differences of the outer loss, whose targets stay, [M, numbers of eta]."""

    def updated(eta):
        return rule.step(learners, seen, rule.meta.values(eta), None, graph=False)[0]["policy"]

    now = updated(learners["eta"])

    def judged(eta):
        return rule.outer(learners, updated(eta), seen, fixed=now)[0]

    found = []
    for column in rule.meta.columns():
        nudge = torch.zeros_like(learners["eta"])
        nudge[:, column] = width
        high, low = judged(learners["eta"] + nudge), judged(learners["eta"] - nudge)
        found.append((high - low) / (2 * width))
    return torch.stack(found, dim=1)


def followed(rule, learners, seen):
    after, _ = rule.update(learners, seen)
    return (learners["eta"] - after["eta"])[:, rule.meta.columns()]


@pytest.mark.parametrize("auxiliary", [0, 2])
def test_the_meta_gradient_is_the_derivative_of_the_outer_loss(auxiliary):
    rule = make(auxiliary)
    learners, seen = new(rule), unrolls.make(0, learners=2, net=rule.network)
    got = followed(rule, learners, seen)
    wanted = slopes(rule, learners, seen)
    assert (wanted.abs().amax(dim=0) > 1e-6).all()  # of every meta-parameter
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-9)


def test_with_detached_targets_the_derivative_is_missed(monkeypatch):
    rule = make()
    learners, seen = new(rule), unrolls.make(0, learners=2, net=rule.network)
    plain = losses.returns_of

    def detached(*given):
        return type(plain(*given))(*(part.detach() for part in plain(*given)))

    with monkeypatch.context() as patch:
        patch.setattr(losses, "returns_of", detached)
        got = followed(rule, learners, seen)
    wanted = slopes(rule, learners, seen)
    of_returns = [NAMES.index(name) for name in ("gamma", "gae_lambda", "alpha")]
    assert not np.allclose(got[:, of_returns], wanted[:, of_returns], rtol=1e-3, atol=1e-9)


def test_alpha_leaks_from_v_trace_to_importance_sampling():
    rule, seen = make(), unrolls.make(3)
    ratio = torch.linspace(0.2, 3.0, 8, dtype=torch.float64).reshape(4, 1, 2)
    values, after = torch.randn(2, 4, 1, 2, dtype=torch.float64)

    def targets(alpha=None, **bounds):
        given = {"leak": 1.0 - alpha} if alpha is not None else bounds
        discounts = 0.9 * seen.alive
        return vtrace(
            seen.rewards, values, after, discounts, seen.continues, ratio.log(), 0.8, **given
        ).targets

    assert rule._constants({"alpha": torch.tensor([0.25])}, 0).leak.tolist() == [[0.75]]
    torch.testing.assert_close(targets(1.0), targets(rho_bar=1.0, c_bar=1.0), rtol=0, atol=1e-6)
    torch.testing.assert_close(targets(0.0), targets(rho_bar=None, c_bar=None), rtol=0, atol=1e-6)
    assert not torch.allclose(targets(0.5), targets(1.0))


def agent(cls=STAC, id_="meta/GridNavi-v0", **keywords):
    given = {"n_envs": 4, "n_steps": 5, "seed": 3, "policy_kwargs": {"net_arch": [8]}}
    return cls("MlpPolicy", id_, **{**given, "learning_rate": 0.01, **keywords})


def test_with_constants_that_stay_it_is_impala_bit_for_bit():
    given = {"gamma": 0.97, "vf_coef": 0.4, "ent_coef": 0.02, "lag": 1, "clip_reward": 0.5}
    still = agent(meta_learning_rate=0.0, **given)
    values = still.rule.meta.values(still.loop.learners["eta"])
    constants = still.rule._constants(values, 0)
    numbers = {
        name: float(value) if isinstance(value, torch.Tensor) else value
        for name, value in constants._asdict().items()
    }
    plain = agent(IMPALA, **given)
    plain.loop.rule = plain.rule = dataclasses.replace(plain.rule, **numbers)
    still.learn(400)
    plain.learn(400)
    for name, part in plain.loop.learners.items():
        assert torch.equal(part, still.loop.learners[name]), name
    moving = agent(**given).learn(400)
    assert not torch.equal(moving.loop.learners["policy"], plain.loop.learners["policy"])


def test_auxiliary_heads_learn_but_never_act_and_are_not_judged():
    rule = make(auxiliary=2)
    learners, seen = new(rule), unrolls.make(0, learners=2, net=rule.network)
    policy = learners["policy"].clone().requires_grad_()
    named = rule.network.layout.unflatten
    loss, _ = rule.inner_loss(policy, seen, rule.meta.values(learners["eta"]))
    (grads,) = torch.autograd.grad(loss.sum(), policy)
    assert named(grads)["auxiliary_1.weight"].any()
    judged, _ = rule.outer(learners, policy, seen)
    (grads,) = torch.autograd.grad(judged.sum(), policy)
    assert not named(grads)["auxiliary_1.weight"].any()
    changed = {name: part.clone() for name, part in learners.items()}
    named(changed["policy"])["auxiliary_1.weight"].add_(1.0)
    inputs, noise = seen.inputs[0], torch.full((2, 2, 1), 0.5, dtype=torch.float64)
    acted = [rule.act(one, inputs, None, noise).record["policy"] for one in (learners, changed)]
    assert torch.equal(*acted)
    shapes = agent(STACX).network.layout.shapes
    assert shapes["auxiliary_2.1.weight"] == (256, 256)


@pytest.mark.parametrize("kind", KINDS)
def test_a_life_goes_on_from_a_file(kind, tmp_path):
    cls = KINDS[kind]
    whole, first = (agent(cls, lag=1, n_steps=4).learn(steps) for steps in (160, 64))
    first.save(tmp_path / "a.zip")
    rest = cls.load(tmp_path / "a.zip").learn(96, reset_num_timesteps=False)
    for name, part in whole.loop.learners.items():
        assert torch.equal(part, rest.loop.learners[name]), name
    assert {"gamma", "kl"} <= whole.loop.figures.keys()
    start = whole.make_learner(whole.env_id)
    of_both = [one.loop.learners["eta"] for one in (start, whole)]
    torch.testing.assert_close(*of_both, rtol=1e-4, atol=1e-4)
    eta = start.loop.learners["eta"].clone()
    start.learn(80)
    assert torch.equal(start.loop.learners["eta"], eta)


def test_a_meta_gradient_that_is_not_finite_is_named(monkeypatch):
    one = agent().learn(40)
    before = {name: part.clone() for name, part in one.loop.learners.items()}
    monkeypatch.setattr(
        StacRule,
        "outer",
        lambda self, learners, policy, unroll: (policy.sum(dim=1) * float("nan"), {}),
    )
    with pytest.raises(NotFiniteError, match=r"outer objective is not finite.*after iteration 2"):
        one.learn(40, reset_num_timesteps=False)
    assert all(torch.equal(part, one.loop.learners[name]) for name, part in before.items())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"eta": ("gama",)}, "must be one or several of"),
        ({"eta": ()}, "must be one or several of"),
        ({"eta_start": {"gamma_1": 0.5}}, "eta_start has 'gamma_1'"),
        ({"eta_start": {"gamma": 1.0}}, "strictly between 0 and 1"),
        ({"kl_coef": -1.0}, "kl_coef=-1.0"),
    ],
)
def test_what_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        agent(**wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_actions_may_be_continuous(kind):
    one = KINDS[kind]("MlpPolicy", "Pendulum-v1", n_envs=2, n_steps=4, seed=0).learn(16)
    assert all(np.isfinite(part).all() for part in one.loop.figures.values())
