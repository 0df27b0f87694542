"""Episodes at the end of a trial with less noise, as a protocol that takes modes has them."""

import numpy as np
import pytest
import torch

from agents import RL2
from tests.agents import manipulators  # noqa: F401  registers toy/...

torch.set_num_threads(1)
_SMALL = {"n_epochs": 1, "preset": None, "seed": 0, "policy_kwargs": {"hidden_size": 8}}


def _agent(**arguments):
    short = {"max_episode_steps": 6}
    arguments = {"n_envs": 4, "env_kwargs": short, **_SMALL, **arguments}
    return RL2("GruPolicy", "toy/Arms-v0", **arguments)


def _collected(agent):
    agent._setup_learn(1)
    trials = agent._collect(lambda count: True)
    assert trials is not None
    return trials


@pytest.mark.parametrize("n_trials", [1, 2])
def test_the_last_episodes_of_every_trial_deviate_less(n_trials):
    agent = _agent(quiet_episodes=3, quiet_noise=0.01, n_trials=n_trials)
    trials = _collected(agent)
    loud, quiet = slice(0, 7 * 6), slice(7 * 6, None)
    assert trials.noise_scale is not None
    assert (trials.noise_scale[loud] == 1).all()
    assert (trials.noise_scale[quiet] == np.float32(0.01)).all()
    means, log_stds = trials.params.chunk(2, dim=-1)
    scaled = (trials.actions - means) / log_stds.exp()
    for part in (loud, quiet):
        assert abs(float(scaled[part].std()) - 1) < 0.15
    assert (trials.actions - means)[quiet].abs().max() < 0.1


def test_the_loss_knows_what_actions_were_drawn_from():
    """At the acting parameters every ratio is 1, so that the policy loss is minus the advantage."""
    for arguments in ({}, {"chunk_length": 20, "chunk_overlap": 5}):
        agent = _agent(quiet_episodes=4, **arguments)
        whole = agent.prepare(_collected(agent), 0.9)
        for batch in agent.minibatches(whole, np.random.default_rng(0)):
            params, _ = agent.policy(batch.inputs, state=batch.state)
            params = agent.policy.head.quieter(params, batch.noise_scale)
            played = batch.mask > 0
            now = agent.policy.head.log_prob(params, batch.actions)[played]
            torch.testing.assert_close(now, batch.old_log_prob[played], atol=1e-4, rtol=1e-4)
            _, figures = agent.loss(batch, 0.0)
            assert abs(float(figures["approx_kl"])) < 1e-4


def test_without_them_nothing_changes_and_evaluation_never_has_them():
    one, other = _agent(), _agent(quiet_episodes=2, quiet_noise=1.0)
    for agent in (one, other):
        agent.learn(500)
    for mine, theirs in zip(one.policy.parameters(), other.policy.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert other.inner_loop(other.venv).noise_scale is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quiet_episodes": 10}, r"outside \[0, 9\]: trials have 10"),
        ({"quiet_episodes": -1}, r"outside \[0, 9\]"),
        ({"quiet_episodes": 2, "quiet_noise": 0.0}, r"quiet_noise=0.0 is outside \(0, 1\]"),
        ({"quiet_episodes": 2, "outer": "trpo", "baseline": "linear"}, "outer='ppo'"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        _agent(**arguments)


def test_discrete_actions_have_no_deviation():
    with pytest.raises(ValueError, match="continuous actions"):
        RL2("GruPolicy", "meta/GridNavi-v0", n_envs=2, quiet_episodes=1, preset=None)
