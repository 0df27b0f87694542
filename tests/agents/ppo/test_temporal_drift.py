"""A temporal drift keeps the laws of mirror learning at any time, and is told the right time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import LPOLearner
from agents.ppo.drift_network import DriftNetwork
from tests.agents.ppo.test_lpo import ADVANTAGE, LOG_RATIO, SIDES, drawn, make


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("times", [(0.0, 0.0), (0.5, 1.3), (1.0, 4.0)])
def test_the_laws_hold_at_any_time(times):
    network = DriftNetwork(16, temporal=True)
    params, now = drawn(network, 0), torch.tensor([times])
    drift = network.drift(params, LOG_RATIO[None], ADVANTAGE[None], now)
    assert (drift >= 0).all() and (drift > 0.1).any()
    still = torch.zeros(1, 21, requires_grad=True)
    at_one = network.drift(params, still, SIDES[1][None], now)
    (slope,) = torch.autograd.grad(at_one.sum(), still)
    assert (at_one == 0).all() and (slope == 0).all()


def test_inputs_stand_alone_and_times_the_two_times():
    network = DriftNetwork(3, temporal=True)
    first = torch.zeros(1, 3, 24)
    first[0, 0, 1], first[0, 1, 8 + 1], first[0, 2, 16 + 4] = 0.5, 0.7, 2.0
    parts = {"0.weight": first, "1.weight": torch.tensor([[[3.0, 1.0, 2.0]]])}
    log_ratio, advantage = torch.tensor([[0.4]]), torch.tensor([[1.5]])
    square = log_ratio**2
    expected = (
        3 * torch.tanh(0.5 * square)
        + torch.tanh(0.7 * 0.25 * square)
        + 2 * torch.tanh(2.0 * 1.7 * log_ratio * advantage)
        - 1e-4
    )
    found = network.drift(
        network.layout.flatten(parts), log_ratio, advantage, torch.tensor([[0.25, 1.7]])
    )
    torch.testing.assert_close(found, expected)


def test_learners_are_told_their_updates_over_those_of_their_life():
    agent = make(temporal=True, life=40)
    rule = agent._make_rule(agent.network)
    assert rule.lifetime == 10.0  # of 4 steps each
    learners = {**rule.begin([0, 1]), "updates": torch.tensor([3, 25])}
    torch.testing.assert_close(rule.times_of(learners), torch.tensor([[0.3, 1.0], [1.0, 1.0]]))


def test_generations_live_as_long_as_they_are_drawn():
    agent = make(temporal=True, life=64, shortest_life=8)
    lives = []
    for iteration in range(200):
        agent.iteration = iteration
        lives.append(agent._steps_of_life())
        rule = agent._make_rule(agent.network, training=True)
        assert rule.lifetime == lives[-1] / 4
    logs = np.log(lives)
    assert min(lives) >= 8 and max(lives) <= 64
    error = logs.std(ddof=1) / np.sqrt(200)
    assert abs(logs.mean() - np.log(8 * 64) / 2) < 4 * error + 0.05
    assert make(life=64)._steps_of_life() == 64
    agent.iteration = 0
    before = agent.num_timesteps
    agent.learn(1)
    played = agent.num_timesteps - before
    assert played >= agent.population * agent.rows_per_task * lives[0]


def test_a_learner_takes_the_drift_along_and_a_loss_cannot(tmp_path):
    agent = make(temporal=True)
    learner = agent.make_learner("CartPole-v1", life=400)
    assert learner.rule.lifetime == 100.0
    learner.learn(learner.n_steps * learner.n_envs)
    learner.save(tmp_path / "learner.zip")
    with pytest.warns(UserWarning, match="in new episodes"):
        again = LPOLearner.load(tmp_path / "learner.zip")
    assert again.rule.lifetime == 100.0 and again.drift.temporal
    with pytest.raises(ValueError, match="make_learner.id. gives a learner that tells it"):
        agent.policy_loss_found  # noqa: B018
    with pytest.raises(ValueError, match="shortest_life=9 is longer than life=8"):
        make(shortest_life=9)
