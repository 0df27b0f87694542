"""RL2 with its paper's optimiser."""

import numpy as np
import pytest
import torch

from agents import RL2, evaluate
from tests.agents import toys  # noqa: F401  registers toy/...

SMALL = {
    "n_envs": 16,
    "outer": "trpo",
    "seed": 0,
    "policy_kwargs": {"hidden_size": 8, "embedding_sizes": (), "separate_value": True},
}


def test_it_stays_in_its_region_and_learns():
    kls = []
    agent = RL2("GruPolicy", "toy/Guess-v0", target_kl=0.02, **{**SMALL, "n_envs": 64})
    update = agent.update.run

    def recorded(*args):
        figures = update(*args)
        kls.append(figures["approx_kl"])
        return figures

    agent.update.run = recorded
    agent.learn(12_000)
    assert max(kls) <= 0.02 and sum(kl > 0.005 for kl in kls) > 0.5 * len(kls)
    score, error = evaluate(agent, "toy/Guess-v0", num_tasks=200).total()
    assert score > 6.0 + 3 * error, "knowing nothing earns 4, remembering 7.5"


def test_its_region_is_of_kl_from_the_acting_policy():
    agent = RL2("GruPolicy", "toy/Guess-v0", target_kl=0.5, **SMALL)
    whole = agent.prepare(agent._collect(lambda rows: True), 0.99)
    with torch.no_grad():
        acting = agent.policy.distribution(whole.inputs).exp()  # probabilities
    said = agent.update.run(agent.policy, whole, 0.0, np.random.default_rng(0))["approx_kl"]
    with torch.no_grad():
        new = agent.policy.distribution(whole.inputs).exp()

    def divergence(one, other):
        apart = (one * (one / other).log()).sum(-1)
        return float((apart * whole.mask).sum() / whole.mask.sum())

    assert said == pytest.approx(divergence(acting, new), rel=1e-4)
    assert abs(said - divergence(new, acting)) > 0.01 * said


def test_the_policy_is_trpos_and_the_value_adams():
    agent = RL2("GruPolicy", "toy/Guess-v0", **SMALL)
    agent.learn(128)
    state = agent.optimizer.state
    policy = [*agent.policy.trunk.parameters(), *agent.policy.head.parameters()]
    value = [*agent.policy.value_trunk.parameters(), *agent.policy.value_head.parameters()]
    assert not any(part in state for part in policy) and all(part in state for part in value)
    assert all(torch.isfinite(part).all() for part in agent.policy.parameters())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"outer": "vpg"}, r"outer='vpg' is unknown; allowed are \['ppo', 'trpo'\]"),
        ({"policy_kwargs": {"hidden_size": 8}}, "separate_value"),
    ],
)
def test_what_cannot_be_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        RL2("GruPolicy", "toy/Guess-v0", **{**SMALL, **kwargs})
