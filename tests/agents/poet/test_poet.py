"""POET on task distributions: what it keeps, on what it runs, and bad input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

import agents
from agents.poet.arena import Playground, flat_features

OPEN = {"reproduce_at": -1e9, "lowest": -1e9, "highest": 1e9}
FEW = {"population": 4, "n_envs": 4, "eval_episodes": 1, "children": 2, "preset": None, "seed": 0}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(env="meta/PointGoal-v0", env_kwargs=None, cls=agents.POET, **more):
    kwargs = {"max_episode_steps": 5} if env_kwargs is None else env_kwargs
    often = {"transfer_interval": 1, "reproduction_interval": 1}
    few = {**FEW, **OPEN, **often, "policy_kwargs": {"net_arch": (4,)}, **more}
    return cls("MlpPolicy", env, env_kwargs=kwargs, **few)


def iterations(agent, count):
    for done in range(count):
        agent.learn(1, reset_num_timesteps=not done, log_interval=None)
    return agent


@pytest.mark.parametrize(
    ("env", "env_kwargs"),
    [
        ("meta/RandomMaze-v0", {"max_episode_steps": 4}),
        ("meta/HopperRandParams-v0", {"max_episode_steps": 4}),
        ("meta/Terrain-v0", {"max_episode_steps": 3}),
    ],
)
def test_tasks_of_any_family_evolve(env, env_kwargs, tmp_path):
    pytest.importorskip("mujoco")
    agent = iterations(make(env, env_kwargs, capacity=2), 3)
    admissions = [one for one in agent.history if one["kind"] == "admission"]
    assert [one["niche"] for one in admissions] == [0, 1, 2] and admissions[1]["parent"] == 0
    assert [one.number for one in agent.niches] == [1, 2]  # the oldest left
    assert len(agent.archive) == 3 and agent.env_kwargs["split"] == "all"
    agent.save(tmp_path / "poet.zip")
    again = agents.POET.load(tmp_path / "poet.zip")
    for one in (agent, again):
        iterations(one, 1)
    assert agent.history[1:] == again.history[1:] and len(agent.history) > 4  # the first is NaN
    assert torch.equal(agent.center, again.center)


def test_evolution_of_terrain_begins_on_flat_ground():
    pytest.importorskip("mujoco")
    agent = make("meta/Terrain-v0", {"max_episode_steps": 3})
    assert not np.any(agent.niches[0].task["pit_gap"]) and agent.chosen.number == 0
    features = Playground(agent, lambda step: True).features(agent.niches[0].task)
    assert features.tolist() == [0, 0, 0, 0, 0]


def test_half_precision_acts_with_an_agent_that_came_after_the_first_pair_had_left(tmp_path):
    wide = {"net_arch": (64,)}  # smaller tensors stay as they are
    agent = iterations(make(capacity=2, policy_kwargs=wide), 3)
    assert 0 not in [one.number for one in agent.niches]
    agent.save_weights(tmp_path / "poet.zip", half=True)
    again = agents.POET.load(tmp_path / "poet.zip")
    assert again.center.dtype == torch.float32
    assert torch.allclose(agent.center, again.center, atol=1e-3) and (agent.center != 0).any()
    observation = np.zeros(agent.observation_space.shape, np.float32)
    np.testing.assert_allclose(
        *(one.predict(observation, deterministic=True)[0] for one in (agent, again)), atol=1e-2
    )


def test_results_do_not_depend_on_the_size_of_jobs():
    one, other = (iterations(make(n_envs=rows), 2) for rows in (2, 4))
    assert one.history[1:] == other.history[1:]
    assert torch.equal(one.center, other.center)
    assert pickle.dumps(one._extra_state()) == pickle.dumps(other._extra_state())


def test_the_chosen_agent_is_of_the_newest_task_that_is_solved():
    agent = iterations(make(), 3)
    assert len(agent.niches) == 3
    agent._held.niches = [
        agents.poet.poet.replace(one, score=score)
        for one, score in zip(agent.niches, (300.0, 240.0, 100.0), strict=True)
    ]
    assert agent.chosen.number == 1
    agent.solved_at = 1e9
    assert agent.chosen.number == 0


def test_a_first_task_may_be_given():
    agent = make(first_task={"goal": [0.5, 0.5]})
    assert agent.niches[0].task["goal"].tolist() == [0.5, 0.5]
    space = agent.venv.single_task_space
    assert np.ptp(space["goal"].high - space["goal"].low) == 0
    wide = float((space["goal"].high - space["goal"].low)[0])
    np.testing.assert_allclose(flat_features(space, agent.niches[0].task), 0.5 / wide)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"lowest": 3.0, "highest": 2.0}, ValueError, "lowest=3.0 must be below highest=2.0"),
        ({"first_task": {"goal": [99.0, 0.0]}}, ValueError, "goal"),
        ({"population": 3, "n_envs": None}, ValueError, "population=3 must be even"),
        ({"env": "CartPole-v1", "env_kwargs": {}}, TypeError, "task"),
    ],
)
def test_bad_arguments(more, error, words):
    with pytest.raises(error, match=words):
        make(**more)


def test_a_family_tree_is_drawn(tmp_path):
    agents.poet.draw_tree(iterations(make(capacity=2), 3), tmp_path / "tree.png")
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")


# ---- Enhanced POET -------------------------------------------------------------------------------


def test_enhanced_poet_keeps_those_who_leave_and_goes_on_alike(tmp_path):
    agent = iterations(make(cls=agents.EnhancedPOET, capacity=2, solved_at=-1e9), 4)
    assert [one.number for one in agent.niches] == [2, 3]
    assert [one.number for one in agent.retired] == [0, 1]
    assert all(set(one.state) == {"center"} for one in agent.retired)
    assert all(len(one.recent) > 0 for one in agent.niches)
    kinds = [one["kind"] for one in agent.history]
    assert kinds.count("solved") == 4 and agent.annecs == 3  # all but the first are novel
    agent.save(tmp_path / "poet.zip")
    again = agents.EnhancedPOET.load(tmp_path / "poet.zip")
    assert again.annecs == 3 and len(again.retired) == 2
    for one in (agent, again):
        iterations(one, 1)
    assert agent.history[1:] == again.history[1:]
    assert [one.recent for one in agent.niches] == [one.recent for one in again.niches]
    assert torch.equal(agent.center, again.center)


def test_enhanced_poet_evolves_networks_grounds_by_default():
    pytest.importorskip("mujoco")
    few = {**FEW, **OPEN, "transfer_interval": 1, "reproduction_interval": 1}
    agent = agents.EnhancedPOET(
        "MlpPolicy", env_kwargs={"max_episode_steps": 3}, policy_kwargs={"net_arch": (4,)}, **few
    )
    iterations(agent, 2)
    assert agent.env_id == "meta/CPPNTerrain-v0" and len(agent.niches) == 2
    assert not np.any(agent.niches[0].task["weights"])
    assert np.any(agent.niches[1].task["weights"])
    assert agent.latest["annecs"] == 0


def test_its_own_id_has_arguments_and_a_preset_too():
    pytest.importorskip("mujoco")
    agent = agents.EnhancedPOET("MlpPolicy", env_kwargs={"max_episode_steps": 600, "threads": 1})
    assert agent.applied["capacity"] == "preset" and agent.capacity == 6
    brief = agents.EnhancedPOET("MlpPolicy", env_kwargs={"max_episode_steps": 100, "threads": 1})
    assert brief.applied["capacity"] == "default" and brief.capacity == 40


def test_an_agent_that_trains_needs_its_whole_state():
    agent = make(cls=agents.EnhancedPOET)
    state = agent._extra_state()
    agent._held.load_state_dict({"0.center": agent.center})
    with pytest.raises(ValueError, match="only parameters"):
        agent._set_extra_state(state)
