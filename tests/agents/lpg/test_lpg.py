"""LPG's lives, what new learners are born with, and learners that go elsewhere."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import LPG, LPGLearner, evaluate
from agents.lpg.arms import Arms
from agents.lpg.rule import Hypers
from tests.agents.lpg.settings import ID, LEVEL, make

_ITERATION = 6 * 4 * 3  # rows, steps, updates and one more


def test_lives_end_one_after_the_other_and_new_ones_have_new_tasks():
    agent = make()
    before = None
    for lives, ages in (
        ([1, 0, 0], [0, 12, 12]),
        ([1, 1, 0], [12, 0, 24]),
        ([1, 1, 1], [24, 12, 0]),
        ([2, 1, 1], [0, 24, 12]),
    ):
        agent.learn(_ITERATION, reset_num_timesteps=False)
        assert agent.loop.lives.tolist() == lives and agent.loop.ages.tolist() == ages
        tasks = {k: v.reshape(3, 2, -1) for k, v in agent.venv.unwrapped.tasks.items()}
        for part in tasks.values():
            assert np.array_equal(part[:, 0], part[:, 1])  # rows of a learner share its task
        places = [tuple(map(int, tasks["places"][one, 0])) for one in range(3)]
        if before is not None:
            moved = [one for one in range(3) if places[one] != before[one]]
            assert moved == [one for one in range(3) if ages[one] == 0]
        before = places
        zero = agent.loop.learners["policy"].abs().sum(dim=1) == 0  # a table at birth
        assert zero.tolist() == [age == 0 for age in ages]


def test_training_changes_the_rule_and_resumes_to_the_same_bits(tmp_path):
    more = {"agent_learning_rate": [40.0, 4.0]}
    whole = make(**more).learn(6 * _ITERATION)
    half = make(**more).learn(3 * _ITERATION)
    assert not torch.equal(whole.rule_network.flat, make().rule_network.flat)
    half.save(tmp_path / "lpg")
    again = LPG.load(tmp_path / "lpg").learn(3 * _ITERATION, reset_num_timesteps=False)
    assert torch.equal(whole.rule_network.flat, again.rule_network.flat)
    assert all(
        torch.equal(whole.loop.learners[k], again.loop.learners[k]) for k in again.loop.learners
    )
    assert whole.arms.get_state() == again.arms.get_state()


def test_the_first_actions_do_not_wait_for_the_rule_and_figures_are_told():
    agent = make()
    agent.learn(1)
    experience = agent._collect(lambda step: True)
    figures = agent.train(experience)
    assert {"meta_loss", "meta_gain", "policy_entropy", "prediction_target_l2"} <= figures.keys()
    assert figures["policy_entropy"] <= np.log(4) + 1e-6
    assert figures["meta_grad_norm"] > 0


def test_arms_are_tried_then_the_best_is_drawn():
    arms = Arms([Hypers(float(rate), 1.0, 0.5) for rate in range(3)])
    rng = np.random.default_rng(0)
    assert sorted(arms.draw(rng) for _ in range(3)) == [0, 1, 2]
    assert sorted(arms.draw(rng) for _ in range(3)) == [0, 1, 2]
    for arm, earned in ((0, 0.1), (1, 0.5), (2, 0.2), (1, 0.1)):
        arms.pay(arm, earned)
    assert arms.best == 1
    drawn = np.array([arms.draw(rng) for _ in range(300)])
    share = (drawn == 1).mean()  # four fifths, and a third of the rest
    assert abs(share - 13 / 15) < 4 * np.sqrt(13 / 15 * 2 / 15 / 300)
    again = Arms(arms.arms)
    again.set_state(json.loads(json.dumps(arms.get_state())))
    assert again.get_state() == arms.get_state() and again.best == 1


def test_learners_live_in_other_sizes_and_other_ids():
    agent = make()
    for level in ({**LEVEL, "size": [2, 4]}, {**LEVEL, "moves": 9}):
        curve = evaluate(agent, ID, env_kwargs=level, steps=8, bins=2, num_tasks=2, rows_per_task=2)
        assert curve.returns.shape == (2, 2)
    venv: Any = gym.make_vec("meta/PointGoal-v0", num_envs=2, max_episode_steps=4)
    loop = agent.inner_loop(venv, 2, seed=0)
    assert loop.rule.hypers.learning_rate == 1e-3  # a network, not a table
    assert loop.act(venv.reset(seed=0)[0]).shape == (2, 2)


def test_a_learner_made_of_it_is_an_agent_with_the_same_rule(tmp_path):
    agent = make().learn(1)
    learner = agent.make_learner("CartPole-v1", n_envs=2, n_steps=5)
    born = learner.loop.learners["policy"]
    learner.learn(20)
    assert not torch.equal(born, learner.loop.learners["policy"])
    assert torch.equal(learner.rule_network.flat, agent.rule_network.flat)
    learner.save(tmp_path / "learner")
    with pytest.warns(UserWarning, match="in new episodes"):
        again = LPGLearner.load(tmp_path / "learner")
    assert torch.equal(again.rule_network.flat, agent.rule_network.flat)
    assert torch.equal(again.loop.learners["policy"], learner.loop.learners["policy"])
    tabular = agent.make_learner(ID, env_kwargs=LEVEL)
    assert (tabular.learning_rate, tabular.prediction_rate, tabular.n_envs) == (40.0, 4.0, 2)


def test_a_learner_made_of_it_lives_as_evaluate_says():
    agent = make().learn(1)
    venv = gym.make_vec(ID, num_envs=2, **LEVEL)
    loops = [
        agent.inner_loop(venv, 2, seed=3),
        agent.make_learner(ID, env_kwargs=LEVEL).inner_loop(venv, 2, 3),
    ]
    seen, _ = venv.reset(seed=0)
    assert np.array_equal(*(loop.act(seen) for loop in loops))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_envs": 5}, "use e.g. n_envs=4"),
        ({"task": "changing"}, "each lifetime has one task"),
        ({"agent_learning_rate": [1.0, -1.0]}, "agent_learning_rate"),
        ({"n_predictions": 1}, "n_predictions=1"),
        ({"policy_kwargs": {"outputs": {"value": 1}}}, "LPG settles"),
    ],
)
def test_bad_arguments_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        make(**arguments)
