"""Gradient-based agents whose policy standardises observations, with moments all tasks share."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import MAML, ProMP, Reptile
from agents.core.nets.mlp import PerTaskPolicy
from tests.agents.core.test_algorithm import At, same
from tests.agents.maml import toys  # noqa: F401  registers toy/Push-v0

ARGUMENTS = {
    "n_envs": 12,
    "rows_per_task": 3,
    "policy_kwargs": {"net_arch": (8,), "normalize_observation": True},
    "seed": 3,
    "env_kwargs": {"lengths": True},
}


def make(algorithm=MAML):
    return algorithm("MlpPolicy", "toy/Push-v0", **ARGUMENTS)


@pytest.mark.parametrize("algorithm", [MAML, ProMP, Reptile])
def test_moments_are_those_of_all_rounds_and_change_between_iterations_only(algorithm):
    agent, seen, during = make(algorithm), [], []
    outer_step = agent._outer_step

    def watched(experience):
        during.append(agent.policy.standardise.moments.clone())
        for played in experience.loop.rounds():
            seen.append(played.inputs[played.mask > 0])
        return outer_step(experience)

    agent._outer_step = watched
    agent.learn(600)
    steps = torch.cat(seen).double()
    count, mean, variance = agent.policy.standardise.moments[:, 0]
    assert count == len(steps) == agent.num_timesteps
    assert np.allclose(mean, steps.mean()) and np.allclose(variance, steps.var(unbiased=False))
    assert during[0][0, 0] == 0, "the first iteration acts and learns on raw observations"
    counts = [float(moments[0, 0]) for moments in during]
    assert counts == sorted(set(counts)) and len(counts) > 2


def test_a_policy_sees_standardised_observations_under_any_parameters():
    space = spaces.Box(-np.inf, np.inf, (2,), np.float32), spaces.Box(-1, 1, (1,), np.float32)
    torch.manual_seed(0)
    plain = PerTaskPolicy(*space, net_arch=(8,))
    torch.manual_seed(0)
    policy = PerTaskPolicy(*space, net_arch=(8,), normalize_observation=True)
    raw = 5.0 + 3.0 * torch.randn(4, 6, 2)
    policy.after_iteration(raw, torch.ones(4, 6))
    shown = (raw - raw.mean(dim=(0, 1))) / raw.std(dim=(0, 1), unbiased=False)
    assert torch.allclose(policy(raw), plain(shown), atol=1e-5)
    own = {name: part + torch.randn(4, *part.shape) for name, part in plain.named_parameters()}
    ours, theirs = policy.apply_parameters(own, raw), plain.apply_parameters(own, shown)
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert not any("moments" in name for name in policy.parameters_by_name()), "no step adapts them"


def test_moments_go_into_checkpoints(tmp_path):
    whole = make().learn(300)
    half = make()
    half.learn(300, callback=At(40, lambda model: model.save(tmp_path / "half")))
    again = MAML.load(tmp_path / "half.zip")
    assert again.policy.standardise.moments[0, 0] == again.num_timesteps > 0
    again.learn(300 - again.num_timesteps, reset_num_timesteps=False)
    assert same(again, whole)
    assert torch.equal(again.policy.standardise.moments, whole.policy.standardise.moments)
