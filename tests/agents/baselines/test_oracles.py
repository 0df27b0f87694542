"""Oracles reach the known values, and refuse what they cannot read."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium import spaces

from agents import Step, baselines, evaluate
from tests.agents.baselines.sims import fake_venv, play_bandit, random_mdps

GRID, STEPS = 5, 15
NEAR_START = [(0, 0), (0, 1), (1, 0), (1, 1)]
MOVES = np.array([[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0]])  # stay, up, right, down, left


def test_grid_oracle_earns_the_known_optimum() -> None:
    cells = itertools.product(range(GRID), repeat=2)
    goals = np.array([cell for cell in cells if cell not in NEAR_START])
    venv = fake_venv(
        len(goals), 5, spaces.Box(0, GRID - 1, (2,), np.float32), goal=goals.astype(float)
    )
    loop = baselines.GridOracle().inner_loop(venv, seed=0)
    loop.reset()
    cell, total = np.zeros_like(goals), np.zeros(len(goals))
    for _ in range(STEPS):
        cell = np.clip(cell + MOVES[loop.act(cell.astype(np.float32))], 0, GRID - 1)
        total += np.where((cell == goals).all(axis=1), 1.0, -0.1)
    distance = goals.sum(axis=1)
    np.testing.assert_allclose(total, (STEPS - distance + 1) - 0.1 * (distance - 1))
    assert len(goals) == 21 and total.mean() == pytest.approx(11.071, abs=5e-4)


def test_the_grid_oracle_opens_the_gate_first_and_once_a_trial() -> None:
    kwargs = {"gate": True, "split": "all", "steps": 12}
    curve = evaluate(baselines.GridOracle(gate=True), "meta/GridNavi-v0", env_kwargs=kwargs)
    goals = [cell for cell in itertools.product(range(GRID), repeat=2) if max(cell) > 1][:-1]
    for task, goal in enumerate(goals):  # a finite split is played in turn
        first = 8 + (4 - goal[0]) + (4 - goal[1])  # steps by way of the gate
        paid = [max(12 - first + 1, 0), *(3 * [12 - sum(goal) + 1])]
        returns = [one - 0.1 * (12 - one) for one in paid]
        np.testing.assert_allclose(curve.returns[task], returns, atol=1e-6)


def test_grid_oracle_walks_back() -> None:
    venv = fake_venv(2, 5, spaces.MultiDiscrete([5, 5]), goal=np.array([[0, 3], [4, 1]]))
    loop = baselines.GridOracle().inner_loop(venv, seed=0)
    assert loop.act(np.array([[2, 3], [4, 4]])).tolist() == [4, 3]
    assert loop.act(np.array([[4, 1]]), rows=np.array([1])).tolist() == [0]


def test_posterior_sampling_in_the_grid_earns_what_enumeration_says() -> None:
    goals = [cell for cell in itertools.product(range(GRID), repeat=2) if max(cell) > 1]
    first = []
    for goal, drawn in itertools.product(goals, repeat=2):
        way = [(x, 0) for x in range(1, drawn[0] + 1)]
        way += [(drawn[0], y) for y in range(1, drawn[1] + 1)]
        steps = way.index(goal) + 1 if goal in way else STEPS + 1
        first.append((STEPS - steps + 1) - 0.1 * (steps - 1))
    learner = baselines.GridPosteriorSampling()
    curve = evaluate(learner, "meta/GridNavi-v0", split="all", num_tasks=840, episodes=22)
    mean, error = curve.mean(), curve.standard_error()
    assert abs(mean[0] - np.mean(first)) < 4 * error[0]
    assert (np.diff(mean[:4]) > 0).all()
    assert mean[21] == pytest.approx(11.071, abs=5e-3), "21 goals are ruled out one by one"


def test_posterior_sampling_in_the_grid_can_be_frozen() -> None:
    venv = fake_venv(1, 5, spaces.Box(0, GRID - 1, (2,), np.float32))
    loop = baselines.GridPosteriorSampling().inner_loop(venv, seed=0)
    loop.reset()

    def end_at(cell: list[int], reward: float) -> list[int]:
        over, cells = np.ones(1, dtype=bool), np.array([cell], dtype=np.float32)
        loop.observe(Step(cells, np.zeros(1), np.array([reward]), over, ~over, cells))
        return loop.act(cells, deterministic=True).tolist()

    assert end_at([0, 2], -0.1) == [1], "the first cell that is left is (0, 3), above"
    loop.freeze()
    assert end_at([3, 0], 1.0) == [4], "nothing was learnt: back to the left"
    loop.reset()
    assert end_at([3, 0], 1.0) == [0] and end_at([4, 0], -0.1) == [4]


def test_bandit_oracle_plays_the_best_arm() -> None:
    means = np.random.default_rng(0).random((50, 4))
    chosen = play_bandit(baselines.BanditOracle(), means, 3)
    np.testing.assert_array_equal(chosen, np.tile(means.max(axis=1)[:, None], 3))


def test_bandit_oracle_takes_the_number_of_the_best_arm() -> None:
    venv = fake_venv(3, 11, target=np.array([7, 0, 2]))
    loop = baselines.BanditOracle(key="target").inner_loop(venv, seed=0)
    assert loop.act(np.zeros(2), rows=np.array([2, 0])).tolist() == [2, 7]


def test_oracles_follow_tasks_that_change() -> None:
    venv = fake_venv(2, 3, means=np.eye(3)[:2])
    loop = baselines.BanditOracle().inner_loop(venv, seed=0)
    assert loop.act(np.zeros(2)).tolist() == [0, 1]
    venv.tasks = {"means": np.eye(3)[1:]}
    assert loop.act(np.zeros(2)).tolist() == [1, 2]
    assert loop.act(np.zeros(1), rows=np.array([1])).tolist() == [2]

    one, other = random_mdps(1, 4, 3, seed=0), random_mdps(1, 4, 3, seed=1)
    venv = fake_venv(1, 3, spaces.Discrete(4), transitions=one[0], rewards=one[1])
    loop = baselines.MDPOracle(horizon=1).inner_loop(venv, seed=0)
    for mdp in (one, other):
        venv.tasks = {"transitions": mdp[0], "rewards": mdp[1]}
        loop.reset()
        assert loop.act(np.array([2])) == mdp[1][0, 2].argmax()


def test_only_oracles_read_tasks() -> None:
    for name in baselines.__all__:
        loop = getattr(baselines, name).loop
        assert loop.reads_task == name.endswith(("Oracle", "Expert")), name
    for name in ("Greedy", "UCB1", "Thompson", "Gittins", "PSRL", "Random"):
        blind = SimpleNamespace(
            num_envs=2,
            single_action_space=spaces.Discrete(2),
            single_observation_space=spaces.Discrete(2 if name == "PSRL" else 1),
        )
        loop = getattr(baselines, name)().inner_loop(blind, seed=0)
        assert loop.act(np.zeros(2, dtype=int)).shape == (2,)


def test_bad_tasks_and_spaces() -> None:
    with pytest.raises(ValueError, match=r"no key 'means'.*\['p'\]"):
        baselines.BanditOracle().inner_loop(fake_venv(1, 2, p=np.ones((1, 2)))).act(np.zeros(1))
    with pytest.raises(ValueError, match="call reset first"):
        baselines.BanditOracle().inner_loop(fake_venv(1, 2)).act(np.zeros(1))
    with pytest.raises(ValueError, match="Discrete action space"):
        baselines.BanditOracle().inner_loop(fake_venv(1, spaces.Box(0, 1, (2,))))
    with pytest.raises(ValueError, match=r"Discrete\(5\)"):
        baselines.GridOracle().inner_loop(fake_venv(1, 4, spaces.Box(0, 4, (2,))))
    with pytest.raises(ValueError, match="needs a bounded Box of cells"):
        baselines.GridPosteriorSampling().inner_loop(fake_venv(1, 5, spaces.MultiDiscrete([5, 5])))
    with pytest.raises(ValueError, match="horizon=0"):
        baselines.MDPOracle(horizon=0)
