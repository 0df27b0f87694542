"""Solvers of Bernoulli bandits against exact expectations by dynamic programming over counts."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special, stats

from agents import Step, baselines
from agents.baselines.gittins import gittins_indices
from tests.agents.baselines.sims import fake_venv, play_bandit, within

PULLS = 10
Counts = tuple[int, int, int, int]  # wins and losses of arm 0, then of arm 1


def value(first: Callable[[Counts], float], pulls: int, discount: float = 1.0) -> float:
    """Expected reward of playing arm 0 with probability `first(counts)`; both rates are U[0, 1]."""

    @functools.cache
    def after(counts: Counts, left: int) -> float:
        if left == 0:
            return 0.0
        chosen = first(counts)
        chances = (chosen, 1 - chosen)
        return sum(p * arm_value(counts, arm, left) for arm, p in enumerate(chances) if p)

    def arm_value(counts: Counts, arm: int, left: int) -> float:
        wins, losses = counts[2 * arm : 2 * arm + 2]
        rate = (wins + 1) / (wins + losses + 2)
        won, lost = list(counts), list(counts)
        won[2 * arm] += 1
        lost[2 * arm + 1] += 1
        later = rate * after(tuple(won), left - 1) + (1 - rate) * after(tuple(lost), left - 1)
        return rate + discount * later

    return after((0, 0, 0, 0), pulls)


def optimum(pulls: int, discount: float = 1.0) -> float:
    @functools.cache
    def after(a: int, b: int, c: int, d: int, left: int) -> float:
        if left == 0:
            return 0.0
        p, q = (a + 1) / (a + b + 2), (c + 1) / (c + d + 2)
        won, lost = after(a + 1, b, c, d, left - 1), after(a, b + 1, c, d, left - 1)
        other_won, other_lost = after(a, b, c + 1, d, left - 1), after(a, b, c, d + 1, left - 1)
        return max(
            p + discount * (p * won + (1 - p) * lost),
            q + discount * (q * other_won + (1 - q) * other_lost),
        )

    return after(0, 0, 0, 0, pulls)


def prefer(left: float, right: float) -> float:
    return 0.5 if abs(left - right) < 1e-12 else float(left > right)


def greedy(counts: Counts) -> float:
    a, b, c, d = counts
    return prefer((a + 1) / (a + b + 2), (c + 1) / (c + d + 2))


def ucb1(c_bonus: float) -> Callable[[Counts], float]:
    def first(counts: Counts) -> float:
        a, b, c, d = counts
        if a + b == 0 or c + d == 0:
            return prefer(float(a + b == 0), float(c + d == 0))
        time = np.log(a + b + c + d)
        left = a / (a + b) + c_bonus * np.sqrt(2 * time / (a + b))
        return prefer(left, c / (c + d) + c_bonus * np.sqrt(2 * time / (c + d)))

    return first


# Densities and distribution functions of whole counts are polynomials, of degree 20 together at
# most: this many points integrate them exactly.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(11)


def left_wins(counts: Counts, floor: float) -> float:
    """Chance that the rate of arm 0 is above the floor and that of arm 1."""
    a, b, c, d = counts
    x = floor + (1 - floor) * (NODES + 1) / 2
    density = x**a * (1 - x) ** b / special.beta(a + 1, b + 1)
    return float((1 - floor) / 2 * WEIGHTS @ (density * special.betainc(c + 1, d + 1, x)))


def thompson(counts: Counts) -> float:
    return left_wins(counts, 0.0)


def optimistic_thompson(counts: Counts) -> float:
    a, b, c, d = counts
    means = (a + 1) / (a + b + 2), (c + 1) / (c + d + 2)
    floor = max(means)
    both_below = special.betainc(a + 1, b + 1, floor) * special.betainc(c + 1, d + 1, floor)
    # if both are below, the higher posterior mean decides
    return left_wins(counts, floor) + float(both_below) * prefer(*means)


CASES = {
    "random": (baselines.Random(), lambda counts: 0.5),
    "greedy": (baselines.Greedy(), greedy),
    "epsilon": (baselines.EpsilonGreedy(epsilon=0.3), lambda c: 0.15 + 0.7 * greedy(c)),
    "ucb1": (baselines.UCB1(c=1.0), ucb1(1.0)),
    "ucb1 tuned": (baselines.UCB1(c=0.3), ucb1(0.3)),
    "thompson": (baselines.Thompson(), thompson),
    "optimistic": (baselines.OptimisticThompson(), optimistic_thompson),
}


@pytest.mark.parametrize("name", CASES)
def test_monte_carlo_meets_the_exact_expectation(name: str) -> None:
    baseline, first = CASES[name]
    exact = value(first, PULLS)
    means = np.random.default_rng(5).random((20_000, 2))
    # The same arms played in turn earn 5 on average: a control variate, halves the error.
    scores = play_bandit(baseline, means, PULLS, seed=1).sum(axis=1)
    scores -= PULLS * (means.mean(axis=1) - 0.5)
    assert exact <= optimum(PULLS)
    assert within(scores, exact, errors=2)


def test_known_values() -> None:
    assert optimum(PULLS) == pytest.approx(6.022, abs=5e-4)
    assert value(lambda counts: 0.5, PULLS) == pytest.approx(5.0)


@pytest.mark.parametrize("discount", [0.5, 0.7])
def test_playing_the_highest_gittins_index_is_optimal(discount: float) -> None:
    depth = {0.5: 14, 0.7: 26}[discount]
    indices = gittins_indices(discount, depth)
    by_index = value(lambda c: prefer(indices[c[0], c[1]], indices[c[2], c[3]]), depth, discount)
    greedily = value(greedy, depth, discount)
    best = optimum(depth, discount)
    # The index is optimal for the endless problem; what is cut off from that is worth at most:
    slack = discount**depth / (1 - discount)
    assert best - slack < by_index <= best + 1e-12
    assert best - greedily > slack


def test_gittins_indices_are_the_published_ones() -> None:
    # Gittins, Glazebrook, Weber (2011), tables of Bernoulli indices, Beta(1, 1) upwards.
    at_90, at_99 = gittins_indices(0.9, 8), gittins_indices(0.99, 8)
    np.testing.assert_allclose(at_90[[0, 0, 1], [0, 1, 0]], [0.7029, 0.5001, 0.7999], atol=2e-4)
    assert at_99[0, 0] == pytest.approx(0.8699, abs=2e-4)
    np.testing.assert_allclose(gittins_indices(0.0, 3)[[0, 1, 2], [0, 1, 0]], [1 / 2, 1 / 2, 3 / 4])
    assert np.isnan(at_90[5, 4])


def test_gittins_reaches_the_published_reward_in_100_pulls() -> None:
    means = np.random.default_rng(6).random((4000, 5))
    played = play_bandit(baselines.Gittins(), means, 100, seed=2).sum(axis=1)
    best = means.max(axis=1)  # E = 5/6: a control variate with a known mean
    assert within(played - 100 * (best - 5 / 6), 78.5, errors=4)  # published: 78.3, and 78.74
    greedily = play_bandit(baselines.Greedy(), means, 100, seed=2).sum(axis=1)
    gain = played - greedily
    assert gain.mean() > 5 * gain.std() / np.sqrt(len(gain))


def test_gittins_plays_on_beyond_its_table() -> None:
    loop = baselines.Gittins(discount=0.5).inner_loop(fake_venv(1, 2), seed=0)
    loop.pulls[:] = [[300, 2]]
    loop.sums[:] = [[200, 0]]
    assert loop.act(np.zeros(1)) == [0]


def test_ucb1_by_hand() -> None:
    # t = 4: 2/3 + sqrt(2 ln 4 / 3) = 1.628 against 0 + sqrt(2 ln 4) = 1.665.
    for c, arm in ((1.0, 1), (0.9, 0)):
        loop = baselines.UCB1(c=c).inner_loop(fake_venv(1, 2), seed=0)
        loop.pulls[:], loop.sums[:] = [[3, 1]], [[2, 0]]
        assert loop.act(np.zeros(1)) == [arm]


def test_gaussian_posteriors() -> None:
    rows = 20_000
    loop = baselines.Thompson(model="gaussian").inner_loop(fake_venv(rows, 2), seed=0)
    loop.pulls[:], loop.sums[:] = [3, 1], [2, 0]
    # Posteriors N(1/2, 1/4) and N(0, 1/2).
    chance = stats.norm.cdf(0.5 / np.sqrt(0.75))
    assert within((loop.act(np.zeros(rows)) == 0).astype(float), chance)
    optimist = baselines.OptimisticThompson(model="gaussian").inner_loop(fake_venv(rows, 2), seed=0)
    optimist.pulls[:], optimist.sums[:] = [3, 1], [2, 0]
    left, right = stats.norm(0.5, 0.5), stats.norm(0, np.sqrt(0.5))
    second = integrate.quad(lambda x: right.pdf(x) * left.cdf(x), 0.5, 9)[0]
    assert within((optimist.act(np.zeros(rows)) == 1).astype(float), second)


def test_gaussian_greedy_plays_every_arm_once_then_the_best() -> None:
    loop = baselines.Greedy(model="gaussian").inner_loop(fake_venv(1, 3), seed=3)
    nothing, false = np.zeros(1), np.zeros(1, dtype=bool)
    rewards, played = np.array([-4.0, -2.5, -7.0]), []
    for _ in range(5):
        arm = loop.act(nothing)
        played.append(int(arm[0]))
        loop.observe(Step(nothing, arm, rewards[arm], false, false, nothing))
    assert sorted(played[:3]) == [0, 1, 2] and played[3:] == [1, 1]


def test_ties_are_broken_evenly_and_deterministic_takes_the_first() -> None:
    for baseline in (baselines.Greedy(), baselines.UCB1(), baselines.Gittins()):
        loop = baseline.inner_loop(fake_venv(3000, 3), seed=0)
        counts = np.bincount(loop.act(np.zeros(3000)), minlength=3)
        assert stats.chisquare(counts).pvalue > 0.01
        assert not loop.act(np.zeros(3000), deterministic=True).any()


def test_rewards_that_a_model_does_not_know_are_refused() -> None:
    nothing, false = np.zeros(2), np.zeros(2, dtype=bool)
    step = Step(nothing, np.zeros(2, int), np.array([1, 0.25]), false, false, nothing)
    for baseline in (baselines.Thompson(), baselines.Greedy(), baselines.Gittins()):
        loop = baseline.inner_loop(fake_venv(2, 2), seed=0)
        with pytest.raises(ValueError, match=r"got 0\.25.*model=\"gaussian\""):
            loop.observe(step)
    loop = baselines.UCB1().inner_loop(fake_venv(2, 2), seed=0)
    loop.observe(step)
    assert loop.sums.tolist() == [[1, 0], [0.25, 0]]
