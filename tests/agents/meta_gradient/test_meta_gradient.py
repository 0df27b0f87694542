"""Agents that adapt their own learning: kill and resume, figures, errors, lives in `evaluate`."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import agents
from agents import evaluate
from agents.core.losses.finite import NotFiniteError
from tests.agents import small

NAMES = ["MetaGradient", "BMG", "QBMG", "FRODO"]
ID = "meta/GridNavi-v0"
MORE = {
    "trace": ("MetaGradient", {"trace": 0.5}),
    "reward": ("MetaGradient", {"eta": ("gamma", "reward")}),
    **{name: (name, {}) for name in NAMES},
    "without context": ("BMG", {"context": 0, "inner_steps": 2}),
}


def make(name, **more):
    return small.make(name, ID, **more)


def learners(agent):
    return {name: part.clone() for name, part in agent.loop.learners.items()}


@pytest.mark.parametrize("case", MORE)
def test_a_life_that_is_saved_and_read_goes_on_alike(case, tmp_path):
    """Nothing of the graphs is in a file: they are computed again, to the same bits."""
    name, given = MORE[case]
    whole = make(name, **given).learn(108)
    for first in (36, 48, 60):  # in the midst of a window too
        part = make(name, **given).learn(first)
        part.save(tmp_path / "a.zip")
        rest = type(part).load(tmp_path / "a.zip")
        rest.learn(108 - first, reset_num_timesteps=False)
        for key, values in learners(whole).items():
            assert torch.equal(values, learners(rest)[key]), key


def test_copies_go_on_alike():
    one = make("MetaGradient").learn(60)
    other = copy.deepcopy(one)
    for agent in (one, other):
        agent.learn(60, reset_num_timesteps=False)
    assert torch.equal(learners(one)["eta"], learners(other)["eta"])


@pytest.mark.parametrize("name", NAMES)
def test_meta_parameters_change_and_are_kept_by_evaluate(name):
    agent = make(name)
    before = learners(agent)["eta"]
    agent.learn(120)
    assert not torch.equal(learners(agent)["eta"], before)
    curve = evaluate(agent, ID, steps=24, bins=4, num_tasks=2, rows_per_task=2)
    shown = {"MetaGradient": "gamma", "QBMG": "epsilon"}
    shown |= {"BMG": "ent_coef", "FRODO": "consistency_loss"}
    assert curve.figures[shown[name]].shape == (2, 4)
    assert curve.figures["meta_grad_norm"].shape == (2, 4)


@pytest.mark.parametrize("name", NAMES)
def test_a_made_learner_has_the_learnt_meta_parameters_and_keeps_them(name, tmp_path):
    agent = make(name).learn(60)
    learnt = learners(agent)["eta"]
    made = agent.make_learner(ID, n_envs=2, seed=1)
    assert torch.equal(learners(made)["eta"], learnt)
    made.learn(30)
    made.save(tmp_path / "made.zip")
    for one in (made, type(made).load(tmp_path / "made.zip")):
        one.learn(30, reset_num_timesteps=False)
        assert torch.equal(learners(one)["eta"], learnt)
        new = one.inner_loop(one.venv)  # two learners of one row
        assert torch.equal(new.learners["eta"], learnt.repeat(2, 1))
    assert not torch.equal(agent.inner_loop(agent.venv).learners["eta"][:1], learnt)


def test_meta_parameters_of_other_spaces_do_not_fit():
    agent = make("MetaGradient", eta="reward")
    with pytest.raises(ValueError, match="they do not fit"):
        agent.make_learner("CartPole-v1")


def test_gamma_cannot_leave_its_bounds():
    agent = make("MetaGradient", meta_learning_rate=50.0, gamma=0.5).learn(240)
    values = agent.rule.meta.values(agent.loop.learners["eta"])
    assert learners(agent)["eta"].abs().max() > 100
    assert all(bool(((part > 0) & (part < 1)).all()) for part in values.values())


def test_a_meta_gradient_that_is_not_finite_leaves_the_last_good_state(tmp_path):
    agent = make("MetaGradient", eta=("gamma",)).learn(48)
    good = learners(agent)
    plain = agent.rule.outer

    def wrong(learners, policy, unroll):
        loss, figures = plain(learners, policy, unroll)
        return loss * float("nan"), figures

    agent.rule.outer = wrong
    with pytest.raises(NotFiniteError, match=r"not finite.*48 timesteps") as raised:
        agent.learn(48, reset_num_timesteps=False)
    assert raised.value.term == "outer objective"
    agent.save(tmp_path / "kept.zip")
    kept = type(agent).load(tmp_path / "kept.zip")
    assert all(torch.equal(part, learners(kept)[key]) for key, part in good.items())


def test_with_no_meta_learning_rate_it_is_an_actor_critic():
    more = {"n_envs": 4, "n_steps": 3, "seed": 0, "policy_kwargs": {"net_arch": (4,)}}
    plain = agents.A2C("MlpPolicy", ID, optimizer="sgd", **more).learn(60)
    meta = agents.MetaGradient(
        "MlpPolicy", ID, optimizer="sgd", meta_learning_rate=0.0, embedding=0, **more
    ).learn(60)
    np.testing.assert_allclose(
        learners(meta)["policy"], learners(plain)["policy"], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("MetaGradient", {"eta": ("gama",)}, r"\['gamma', 'gae_lambda', 'reward'\]"),
        ("MetaGradient", {"eta": ()}, "one or several"),
        ("MetaGradient", {"gamma": 1.0}, "initial value 1.0 must be between 0 and 1"),
        ("MetaGradient", {"eta": "reward", "trace": 0.5}, "leave 'reward' out"),
        ("MetaGradient", {"state_dependent": True}, "use embedding=0"),
        ("MetaGradient", {"policy_kwargs": {"memory": "lstm"}}, "without memory"),
        ("BMG", {"ent_coef": 0.0}, "strictly between 0 and 1"),
        ("BMG", {"target_steps": 0}, "target_steps=0"),
        ("BMG", {"matching": "l2"}, r"\['kl', 'squared'\]"),
        ("QBMG", {"epsilon": 1.0}, "strictly between 0 and 1"),
        ("FRODO", {"inner_steps": 0}, "inner_steps=0"),
    ],
)
def test_what_is_refused(name, wrong, words):
    with pytest.raises(ValueError, match=words):
        make(name, **wrong)


def test_states_must_be_told_apart():
    with pytest.raises(TypeError, match="needs Discrete observations"):
        agents.MetaGradient("MlpPolicy", "CartPole-v1", state_dependent=True, embedding=0)
