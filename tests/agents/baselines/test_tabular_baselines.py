"""Solvers of tabular MDPs against enumeration, a scalar reference, and known posteriors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from gymnasium import spaces

from agents import Step, baselines
from agents.baselines.tabular import plan
from tests.agents.baselines.sims import fake_venv, play_mdp, random_mdps, within

STATES, ACTIONS, HORIZON, EPISODES = 3, 2, 4, 5


def scalar_plan(transitions: np.ndarray, rewards: np.ndarray, horizon: int) -> list[list[int]]:
    """Backward induction in plain Python: the action at each step and state."""
    states, actions = rewards.shape
    worth, policy = [0.0] * states, []
    for _ in range(horizon):
        gains = [
            [
                rewards[s, a] + sum(transitions[s, a, t] * worth[t] for t in range(states))
                for a in range(actions)
            ]
            for s in range(states)
        ]
        policy.insert(0, [int(np.argmax(g)) for g in gains])
        worth = [max(g) for g in gains]
    return policy


def scalar_learner(mdp: tuple, rng: np.random.Generator, epsilon: float | None) -> float:
    """Mean reward of one trial of PSRL (`epsilon=None`) or of the epsilon-greedy planner."""
    transitions, rewards = mdp
    counts, sums = np.zeros((STATES, ACTIONS, STATES)), np.zeros((STATES, ACTIONS))
    total = 0.0
    for _ in range(EPISODES):
        visits = counts.sum(axis=2)
        believed = (1 + counts) / (STATES + visits)[:, :, None]
        means = (1 + sums) / (1 + visits)
        if epsilon is None:
            believed = np.array([[rng.dirichlet(1 + c) for c in row] for row in counts])
            means = rng.normal(means, 1 / np.sqrt(1 + visits))
        policy = scalar_plan(believed, means, HORIZON)
        state = 0
        for step in range(HORIZON):
            action = policy[step][state]
            if epsilon is not None and rng.random() < epsilon:
                action = int(rng.integers(ACTIONS))
            total += rewards[state, action]
            after = rng.choice(STATES, p=transitions[state, action])
            counts[state, action, after] += 1
            sums[state, action] += rewards[state, action] + rng.normal()
            state = after
    return total


def test_plan_is_the_best_of_all_policies() -> None:
    states, horizon = 2, 2
    transitions, rewards = random_mdps(5, states, 2, seed=0)
    policy, value = plan(transitions, rewards, horizon)
    for p, r, found, worth in zip(transitions, rewards, policy, value, strict=True):
        returns = {}
        for flat in itertools.product(range(2), repeat=states * horizon):
            chosen = np.reshape(flat, (horizon, states))
            chances, total = np.eye(states), np.zeros(states)  # [first state, state]
            for actions in chosen:
                total += chances @ r[range(states), actions]
                chances = chances @ p[range(states), actions]
            returns[flat] = total
        best = np.max(list(returns.values()), axis=0)
        np.testing.assert_allclose(worth, best)
        np.testing.assert_allclose(returns[tuple(found.ravel())], best)


def test_known_mdp_optimum_of_rl2s_distribution() -> None:
    mdps = random_mdps(4000, 10, 5, seed=1)
    exact = plan(*mdps, 10)[1][:, 0]
    assert within(exact, 21.836)  # +- 0.010, 48,000 other MDPs (21.885 in an estimate from 1000)
    played = play_mdp(baselines.MDPOracle(), mdps, episodes=1, horizon=10)[:, 0]
    assert within(played - exact, 0.0)


@pytest.mark.parametrize("epsilon", [None, 0.0, 0.3])
def test_batched_learners_meet_a_scalar_reference(epsilon: float | None) -> None:
    baseline = (
        baselines.PSRL(horizon=HORIZON)
        if epsilon is None
        else baselines.EpsilonGreedyMDP(horizon=HORIZON, epsilon=epsilon)
    )
    mdps = random_mdps(3000, STATES, ACTIONS, seed=2)
    rng, few = np.random.default_rng(3), 600
    batched = play_mdp(baseline, mdps, EPISODES, HORIZON).sum(axis=1)
    scalar = np.array([scalar_learner((mdps[0][i], mdps[1][i]), rng, epsilon) for i in range(few)])
    # The average over all rewards correlates with both: a control variate of known mean 1.
    level = EPISODES * HORIZON * (mdps[1].mean(axis=(1, 2)) - 1)
    batched, scalar = batched - level, scalar - level[:few]
    error = np.sqrt(batched.var() / len(batched) + scalar.var() / few)
    print(batched.mean(), scalar.mean(), error)
    assert abs(batched.mean() - scalar.mean()) < 3 * error
    assert (
        batched.mean() > EPISODES * HORIZON * 1.0 + 10 * error
    )  # it learns: random earns 1 a step


def test_psrl_scores_on_rl2s_mdps() -> None:
    mdps = random_mdps(1000, 10, 5, seed=4)
    returns = play_mdp(baselines.PSRL(), mdps, episodes=10, horizon=10)
    assert within(returns[:, 0], 10.0)  # a plan for an MDP that has nothing to do with the true one
    # Another implementation of the exact prior got 133.8 of 1000 MDPs too (RL^2's table: 138.1).
    total = returns.sum(axis=1)
    assert abs(total.mean() - 133.8) < 3 * np.sqrt(2) * total.std() / np.sqrt(len(total))


def test_posterior_draws_have_the_posteriors_moments() -> None:
    rows = 20_000
    venv = fake_venv(rows, 2, spaces.Discrete(3))
    loop = baselines.PSRL().inner_loop(venv, rows_per_task=rows, seed=0)
    loop.counts[0, 1, 0], loop.sums[0, 1, 0] = [4, 0, 1], 8.0
    transitions, rewards = loop.models(np.arange(rows), deterministic=False)
    np.testing.assert_allclose(transitions.sum(axis=3), 1)
    assert within(rewards[:, 1, 0], (1 + 8) / (1 + 5))
    assert within((rewards[:, 1, 0] - 1.5) ** 2, 1 / (1 + 5))
    assert within((rewards[:, 0, 0] - 1.0) ** 2, 1.0)
    for state, share in enumerate([5 / 8, 1 / 8, 2 / 8]):
        draw = transitions[:, 1, 0, state]
        assert within(draw, share)
        assert within((draw - share) ** 2, share * (1 - share) / (8 + 1))
    mean_transitions, mean_rewards = loop.models(np.arange(1), deterministic=True)
    np.testing.assert_allclose(mean_transitions[0, 1, 0], [5 / 8, 1 / 8, 2 / 8])
    assert mean_rewards[0, 1, 0] == 1.5


def test_an_episode_longer_than_the_horizon_is_refused() -> None:
    loop = baselines.PSRL(horizon=2).inner_loop(fake_venv(1, 2, spaces.Discrete(2)), seed=0)
    nothing, false = np.zeros(1, dtype=int), np.zeros(1, dtype=bool)
    for _ in range(2):
        action = loop.act(nothing)
        loop.observe(Step(nothing, action, np.zeros(1), false, false, nothing))
    with pytest.raises(ValueError, match="horizon=2"):
        loop.act(nothing)


def test_bad_parameters_and_spaces() -> None:
    with pytest.raises(ValueError, match="horizon=0"):
        baselines.PSRL(horizon=0)
    with pytest.raises(ValueError, match=r"epsilon=1\.5"):
        baselines.EpsilonGreedyMDP(epsilon=1.5)
    box = spaces.Box(0, 1, (2,))
    with pytest.raises(ValueError, match="Discrete observation space"):
        baselines.PSRL().inner_loop(fake_venv(2, 2, box))
