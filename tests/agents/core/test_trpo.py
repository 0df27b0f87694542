import pytest
import torch

from agents.core.losses.trust_region import (
    conjugate_gradient,
    finite_difference_product,
    trust_region_step,
)


def quadratic(size=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    return root @ root.T + torch.eye(size, dtype=torch.float64)


def test_conjugate_gradients_solve_in_as_many_steps_as_dimensions():
    matrix = quadratic()
    target = torch.arange(6.0, dtype=torch.float64)
    solved = conjugate_gradient(lambda vector: matrix @ vector, target, iterations=6, tolerance=0)
    torch.testing.assert_close(solved, torch.linalg.solve(matrix, target))
    early = conjugate_gradient(lambda vector: matrix @ vector, target, iterations=2)
    assert (matrix @ early - target).norm() > 1e-3


def test_conjugate_gradients_of_nothing_are_nothing():
    zero = torch.zeros(3)
    assert conjugate_gradient(lambda vector: vector, zero).tolist() == [0, 0, 0]


def test_finite_differences_give_the_hessians_product():
    matrix = quadratic()

    def gradient(point):
        return matrix @ point + point**3  # of a quartic: central differences are not exact

    point = torch.linspace(-1, 1, 6, dtype=torch.float64)
    vector = torch.linspace(2, -3, 6, dtype=torch.float64)
    product = finite_difference_product(gradient, point, damping=0.5)
    exact = matrix @ vector + 3 * point**2 * vector + 0.5 * vector
    torch.testing.assert_close(product(vector), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("max_kl", [1e-3, 0.1])
def test_a_step_stays_in_the_region_and_reaches_its_border(max_kl):
    """A linear loss and a KL that is a quadratic: the solution is known."""
    matrix, slope = quadratic(), torch.linspace(1, 2, 6, dtype=torch.float64)
    start = torch.zeros(6, dtype=torch.float64)

    def loss_and_kl(point):
        return float(slope @ point), float(0.5 * point @ matrix @ point)

    done = trust_region_step(
        start, slope, lambda v: matrix @ v, loss_and_kl, max_kl=max_kl * (1 + 1e-9), iterations=6
    )
    natural = -torch.linalg.solve(matrix, slope)
    exact = natural * (2 * max_kl / (natural @ matrix @ natural)) ** 0.5
    torch.testing.assert_close(done.parameters, exact, rtol=1e-6, atol=1e-9)
    assert done.accepted and done.kl <= max_kl * (1 + 1e-9) and done.backtracks == 0
    assert done.loss_after < done.loss_before


def test_the_line_search_shortens_a_step_that_leaves_the_region():
    """The true KL grows faster than its Hessian at the start says."""
    start, slope = torch.zeros(2), torch.ones(2)

    def loss_and_kl(point):
        return float(slope @ point), float(0.5 * point @ point + 50 * (point @ point) ** 2)

    done = trust_region_step(start, slope, lambda v: v, loss_and_kl, max_kl=0.1)
    assert done.accepted and 0 < done.backtracks and 0 < done.kl <= 0.1


@pytest.mark.parametrize(
    "loss_and_kl",
    [
        lambda point: (float(point.norm()), 0.0),  # every step is worse
        lambda point: (float("nan"), 0.0) if point.norm() > 0 else (0.0, 0.0),
        lambda point: (-float(point.norm()), 1.0),  # every step is outside
    ],
)
def test_no_good_step_is_no_step(loss_and_kl):
    start = torch.zeros(2)
    done = trust_region_step(start, torch.ones(2), lambda v: v, loss_and_kl, max_kl=0.1)
    assert not done.accepted and torch.equal(done.parameters, start) and done.kl == 0


def test_a_gradient_of_zero_is_no_step():
    start = torch.zeros(2)
    done = trust_region_step(start, start, lambda v: v, lambda point: (0.0, 0.0), max_kl=0.1)
    assert not done.accepted and torch.isfinite(done.parameters).all()
