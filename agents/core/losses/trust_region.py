"""Trust-region updates by conjugate gradients, for any loss of a flat parameter vector [P]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .finite import NotFiniteError

Product = Callable[[torch.Tensor], torch.Tensor]
_SMALL = 1e-10


@dataclass(frozen=True)
class TrustRegionStep:
    """The result of a trust-region update."""

    parameters: torch.Tensor  # the new ones, or the old ones if no step was good, [P]
    accepted: bool
    loss_before: float
    loss_after: float
    kl: float  # of the accepted step; 0 if there is none
    backtracks: int


def conjugate_gradient(
    product: Product, target: torch.Tensor, iterations: int = 10, tolerance: float = _SMALL
) -> torch.Tensor:
    """Solve `product(x) = target` for a symmetric positive definite product.

    Args:
        product: Multiplies a vector [P] by the matrix.
        target: [P].
        iterations: The largest number of products.
        tolerance: The squared residual at which to stop.

    Source:
        Hestenes and Stiefel 1952; Schulman et al. 2015 (TRPO), appendix C.
    """
    solution = torch.zeros_like(target)
    residual, direction = target.clone(), target.clone()
    squared = residual @ residual
    for _ in range(iterations):
        if squared <= tolerance:
            break
        multiplied = product(direction)
        curvature = direction @ multiplied
        if not curvature > 0:  # not convex along it, or not finite: use the solution so far
            break
        step = squared / curvature
        solution = solution + step * direction
        residual = residual - step * multiplied
        following = residual @ residual
        direction = residual + following / squared * direction
        squared = following
    return solution


def finite_difference_product(
    gradient: Product, parameters: torch.Tensor, damping: float = 1e-5, size: float = 1e-2
) -> Product:
    """Return a function for the Hessian's product with a vector, by differences of a gradient.

    It needs no second derivatives, so it also works where these would be third derivatives (through
    an inner gradient step) or do not exist (through recurrent kernels).

    Args:
        gradient: Gradient [P] of a function at given parameters [P].
        parameters: Where the Hessian is taken, [P].
        damping: Multiple of the identity to add.
        size: Norm of the differences, which are central, so the error is of order `size` squared.

    Source:
        As in the released code of Duan et al. 2016 and Finn et al. 2017.
    """

    def product(vector: torch.Tensor) -> torch.Tensor:
        scale = size / (vector.norm() + _SMALL)
        ahead = gradient(parameters + scale * vector)
        behind = gradient(parameters - scale * vector)
        return (ahead - behind) / (2 * scale) + damping * vector

    return product


def trust_region_step(
    parameters: torch.Tensor,
    gradient: torch.Tensor,
    product: Product,
    loss_and_kl: Callable[[torch.Tensor], tuple[float, float]],
    *,
    max_kl: float,
    iterations: int = 10,
    max_backtracks: int = 15,
    shrink: float = 0.8,
) -> TrustRegionStep:
    """Take the largest step along the natural gradient that improves the loss within the region.

    Args:
        parameters: [P].
        gradient: Gradient of the loss, [P].
        product: Multiplies a vector by the KL's Hessian at `parameters`.
        loss_and_kl: Returns both at any parameters.
        max_kl: Radius of the region.
        iterations: Iterations of conjugate gradients.
        max_backtracks: Number of steps tried, each `shrink` times the one before.
        shrink: Factor between two such steps.

    Raises:
        NotFiniteError: If the gradient is not finite.

    Source:
        Schulman et al. 2015 (TRPO), appendix C.
    """
    if not bool(torch.isfinite(gradient).all()):
        raise NotFiniteError("the gradient of TRPO's surrogate is not finite", "gradient")
    before, _ = loss_and_kl(parameters)
    direction = conjugate_gradient(product, -gradient, iterations)
    # the residual is orthogonal to the solution, so this is direction' H direction
    curvature = -float(gradient @ direction)
    if not curvature > 0 or not bool(torch.isfinite(direction).all()):  # no usable direction
        return TrustRegionStep(parameters, False, before, before, 0.0, 0)
    full = (2 * max_kl / curvature) ** 0.5 * direction
    for backtrack in range(max_backtracks):
        candidate = parameters + shrink**backtrack * full
        loss, kl = loss_and_kl(candidate)
        if loss < before and kl <= max_kl:  # both are False for NaN
            return TrustRegionStep(candidate, True, before, loss, kl, backtrack)
    return TrustRegionStep(parameters, False, before, before, 0.0, max_backtracks)
