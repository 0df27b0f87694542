"""What every baseline keeps: rows alone, shared learners, freezing, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents import Step, baselines
from agents.core.play.inner_loop import InnerLoop
from tests.agents.baselines.sims import fake_venv

LEARNERS = {
    "random": baselines.Random(),
    "greedy": baselines.Greedy(),
    "epsilon": baselines.EpsilonGreedy(epsilon=0.5),
    "gaussian": baselines.EpsilonGreedy(model="gaussian"),
    "ucb1": baselines.UCB1(),
    "thompson": baselines.Thompson(),
    "gaussian thompson": baselines.Thompson(model="gaussian"),
    "optimistic": baselines.OptimisticThompson(n_samples=2),
    "gittins": baselines.Gittins(discount=0.9),
    "psrl": baselines.PSRL(),
    "epsilon mdp": baselines.EpsilonGreedyMDP(),
}
STEPS, ARMS, STATES = 60, 3, 4


def tabular_venv(num_envs: int) -> Any:
    return fake_venv(num_envs, ARMS, spaces.Discrete(STATES))


def venv_for(name: str, num_envs: int) -> Any:
    """Return rows with states for who reads them; learners of bandits are shown nothing."""
    seeing = name in ("psrl", "epsilon mdp", "random")
    return tabular_venv(num_envs) if seeing else fake_venv(num_envs, ARMS)


def play(loop: InnerLoop, rows: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Play `rows`; what a row meets depends on its own number, action and step alone."""
    actions = np.empty((len(rows), steps), dtype=int)
    state = rows % STATES
    for step in range(steps):
        action = actions[:, step] = loop.act(state, rows)
        reward = ((rows * 7 + action * 5 + step * 3) % 11 < 5).astype(float)
        after = (state + action + rows) % STATES
        ended = np.full(len(rows), step % 5 == 4)
        loop.observe(Step(state, action, reward, ended, ended & False, after), rows)
        state = np.where(ended, rows % STATES, after)
    return actions


@pytest.mark.parametrize("name", LEARNERS)
def test_a_row_plays_alike_in_any_batch(name: str) -> None:
    baseline = LEARNERS[name]
    three, seven = (baseline.inner_loop(venv_for(name, n), seed=40) for n in (3, 7))
    some = np.array([2, 0])
    played = play(three, np.arange(3))
    np.testing.assert_array_equal(played, play(seven, np.arange(7))[:3])
    alone = baseline.inner_loop(venv_for(name, 7), seed=40)
    np.testing.assert_array_equal(play(alone, some), played[some])
    other = baseline.inner_loop(venv_for(name, 3), seed=9)
    assert (play(other, np.arange(3)) != played).any()  # the seed matters


@pytest.mark.parametrize("name", LEARNERS)
def test_reset_forgets_and_freeze_lasts_until_it(name: str) -> None:
    loop = LEARNERS[name].inner_loop(venv_for(name, 4), rows_per_task=2, seed=0)
    arrays = [key for key in ("pulls", "sums", "counts") if hasattr(loop, key)]

    def known() -> np.ndarray:
        return sum((abs(getattr(loop, k)).reshape(2, -1).sum(axis=1) for k in arrays), np.zeros(2))

    play(loop, np.arange(4), 10)
    before = known()
    loop.freeze()
    play(loop, np.arange(4), 10)
    np.testing.assert_array_equal(known(), before)
    loop.reset(np.array([2, 3]))
    np.testing.assert_array_equal(known(), before * [1, 0])
    play(loop, np.arange(4), 10)
    if arrays:
        assert before.all() and known()[0] == before[0] and known()[1] > 0


def test_rows_of_a_task_share_one_learner() -> None:
    loop = baselines.Greedy().inner_loop(fake_venv(4, 2), rows_per_task=2, seed=0)
    nothing, false = np.zeros(4), np.zeros(4, dtype=bool)
    arms, rewards = np.array([1, 1, 0, 1]), np.array([1.0, 0.0, 0.0, 1.0])
    loop.observe(Step(nothing, arms, rewards, false, false, nothing))
    assert loop.pulls.tolist() == [[0, 2], [1, 1]]
    assert loop.sums.tolist() == [[0, 1], [0, 1]]

    mdp = baselines.PSRL().inner_loop(tabular_venv(2), rows_per_task=2, seed=0)
    state, same = np.array([3, 3]), np.array([1, 1])
    mdp.observe(Step(state, same, np.array([1.0, 2.0]), false[:2], false[:2], np.array([0, 0])))
    assert mdp.counts[0, 3, 1].tolist() == [2, 0, 0, 0] and mdp.sums[0, 3, 1] == 3


