"""Meta-World's presets, on a stub of its spaces, horizon and trials: metaworld is not needed."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import MAML, RL2, ProMP
from agents.core.base.presets import find_preset
from agents.maml import presets as gradient_presets
from agents.rl2.presets import PRESETS
from tests.agents import manipulators  # noqa: F401  registers toy/...

torch.set_num_threads(1)
NAMES = [name for name in PRESETS if name.startswith("ml")]


@pytest.mark.parametrize("name", NAMES)
def test_rl2_trains_on_trials_of_ten_episodes_in_chunks(name):
    few = {"n_envs": 3, "n_epochs": 1, "env_kwargs": {"max_episode_steps": 50, "all_three": True}}
    agent = RL2("GruPolicy", "toy/Arms-v0", preset=name, seed=0, **few)
    assert (agent.chunk_length, agent.chunk_overlap, agent.baseline) == (200, 50, "linear")
    assert agent.balance == (None if name.startswith("ml1-") else "environment")
    before = [part.clone() for part in agent.policy.trunk.parameters()]
    agent.learn(1)
    assert agent.num_timesteps == 3 * 10 * 50
    pairs = zip(before, agent.policy.trunk.parameters(), strict=True)
    assert all(torch.isfinite(part).all() and not torch.equal(one, part) for one, part in pairs)
    venv = gym.make_vec("toy/Arms-v0", num_envs=2)
    acted = agent.inner_loop(venv, seed=0).act(venv.reset(seed=0)[0])
    assert acted.shape == (2, 4) and np.isfinite(acted).all()


def test_an_iteration_of_the_whole_horizon_is_cut_into_chunks():
    agent = RL2("GruPolicy", "toy/Arms-v0", preset="ml1-push", n_envs=1, n_epochs=1, seed=0)
    agent._setup_learn(1)
    trials = agent._collect(lambda step: True)
    assert trials.mask.shape == (5000, 1) and trials.mask.all()
    whole = agent.prepare(trials, 0.99)
    made = agent.update.minibatches(agent.policy, whole, np.random.default_rng(0))
    sizes = [batch.mask.shape for batch in made]
    assert sizes == [(250, 25)]


@pytest.mark.parametrize(("algorithm", "name"), [(MAML, "ml1-reach"), (ProMP, "ml1-push")])
def test_gradient_based_agents_train(algorithm, name):
    few = {"n_envs": 20, "env_kwargs": {"max_episode_steps": 20}}
    agent = algorithm("MlpPolicy", "toy/Arms-v0", preset=name, seed=0, **few)
    assert agent.settings["rows_per_task"] == 10
    before = [part.clone() for part in agent.policy.parameters()]
    agent.learn(1)
    assert agent.num_timesteps == 20 * 20 * 2
    pairs = list(zip(before, agent.policy.parameters(), strict=True))
    assert all(torch.isfinite(part).all() for _, part in pairs)
    assert any(not torch.equal(one, part) for one, part in pairs)


def test_they_are_found_by_id_and_task():
    if "meta/ML1-v0" not in gym.registry:
        pytest.skip("Meta-World's ids are not registered")
    for known in (PRESETS, gradient_presets.MAML, gradient_presets.PROMP):
        for name in ("reach", "push"):
            kwargs = {"task_name": f"{name}-v3"}
            assert find_preset(known, "meta/ML1-v0", kwargs) == known[f"ml1-{name}"]["arguments"]
    for name in ("ml10", "ml25", "ml45"):
        found = find_preset(PRESETS, f"meta/{name.upper()}-v0", {})
        assert found == PRESETS[name]["arguments"]


def test_a_policy_whose_deviation_depends_on_the_state_comes_back_from_its_checkpoint(tmp_path):
    few = {"n_envs": 3, "n_epochs": 1, "env_kwargs": {"max_episode_steps": 50, "all_three": True}}
    agent = RL2("GruPolicy", "toy/Arms-v0", preset="ml10", seed=0, **few)
    agent.learn(1)
    agent.save(tmp_path / "agent.zip")
    loaded = RL2.load(tmp_path / "agent.zip")
    assert type(loaded.policy.head).__name__ == "StateGaussianHead"
    assert loaded.balance == "environment"
    venv = gym.make_vec("toy/Arms-v0", num_envs=2)
    shown = venv.reset(seed=0)[0]
    acted = [one.inner_loop(venv, seed=0).act(shown) for one in (agent, loaded)]
    np.testing.assert_array_equal(*acted)
    agent.learn(1500, reset_num_timesteps=False)
    loaded.learn(1500, reset_num_timesteps=False)
    for one, other in zip(agent.policy.parameters(), loaded.policy.parameters(), strict=True):
        assert torch.equal(one, other)
