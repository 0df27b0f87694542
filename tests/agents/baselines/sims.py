"""Plain NumPy environments that the baselines are tested in, apart from `meta_envs`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from gymnasium import spaces

from agents import Step


def fake_venv(num_envs: int, actions: Any, observations: Any = None, **tasks: np.ndarray) -> Any:
    return SimpleNamespace(
        num_envs=num_envs,
        single_action_space=spaces.Discrete(actions) if isinstance(actions, int) else actions,
        single_observation_space=observations or spaces.Discrete(1),
        tasks=tasks,
    )


def play_bandit(baseline: Any, means: np.ndarray, pulls: int, seed: int = 0) -> np.ndarray:
    """Return the mean rewards of the chosen arms, [R, pulls], in bandits `means` [R, A]."""
    rng, rows = np.random.default_rng(seed), np.arange(len(means))
    loop = baseline.inner_loop(fake_venv(len(means), means.shape[1], means=means), seed=seed)
    loop.reset()
    nothing, ended = np.zeros(len(means), dtype=int), np.zeros(len(means), dtype=bool)
    chosen = np.empty((len(means), pulls))
    for pull in range(pulls):
        arm = loop.act(nothing)
        chosen[:, pull] = means[rows, arm]
        reward = (rng.random(len(means)) < chosen[:, pull]).astype(float)
        loop.observe(Step(nothing, arm, reward, ended, ended, nothing))
    return chosen


def random_mdps(n: int, states: int, actions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    transitions = rng.dirichlet(np.ones(states), size=(n, states, actions))
    return transitions, rng.normal(1.0, 1.0, size=(n, states, actions))


def play_mdp(
    baseline: Any,
    mdps: tuple[np.ndarray, np.ndarray],
    episodes: int,
    horizon: int,
    seed: int = 0,
) -> np.ndarray:
    """Return the mean rewards of each episode, [R, episodes]; what is observed has unit noise."""
    transitions, rewards = mdps
    rng, rows = np.random.default_rng(seed), np.arange(len(rewards))
    states, actions = rewards.shape[1:]
    edges = transitions.cumsum(axis=3)[..., :-1]
    venv = fake_venv(
        len(rewards), actions, spaces.Discrete(states), transitions=transitions, rewards=rewards
    )
    loop = baseline.inner_loop(venv, seed=seed)
    loop.reset()
    returns = np.zeros((len(rewards), episodes))
    for episode in range(episodes):
        state = np.zeros(len(rewards), dtype=int)
        for step in range(horizon):
            action = loop.act(state)
            mean = rewards[rows, state, action]
            returns[:, episode] += mean
            reward = mean + rng.normal(size=len(mean))
            after = (rng.random(len(mean))[:, None] > edges[rows, state, action]).sum(axis=1)
            ended = np.full(len(mean), step == horizon - 1)
            loop.observe(Step(state, action, reward, ended, ended & False, after))
            state = after
    return returns


def within(samples: np.ndarray, exact: float, errors: float = 3.0) -> bool:
    """Whether the mean of `samples` [n] lies within `errors` standard errors of `exact`."""
    standard_error = samples.std(ddof=1) / np.sqrt(len(samples))
    print(f"{samples.mean():.4f} +- {standard_error:.4f}, exact {exact:.4f}")
    return abs(samples.mean() - exact) < errors * standard_error
