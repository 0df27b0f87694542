"""A learner of predictions finds out which states to look past: Xu et al. 2018, figure 1."""

from __future__ import annotations

import numpy as np
import torch

from agents import MetaGradient
from agents.core.lifetimes.rule import Unroll

STATES, LEARNERS, ROWS, UPDATES = 10, 3, 8, 150


def chain(random):
    """Return a walk through all states in every row: even ones pay noise, odd ones .1."""
    shape = (STATES, LEARNERS, ROWS)
    states = torch.arange(STATES + 1).reshape(-1, 1, 1).expand(-1, LEARNERS, ROWS)
    rewards = np.where(np.arange(STATES) % 2, 0.1, 0.0)[:, None, None] + np.zeros(shape)
    rewards[::2] = random.normal(size=rewards[::2].shape)
    alive = torch.ones(shape)
    alive[-1] = 0.0
    return Unroll(
        inputs=states,
        actions=torch.zeros(shape, dtype=torch.int64),
        rewards=torch.from_numpy(rewards).float(),
        **{"alive": alive, "continues": alive, "mask": torch.ones(shape)},
        **{"record": {"policy": torch.zeros(*shape, 1)}, "cut": torch.zeros(shape)},
        cut_inputs=None,
    )


def test_gamma_is_larger_where_a_signal_follows():
    agent = MetaGradient(
        "MlpPolicy", "meta/NoisyChain-v0", preset=None, seed=0, n_envs=1, n_steps=STATES,
        eta=("gamma",), state_dependent=True, embedding=0, gamma=0.5, gae_lambda=1.0,
        outer_gamma=1.0, outer_lambda=1.0, optimizer="sgd", learning_rate=0.5, vf_coef=1.0,
        max_grad_norm=None, meta_learning_rate=0.05, policy_kwargs={"torso": "table"},
    )  # fmt: skip
    rule, random = agent.rule, np.random.default_rng(0)
    learners = rule.begin(range(LEARNERS))
    learners |= rule.room(learners, ROWS)
    for _ in range(UPDATES):
        learners, _ = rule.update(learners, chain(random))
    gamma = rule.meta.values(learners["eta"])["gamma"]
    noise, signal = gamma[:, 0:9:2].mean(dim=1), gamma[:, 1:9:2].mean(dim=1)
    assert (noise - signal > 0.1).all()
