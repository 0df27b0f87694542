"""VariBAD's beliefs of grids, and a first learning run."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from agents import Step, VariBAD, evaluate
from tests.agents import toys  # noqa: F401  registers toy/...
from tests.agents.varibad.test_varibad import GRID, make


def flat(agent):
    found = {}
    for name, state in agent.get_parameters().items():
        for key, value in state.get("state", state).items():
            parts = value if isinstance(value, dict) else {"": value}
            found.update({f"{name}.{key}.{part}": one for part, one in parts.items()})
    found.update({f"buffer.{key}": value for key, value in agent.vae_buffer.tensors().items()})
    return {key: torch.as_tensor(value) for key, value in found.items()}


@pytest.fixture(scope="module")
def navigator():
    return make(
        GRID, env_kwargs={"split": "all"}, n_envs=8, preset=None, reward_decoder="goal"
    ).learn(1000)


def test_the_belief_is_the_prior_at_trial_starts_only(navigator):
    venv = gym.make_vec(GRID, num_envs=3, split="all")
    loop = navigator.inner_loop(venv, seed=0)
    observations, _ = venv.reset(seed=1)
    loop.reset()
    prior = loop.belief
    policy = navigator.policy
    wanted = policy.encoder.read(policy.encoder.initial_state(3))
    np.testing.assert_allclose(prior.mean, wanted[0].detach(), atol=1e-6)
    np.testing.assert_allclose(prior.log_variance, wanted[1].detach(), atol=1e-6)
    actions = loop.act(observations)
    np.testing.assert_array_equal(loop.belief.mean, prior.mean)  # nothing was seen yet
    for step in range(1, 61):
        successors, rewards, terminated, truncated, infos = venv.step(actions)
        final = infos.get("final_obs", successors)
        loop.observe(Step(observations, actions, rewards, terminated, truncated, final, infos))
        assert (np.abs(loop.belief.mean - prior.mean).max(axis=1) > 1e-4).all(), step
        observations = successors
        if step < 60:
            before = loop.belief
            actions = loop.act(observations)
            if step % 15:  # within an episode acting shows nothing that was not observed
                np.testing.assert_allclose(loop.belief.mean, before.mean, atol=1e-6)
    loop.reset(np.array([1]))
    found = np.abs(loop.belief.mean - prior.mean).max(axis=1)
    assert found[1] < 1e-6 and (found[[0, 2]] > 1e-4).all()


def test_the_belief_gives_every_cells_probability_and_is_not_changed_by_looking(navigator):
    loop = navigator.inner_loop(gym.make_vec(GRID, num_envs=2, split="all"), seed=0)
    one, two = loop.belief, loop.belief
    assert one.cells.shape == (2, 5, 5) and ((one.cells > 0) & (one.cells < 1)).all()
    for name in ("mean", "log_variance", "cells"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert loop.read_belief(np.array([1])).mean.shape == (1, 5)
    assert make().inner_loop(make().venv).belief.cells is None


def test_evaluation_works_on_grids_and_does_not_change_the_agent(navigator):
    before = flat(navigator)
    curve = evaluate(navigator, GRID, split="all", num_tasks=21, seed=2)
    assert curve.returns.shape == (21, 4) and np.isfinite(curve.returns).all()
    again = evaluate(navigator, GRID, split="all", num_tasks=21, seed=2, num_envs=7)
    np.testing.assert_array_equal(curve.returns, again.returns)
    assert all(torch.equal(value, before[key]) for key, value in flat(navigator).items())


def test_learns_to_remember_which_arm_pays():
    agent = VariBAD(
        "BeliefPolicy",
        "toy/Guess-v0",
        n_envs=64,
        batch_size=32,
        learning_rate=5e-3,
        vae_learning_rate=5e-3,
        vae_updates=6,
        policy_kwargs={"latent_size": 2, "hidden_size": 16, "net_arch": (16,)},
        seed=0,
    ).learn(20_000)
    curve = evaluate(agent, "toy/Guess-v0", num_tasks=400, deterministic=True)
    assert curve.total()[0] > 7.5 - 0.15  # the optimum, and six standard errors of the first pull


def test_the_belief_of_a_grid_is_bayes():
    """Five goals: those of the empty cells are ruled out, and a goal that paid is certain."""
    kwargs = {"size": 3, "steps": 5, "episodes_per_trial": 2, "split": "all"}
    agent = make(
        GRID,
        env_kwargs=kwargs,
        n_envs=64,
        batch_size=64,
        n_epochs=1,
        learning_rate=0.0,  # a policy that wanders
        reward_decoder="goal",
        decoder_sizes=(32,),
        kl_coef=0.001,
        vae_learning_rate=("linear", 5e-3, 5e-4),
        vae_updates=20,
        vae_batch_size=64,
        vae_buffer_size=512,
        policy_kwargs={"latent_size": 8, "hidden_size": 32, "memory": 10, "activation": nn.ReLU},
    ).learn(18_000)
    venv = gym.make_vec(GRID, num_envs=128, **kwargs)
    loop = agent.inner_loop(venv, seed=0)
    observations, _ = venv.reset(seed=7)
    possible = np.zeros((128, 3, 3), dtype=bool)
    possible[:, 2, :] = possible[:, :, 2] = True
    goals = venv.tasks["goal"].copy()
    errors = []
    for _ in range(9):  # the tenth step begins another trial
        actions = loop.act(observations)
        successors, rewards, terminated, truncated, infos = venv.step(actions)
        final = infos.get("final_obs", successors)
        loop.observe(Step(observations, actions, rewards, terminated, truncated, final, infos))
        observations = successors
        for row, (x, y) in enumerate(final.astype(int)):
            if rewards[row] > 0:
                possible[row] = False
            possible[row, x, y] = rewards[row] > 0
        bayes = possible / possible.sum(axis=(1, 2), keepdims=True)
        found = loop.belief.cells
        errors.append(0.5 * np.abs(found - bayes).sum(axis=(1, 2)).mean())  # total variation
    assert (possible[np.arange(128), goals[:, 0], goals[:, 1]]).all()
    # Knowing nothing is 4 / 9 off at first, and 8 / 9 where the goal is found.
    known = possible.sum(axis=(1, 2)) == 1
    assert known.mean() > 0.1 and found[known].max(axis=(1, 2)).mean() > 0.95
    assert found[~possible].mean() < 0.02
    assert max(errors) < 0.3, errors
