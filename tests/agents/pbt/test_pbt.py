"""PBT over our agents and Stable-Baselines3's: copies, resuming, workers, bad input."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
import torch

import agents
from agents.pbt.segments import open_member, run
from agents.pbt.stable import dump

BANDIT = ("meta/BernoulliBandit-v0", {"pulls": 4})


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(algorithm="l2rl", **more):
    id, env_kwargs = BANDIT
    few = {"n_envs": 4, "members": 3, "ready": 16, "score_tasks": 8, "seed": 0, "preset": None}
    if algorithm == "l2rl":
        few["policy_kwargs"] = {"hidden_size": 4}
    return agents.PBT(algorithm, id, env_kwargs=env_kwargs, **{**few, **more})


def rounds(agent, count=2):
    for done in range(count):
        agent.learn(1, reset_num_timesteps=not done, log_interval=None)
    return agent


def test_the_worst_copies_the_best_with_everything():
    agent = make(explore={"learning_rate": ("log", 1e-4, 1e-2), "ent_coef": [0.0, 0.1]})
    rounds(agent)
    newest = agent.history[-1]
    (worst,) = np.flatnonzero(np.array(newest["parents"]) != np.arange(3))
    best = newest["parents"][worst]
    assert newest["scores"][best] == max(newest["scores"])
    assert newest["scores"][worst] == min(newest["scores"])
    assert agent._held.contents[worst] == agent._held.contents[best]
    assert agent.scores[worst] == newest["scores"][best]
    assert agent.values[best] == newest["values"][best] != agent.values[worst]
    opened = open_member(agent._segment(int(worst)), agent.venv)
    assert opened.learning_rate == agent.values[worst]["learning_rate"]
    assert isinstance(agent.best, agents.L2RL)


def test_arguments_given_are_begun_with():
    agent = make(member_kwargs={"learning_rate": 0.3}, explore={"learning_rate": ("log", 1e-3, 1)})
    assert agent.values == [{"learning_rate": 0.3}] * 3
    drawn = make().values
    assert len({one["learning_rate"] for one in drawn}) == 3
    assert drawn == make().values != make(seed=1).values


def test_members_may_begin_with_a_preset():
    given = {"preset": "dependent-bandit", "policy_kwargs": {"hidden_size": 4}, "batch_size": 2}
    agent = rounds(make("rl2", learning_rate=1e-3, member_kwargs=given))
    assert agent.best.gamma == 0.9 and agent.best.learning_rate == agent.values[0]["learning_rate"]


def test_a_member_trains_alike_wherever_it_is():
    """It is sent by pickle; `benchmarks/populations.py` compares 1, 2 and 4 processes and Ray."""
    agent = rounds(make(), 1)
    sent = pickle.loads(pickle.dumps(agent._segment(1)))
    here, there = run(agent._segment(1), agent.venv), run(sent)
    assert here == there and here.score == here.score


@pytest.mark.parametrize(
    ("algorithm", "kwargs"),
    [
        ("stable_baselines3:PPO", {"n_steps": 4, "batch_size": 16, "n_epochs": 1}),
        ("stable_baselines3:DQN", {"learning_starts": 4, "batch_size": 4, "buffer_size": 64}),
    ],
)
def test_members_of_stable_baselines_resume_bit_for_bit(algorithm, kwargs, tmp_path):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    kwargs = {**kwargs, "policy_kwargs": {"net_arch": [4]}}
    agent = make(algorithm, policy="MlpPolicy", member_kwargs=kwargs, members=2)
    rounds(agent, 1)
    agent.save(tmp_path / "pbt.zip")
    again = agents.PBT.load(tmp_path / "pbt.zip")
    for one in (agent, again):
        one.learn(1, reset_num_timesteps=False, log_interval=None)
    assert agent.history == again.history
    assert agent._held.contents == again._held.contents
    assert dump(agent.best) == dump(again.best)
    assert agent.best.num_timesteps == 32
    assert (before[0] == np.random.get_state()[1]).all()
    assert torch.equal(before[1], torch.get_rng_state())
    assert agents.evaluate(agent, *BANDIT[:1], env_kwargs=BANDIT[1], num_tasks=3).returns.shape


def test_learners_of_one_lifetime_are_scored_by_their_newest_episodes():
    agent = rounds(make("a2c", member_kwargs={"policy_kwargs": {"net_arch": (4,)}}, members=2))
    assert np.isfinite(agent.scores).all()
    assert agent.num_timesteps == 2 * 2 * 32  # whole iterations of 8 steps of 4 rows; no others


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"members": 1}, "members=1 must be at least 2"),
        ({"algorithm": "rl3"}, "algorithm='rl3' is unknown"),
        ({"algorithm": "json:JSONDecoder"}, "not an algorithm's class"),
        ({"policy": "CnnPolicy"}, "policy='CnnPolicy' is unknown"),
        ({"explore": {"learning_rate": 3}}, "must be .'log', low, high."),
        ({"exploit": "best"}, "exploit='best' is unknown"),
        ({"fraction": 0.9}, "outside"),
    ],
)
def test_bad_arguments(more, words):
    with pytest.raises(ValueError, match=words):
        make(**more)


def test_a_class_is_remembered_by_its_name():
    assert make(agents.L2RL).settings["algorithm"] == "l2rl"


def test_an_explored_argument_that_members_lack():
    with pytest.raises(TypeError, match="learning_rat'.*learning_rate"):
        make(explore={"learning_rat": ("log", 1e-4, 1e-2)})


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match="pip install 'metazoo"):
        make(workers="ray").learn(1)
