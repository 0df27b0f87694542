"""A temporal rule is told how much of a life is over, and how long it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.lpg.rule import AGE, LIFE, times_of
from tests.agents.lpg.settings import ID, LEVEL, doubled, make, unrolls

_ITERATION = 6 * 4 * 3


def test_times_are_the_share_that_is_over_and_the_logarithm_of_the_whole():
    learners = {AGE: torch.tensor([0.0, 5.0, 30.0]), LIFE: torch.tensor([10.0, 10.0, 20.0])}
    expected = torch.tensor([[0.0, 1.0], [0.5, 1.0], [1.0, np.log10(20.0)]])
    torch.testing.assert_close(times_of(learners), expected.float())
    assert times_of({}) is None


def test_an_update_makes_learners_older_and_the_rule_sees_it():
    agent = make(temporal=True, lifetime=8)
    (played,) = unrolls(1)
    learners = doubled(agent)
    assert learners[LIFE].tolist() == [8.0, 8.0]
    after, _ = agent.rule.update(learners, played)
    assert after[AGE].tolist() == [1.0, 1.0]
    older, _ = agent.rule.update({**learners, AGE: torch.tensor([4.0, 0.0]).double()}, played)
    assert not torch.allclose(older["policy"][0], after["policy"][0])
    assert torch.allclose(older["policy"][1], after["policy"][1], atol=1e-12)
    longer, _ = agent.rule.update({**learners, LIFE: torch.tensor([8.0, 80.0]).double()}, played)
    assert torch.allclose(longer["policy"][0], after["policy"][0], atol=1e-12)
    assert not torch.allclose(longer["policy"][1], after["policy"][1])


def test_lives_have_lengths_of_their_own_that_learners_are_told():
    agent = make(temporal=True, lifetime=9, shortest_lifetime=2)
    lengths = set()
    for _ in range(8):
        agent.learn(_ITERATION, reset_num_timesteps=False)
        learners = agent.loop.learners
        assert learners[LIFE].tolist() == agent._lifetimes.tolist()
        assert (agent._lifetimes >= 2).all() and (agent._lifetimes <= 9).all()
        played = agent.loop.ages / agent.n_steps  # two updates of three unrolls
        assert learners[AGE].tolist() == (played * 2 / 3).tolist()
        assert (learners[AGE] < learners[LIFE] + 1).all()
        lengths |= set(agent._lifetimes.tolist())
    assert len(lengths) > 2
    assert make(temporal=True).rule.lifetime == 6 and make().rule.lifetime is None


def test_learners_elsewhere_are_told_their_own_life():
    agent = make(temporal=True, lifetime=9)
    assert agent.make_learner(ID, env_kwargs=LEVEL).loop.learners[LIFE].tolist() == [9.0]
    other = agent.make_learner("CartPole-v1", n_envs=2, lifetime=50)
    assert other.loop.learners[LIFE].tolist() == [50.0]
    other.learn(2 * other.n_steps * 2)
    assert other.loop.learners[AGE].tolist() == [2.0]
    with pytest.raises(ValueError, match="shortest_lifetime=9 is longer than lifetime=6"):
        make(shortest_lifetime=9)
