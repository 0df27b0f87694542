"""Rows whose trials are over rest: what the other rows do is not touched by it."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import RL2, baselines, evaluate
from meta_envs import MetaVectorEnv

ID = "meta/RandomHopper-v0"


@pytest.mark.parametrize("num_envs", [1, 6, 20])
def test_resting_rows_stay_and_others_go_on_as_without(num_envs):
    one, other = (gym.make_vec(ID, num_envs=num_envs, threads=2) for _ in range(2))
    for env in (one, other):
        env.reset(seed=1)
    random = np.random.default_rng(0)
    resting = np.arange(num_envs) % 3 == 1
    one.unwrapped.rest(np.flatnonzero(resting))
    before = one.unwrapped.state["qpos"].copy()
    for _ in range(10):
        actions = random.uniform(-1, 1, one.action_space.shape).astype(np.float32)
        ours, theirs = one.step(actions), other.step(actions)
        for part, same in zip(ours[:4], theirs[:4], strict=True):
            assert (part[~resting] == same[~resting]).all()
            assert np.isfinite(part.astype(float)).all()
    assert (one.unwrapped.state["qpos"][resting] == before[resting]).all()
    assert not (one.unwrapped.state["qpos"][~resting] == before[~resting]).any()


def test_a_reset_ends_the_rest():
    env = gym.make_vec(ID, num_envs=4)
    env.reset(seed=1)
    env.unwrapped.rest(np.array([0, 2]))
    env.reset(options={"reset_mask": np.array([True, True, False, False])})
    assert env.unwrapped.resting.tolist() == [False, False, True, False]
    env.reset()
    assert env.unwrapped.resting is None


def without_rest(monkeypatch):
    monkeypatch.setattr(MetaVectorEnv, "rest", lambda self, rows: None)


def test_trials_are_those_that_are_collected_without_rest(monkeypatch):
    def collected():
        agent = RL2("GruPolicy", ID, n_envs=4, batch_size=4, seed=2)
        return agent._collect(lambda step: True)

    ours = collected()
    without_rest(monkeypatch)
    theirs = collected()
    assert len(set(ours.mask.sum(dim=0).tolist())) > 1, "some rows wait for others"
    played = ours.mask > 0
    assert torch.equal(ours.mask, theirs.mask)
    for name in ("inputs", "actions", "rewards", "ends"):
        assert torch.equal(getattr(ours, name)[played], getattr(theirs, name)[played]), name


def test_scores_are_those_without_rest(monkeypatch):
    def scores():
        return evaluate(baselines.Random(), ID, num_tasks=5, episodes=2, num_envs=5).returns

    ours = scores()
    without_rest(monkeypatch)
    assert (scores() == ours).all()


def test_rest_of_no_rows_changes_nothing():
    env = gym.make_vec(ID, num_envs=4)
    env.reset(seed=1)
    env.unwrapped.rest(np.array([], dtype=np.int64))
    assert env.unwrapped.resting is None
