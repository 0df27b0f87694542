"""BusPosteriorSampling: its plans, its posterior, and what it earns."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from agents import Player, baselines, evaluate

ID = "meta/BusGrid-v0"


def played(env_kwargs, steps, seed=0, **task):
    venv = gym.make_vec(ID, num_envs=4, **env_kwargs)
    if task:
        venv.unwrapped.set_tasks([task] * 4)
    given = {key: part for key, part in env_kwargs.items() if key != "split"}
    loop = baselines.BusPosteriorSampling(**given).inner_loop(venv, seed=seed)
    player = Player(venv, loop)
    player.reset(seed)
    return venv, loop, player, [player.step() for _ in range(steps)]


@pytest.mark.parametrize("variant", ["vanilla", "distracting", "map"])
def test_the_true_problem_stays_possible(variant):
    _, loop, player, _ = played({"variant": variant}, 0, problem=5, instruction=0)
    least = loop.possible.shape[1]
    for _ in range(60):
        player.step()
        assert loop.possible[:, 5].all()
        least = min(least, loop.possible.sum(axis=1).min())
    assert least < loop.possible.shape[1]


def test_told_the_problem_its_ways_are_the_shortest():
    """A ride near the corner: .8 in the city of 9 by 9, the exact optimum."""
    venv, loop, player, _ = played({}, 20, problem=5, instruction=0)  # explored
    loop.possible[:] = np.arange(24) == 5
    loop.believed[:], returns = 5, np.zeros(4)
    for _ in range(3):
        returns += player.step().reward
    np.testing.assert_allclose(returns, 0.8)
    assert venv.unwrapped.tasks["problem"].tolist() == [5] * 4


def test_without_exploring_on_purpose_it_falls_short():
    learner = baselines.BusPosteriorSampling()
    mean, error = evaluate(
        learner, ID, num_tasks=200, seed=1, exploration_episodes=1, deterministic=False
    ).execution()
    assert 0.3 < mean + 3 * error
    assert mean < 0.8 - 3 * error


def test_it_plays_one_city():
    with pytest.raises(ValueError, match=r"same arguments, whose observations are Box.*23"):
        baselines.BusPosteriorSampling().inner_loop(gym.make_vec(ID, num_envs=1, buses=3), seed=0)