def test_spaces_that_do_not_start_at_zero() -> None:
    for name in ("greedy", "random", "psrl"):
        seen = None if name == "greedy" else spaces.Discrete(3, start=-1)
        venv = fake_venv(50, spaces.Discrete(2, start=5), seen)
        loop = LEARNERS[name].inner_loop(venv, seed=0)
        states = np.full(50, -1)
        arms = loop.act(states)
        assert arms.min() == 5 and arms.max() <= 6
        false = np.zeros(50, dtype=bool)
        loop.observe(Step(states, arms, np.ones(50), false, false, states + 2))
        loop.act(states + 2)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(3, start=-1),
        spaces.MultiDiscrete([2, 5], start=[0, 3]),
        spaces.Box(np.array([-1, 0], np.float32), np.array([2, 0.5], np.float32)),
        spaces.Box(-3, 3, (2, 2), np.int8),
    ],
    ids=str,
)
def test_random_fills_the_action_space(space: spaces.Space) -> None:
    rows = 4000
    loop = baselines.Random().inner_loop(fake_venv(rows, space), seed=0)
    actions = loop.act(np.zeros(rows))
    assert actions.shape == (rows, *space.shape) and actions.dtype == space.dtype
    assert all(space.contains(action) for action in list(actions[:200]))
    if isinstance(space, spaces.Box):
        low, high = space.low.astype(float), space.high.astype(float)
    elif isinstance(space, spaces.MultiDiscrete):
        low, high = space.start, space.start + space.nvec - 1
    else:
        low, high = space.start, space.start + space.n - 1
    error = (high - low) / np.sqrt(rows)  # above the standard error of any of these
    assert (abs(actions.mean(axis=0) - (low + high) / 2) < 3 * error).all()
    np.testing.assert_allclose(actions.min(axis=0), low, atol=0.01)
    np.testing.assert_allclose(actions.max(axis=0), high, atol=0.01)


def test_deterministic_leaves_out_exploration() -> None:
    explorer = baselines.EpsilonGreedy(epsilon=1.0).inner_loop(fake_venv(200, 2), seed=0)
    thompson = baselines.Thompson().inner_loop(fake_venv(200, 2), seed=0)
    for loop in (explorer, thompson):
        loop.pulls[:], loop.sums[:] = [4, 4], [1, 2]
        assert (loop.act(np.zeros(200), deterministic=True) == 1).all()
        assert (loop.act(np.zeros(200)) == 0).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: baselines.EpsilonGreedy(epsilon=-0.1), r"epsilon=-0\.1"),
        (lambda: baselines.UCB1(c=float("nan")), "c=nan"),
        (lambda: baselines.Thompson(model="normal"), r"model='normal'.*gaussian"),
        (lambda: baselines.OptimisticThompson(n_samples=0), "n_samples=0"),
        (lambda: baselines.Gittins(discount=1.0), r"discount=1\.0"),
        (lambda: baselines.Greedy().inner_loop(fake_venv(2, spaces.Box(0, 1))), r"Greedy.*Box"),
        (
            lambda: baselines.Greedy().inner_loop(fake_venv(3, 2), rows_per_task=2),
            "does not divide",
        ),
        (lambda: baselines.Random().inner_loop(fake_venv(2, spaces.Box(0, np.inf))), "bounded Box"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_names_are_exported_and_baselines_are_values() -> None:
    for name in baselines.__all__:
        assert getattr(baselines, name).__doc__
    assert repr(baselines.UCB1(c=0.3)) == "UCB1(c=0.3)"
    assert baselines.Greedy() == baselines.Greedy()


def test_baselines_are_imported_without_torch() -> None:
    heavy = {"torch", "stable_baselines3", "scipy"}
    code = f"import sys, agents.baselines; print({heavy} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout.strip() == "set()", printed.stderr
