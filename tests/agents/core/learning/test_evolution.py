"""OpenES against another implementation's numbers, and what it says of bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.core.learning.evolution import OpenES, centred_ranks
from agents.core.learning.functional import Adam

# evosax 0.1.6, `OpenES.tell_strategy` (jax 0.10.2, float64) with centred ranks and Adam:
# noise of 3 pairs, fitness of plus and minus, and then center, sigma and learning rate.
KNOWN = [
    (
        [[0.13, -0.13, 0.64], [0.1, -0.54, 0.36], [1.3, 0.95, -0.7]],
        ([-12.7, -6.2, 0.4], [-23.3, -2.2, -12.5]),
        ([0.3499999992366412, -0.1500000009202454, 0.4500000016483516], 0.18, 0.0495),
    ),
    (
        [[-0.73, -0.54, -0.32], [0.41, 1.04, -0.13], [1.37, -0.67, 0.35]],
        ([9.0, 0.9, -7.4], [-9.2, -4.6, 2.2]),
        ([0.3334057333288806, -0.11124302097326964, 0.4020187538196436], 0.162, 0.049005),
    ),
    (
        [[-1.01, -0.21, -0.16], [0.54, 0.21, 0.36], [-0.65, -0.13, 0.78]],
        ([14.9, -12.6, 15.1], [13.5, 7.8, 2.6]),
        ([0.30677351657436125, -0.09397698340816053, 0.3889150401177257], 0.15, 0.04851495),
    ),
    (
        [[-0.31, 1.46, 1.96], [1.8, 1.32, 0.36], [-1.21, 0.0, 0.66]],
        ([-12.9, 4.0, 4.3], [7.0, -11.8, -6.6]),
        ([0.29314583820406115, -0.10796587937232088, 0.3618907507868663], 0.15, 0.0480298005),
    ),
]
EVOSAX = OpenES(
    population=6,
    sigma=0.2,
    learning_rate=0.05,
    sigma_decay=0.9,
    sigma_limit=0.15,
    learning_rate_decay=0.99,
    adam=Adam(beta1=0.99),
)


def test_equals_evosax():
    state = EVOSAX.begin(torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64))
    for noise, (plus, minus), (center, sigma, rate) in KNOWN:
        fitness = np.stack([plus, minus], axis=1).ravel()
        state, _ = EVOSAX.step(state, torch.tensor(noise, dtype=torch.float64), fitness)
        np.testing.assert_allclose(state["center"].numpy(), center, atol=1e-9)
        np.testing.assert_allclose([float(state["sigma"])], [sigma], atol=1e-12)
        np.testing.assert_allclose([float(state["learning_rate"])], [rate], atol=1e-12)
    assert int(state["generation"]) == 4


def test_weight_decay_is_added_to_the_gradient():
    """One step by hand: Adam's first step is the sign of its gradient (all far above eps)."""
    es = OpenES(population=2, sigma=0.5, learning_rate=0.1, l2_coef=2.0)
    center = torch.tensor([1.0, -1.0, 0.2], dtype=torch.float64)
    noise = torch.tensor([[1.0, -4.0, 4.0]], dtype=torch.float64)
    state, figures = es.step(es.begin(center), noise, [3.0, 1.0])
    # gradient (.5 + .5) noise / (2 * .5) = noise; downhill 2 center - noise = [1, 2, -3.6]
    np.testing.assert_allclose(state["center"].numpy(), [0.9, -1.1, 0.3], atol=1e-7)
    assert figures["gradient_norm"] == pytest.approx(33**0.5)
    assert figures["fitness_mean"] == 2.0 and figures["fitness_max"] == 3.0


def test_members_are_pairs_and_any_part_of_them_is_the_same():
    es = OpenES(population=6, sigma=0.2)
    state = es.begin(torch.linspace(-1, 1, 5))
    whole = es.ask(state, 7)
    torch.testing.assert_close(whole[0::2] + whole[1::2], state["center"].expand(3, 5) * 2)
    assert torch.equal(es.ask(state, 7, range(2, 6)), whole[2:])
    assert not torch.equal(es.ask(state, 8), whole)
    later, _ = es.tell(state, 7, np.arange(6.0))
    assert not torch.equal(es.noise(later, 7, range(3)), es.noise(state, 7, range(3)))
    with pytest.raises(ValueError, match="split a pair"):
        es.ask(state, 7, range(1, 4))


def test_climbs_a_quadratic():
    es = OpenES(population=32, sigma=0.1, learning_rate=0.05)
    goal = torch.tensor([0.5, -1.0, 2.0])
    state = es.begin(torch.zeros(3))
    for _ in range(150):
        fitness = -(es.ask(state, 0) - goal).square().sum(dim=1)
        state, _ = es.tell(state, 0, fitness.numpy())
    torch.testing.assert_close(state["center"], goal, atol=0.05, rtol=0)


def test_equal_members_have_equal_ranks_and_nan_is_last():
    ranks, missing = centred_ranks([1.0, 1.0, 5.0], 3)
    assert ranks.tolist() == [-0.25, -0.25, 0.5] and missing == 0
    with pytest.warns(UserWarning, match="the fitness of 1 of 3 members is NaN"):
        ranks, missing = centred_ranks([np.nan, -np.inf, 5.0], 3)
    assert ranks[0] <= ranks[1] < ranks[2] and missing == 1
    es = OpenES(population=4)
    state = es.begin(torch.zeros(2))
    same, _ = es.tell(state, 0, np.ones(4))
    assert torch.equal(same["center"], state["center"])
    with pytest.warns(UserWarning, match="they rank last"):
        _, figures = es.tell(state, 0, [0.0, np.nan, 1.0, 2.0])
    assert figures["nan_fitness"] == 1.0 and figures["fitness_mean"] == 1.0
    with pytest.raises(ValueError, match="all 4 members is NaN"):
        es.tell(state, 0, [np.nan] * 4)
    with pytest.raises(ValueError, match=r"shape \(3,\); it must be \(4,\)"):
        es.tell(state, 0, [0.0] * 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"population": 5}, "population=5 must be an even number"),
        ({"population": 0}, "population=0 must be an even number"),
        ({"sigma": 0.0}, "sigma=0.0 must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan must be above 0"),
        ({"sigma_decay": 1.5}, "sigma_decay=1.5 must be above 0 and at most 1"),
    ],
)
def test_bad_arguments(given, words):
    with pytest.raises(ValueError, match=words):
        OpenES(**given)
