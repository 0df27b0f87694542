"""Copied agents and their inner loops learn and play on, bodies included."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import L2RL, RL2, Step
from tests.agents import small
from tests.agents.core.test_algorithm import SMALL, same

ID = "meta/HalfCheetahDir-v0"
ROWS, SHORT = 4, {"max_episode_steps": 5}


def pickled(one):
    return pickle.loads(pickle.dumps(one))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
@pytest.mark.parametrize(("algorithm", "policy"), [(RL2, "GruPolicy"), (L2RL, "LstmPolicy")])
def test_a_copied_agent_learns_on_as_the_original_does(algorithm, policy, copied):
    agent = algorithm(policy, ID, env_kwargs=SHORT, preset=None, **SMALL).learn(40)
    twin, before = copied(agent), copied(agent)
    for one in (agent, twin):
        one.learn(40, reset_num_timesteps=False)
    assert same(agent, twin) and not same(agent, before)


def state(agent):
    states = [network.state_dict() for network in agent._networks().values()]
    return torch.cat([one.double().flatten() for each in states for one in each.values()])


@pytest.mark.parametrize("name", small.NAMES)
def test_a_copy_of_every_agent_learns_on_as_the_original_does(name):
    agent = small.make(name).learn(1)
    twins = agent, copy.deepcopy(agent), pickled(agent)
    for one in twins:
        one.learn(1, reset_num_timesteps=False)
    assert all(torch.equal(state(one), state(agent)) for one in twins)


def play(loop, venv, observations, steps):
    seen = []
    for _ in range(steps):
        actions = loop.act(observations)
        after, rewards, terminated, truncated, infos = venv.step(actions)
        true = (
            np.where(infos["_final_obs"][:, None], infos["final_obs"], after)
            if ("final_obs" in infos)
            else after
        )
        loop.observe(Step(observations, actions, rewards, terminated, truncated, true))
        observations = after
        seen.append(after)
    return np.stack(seen)


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copied_inner_loop_plays_on_in_a_copied_batch(copied):
    agent = RL2("GruPolicy", ID, env_kwargs=SHORT, preset=None, **SMALL)
    venv = gym.make_vec(ID, num_envs=ROWS, **SHORT)
    loop = agent.inner_loop(venv, 1, seed=1)
    observations, _ = venv.reset(seed=0)
    loop.reset()
    shown = play(loop, venv, observations, 3)[-1]
    loop_copy, venv_copy = copied((loop, venv))
    assert np.array_equal(play(loop, venv, shown, 7), play(loop_copy, venv_copy, shown, 7))
