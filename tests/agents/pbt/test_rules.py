"""Who copies whom, how values change, and the toy of the paper's figure 2."""

from __future__ import annotations

import numpy as np
import pytest

from agents.pbt import rules

RNG = np.random.default_rng


def figure_2(seed, exploit, explores, rounds=80, ready=5, rate=0.02):
    """Return the best Q that two workers reach: Q = 1.2 - |theta|^2, climbed by surrogates.

    The gradient a worker sees is that of 1.2 - sum(h theta^2); h begins as (0, 1) and (1, 0), so
    that neither worker alone can do better than Q = .39 from theta = (.9, .9).
    """
    rng = RNG(seed)
    space = {"h0": ("uniform", 0.0, 1.0), "h1": ("uniform", 0.0, 1.0)}
    theta = np.full((2, 2), 0.9)
    values = [{"h0": 0.0, "h1": 1.0}, {"h0": 1.0, "h1": 0.0}]
    best = -np.inf
    for _ in range(rounds):
        for _ in range(ready):
            theta = theta - rate * 2 * np.array([[v["h0"], v["h1"]] for v in values]) * theta
        scores = 1.2 - np.square(theta).sum(axis=1)
        best = max(best, scores.max())
        if exploit:
            parents = rules.truncation(scores, rng)
            theta = theta[parents]
            for member, parent in enumerate(parents):
                if parent != member:
                    copied = dict(values[parent])
                    values[member] = (
                        rules.explore(space, copied, rng, resample=0) if explores else copied
                    )
    return best


def test_the_papers_toy():
    whole = [figure_2(seed, exploit=True, explores=True) for seed in range(10)]
    assert min(whole) >= 1.15
    for ablation in ({"exploit": False, "explores": False}, {"exploit": True, "explores": False}):
        assert figure_2(0, **ablation) <= 0.40


def test_truncation_replaces_the_worst_by_the_best():
    scores = np.array([5.0, 1.0, np.nan, 4.0, 2.0, 3.0, 9.0, 8.0, 7.0, 6.0])
    parents = rules.truncation(scores, RNG(0))
    changed = np.flatnonzero(parents != np.arange(10))
    assert changed.tolist() == [1, 2]  # the lowest, and NaN, which is worst
    assert set(parents[changed]) <= {6, 7}
    assert rules.truncation(np.zeros(2), RNG(0)).tolist() == [0, 0]  # equal ones do not stay so


def test_tournament_copies_only_what_is_better():
    scores = np.array([1.0, 3.0, 2.0])
    seen = {tuple(rules.tournament(scores, RNG(seed)).tolist()) for seed in range(40)}
    assert seen == {(a, 1, b) for a in (1, 2) for b in (1, 2)}
    assert rules.tournament(np.zeros(4), RNG(0)).tolist() == [0, 1, 2, 3]


def test_values_move_within_their_range():
    space = {"rate": ("log", 1e-4, 1e-2), "coef": ("uniform", -1.0, 1.0), "steps": [5, 10, 20]}
    begun = {"rate": 1e-3, "coef": 0.0, "steps": 5}
    moved = [rules.explore(space, begun, RNG(seed), resample=0) for seed in range(60)]
    assert {round(one["rate"], 9) for one in moved} == {8e-4, 1.2e-3}
    assert {one["steps"] for one in moved} == {5, 10}
    assert 0.15 < np.std([one["coef"] for one in moved]) < 0.25
    edge = {"rate": 1e-2, "coef": 1.0, "steps": 20}
    for seed in range(20):
        one = rules.explore(space, edge, RNG(seed), factors=(10.0,), resample=0)
        assert one["rate"] == 1e-2 and -1 <= one["coef"] <= 1 and one["steps"] in (10, 20)
    drawn = [rules.draw(space, RNG(seed)) for seed in range(200)]
    assert 0.35 < np.mean([one["rate"] < 1e-3 for one in drawn]) < 0.65  # half below the middle


@pytest.mark.parametrize(
    "wrong",
    [("log", 0.0, 1.0), ("uniform", 2, 1), ("cubic", 0, 1), [3], 1e-3, ("log", "a", "b")],
)
def test_what_is_no_search_space(wrong):
    with pytest.raises(ValueError, match=r"explore\['rate'\]="):
        rules.check_space({"rate": wrong})
