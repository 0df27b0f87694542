"""Updates that are still connected to the meta-parameters they were made with.

M learners, P parameters and E meta-parameters of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..learning.functional import Optimizer, Rate
from ..losses.finite import NotFiniteError
from .rule import Learners


@dataclass
class Path:
    """Updates with a graph that leads from the updated parameters back to eta."""

    eta: torch.Tensor  # [M, E], the leaf
    after: Learners  # the policy and the optimiser's state
    updates: int = 0
    seen: torch.Tensor | None = None  # the array of learners that its last unroll was put into


class Latest:
    """Holds the newest path; it can be computed again, so copies and files go without it."""

    path: Path | None = None

    def __deepcopy__(self, memo: Any) -> Latest:
        """Return an empty one: a graph cannot be copied."""
        return Latest()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing, for the same reason."""
        return {}


def jacobian(path: Path, columns: Sequence[int]) -> torch.Tensor:
    """Return d parameters / d eta of a path for some columns of eta, [M, columns, P].

    It costs one backward pass for each column: the path is pulled back with weights that are 0,
    and what comes out, linear in the weights, is differentiated with respect to them.
    """
    after = path.after["policy"]
    weights = torch.zeros_like(after).requires_grad_()
    (pulled,) = torch.autograd.grad(after, path.eta, weights, create_graph=True)
    found = [
        torch.autograd.grad(pulled[:, column].sum(), weights, retain_graph=True)[0]
        for column in columns
    ]
    return torch.stack(found, dim=1)


def of_policy(learners: Learners) -> Learners:
    """Return the parts of learners that an inner step changes."""
    return {
        name: part
        for name, part in learners.items()
        if name == "policy" or name.startswith("optimizer.")
    }


def adapt(
    optimizer: Optimizer, learners: Learners, grads: torch.Tensor, learning_rate: Rate
) -> Learners:
    """Return learners after a step of the meta-optimiser, whose state they hold as `meta.*`.

    Args:
        optimizer: The meta-optimiser.
        learners: [M, ...]; their eta changes.
        grads: Meta-gradients [M, E] of what is to be minimised.
        learning_rate: A number, or a tensor [] or [M].
    """
    state = {
        name.removeprefix("meta."): part
        for name, part in learners.items()
        if name.startswith("meta.")
    }
    eta, state = optimizer.step(learners["eta"], grads, state, learning_rate)
    return {**learners, "eta": eta, **{f"meta.{name}": part for name, part in state.items()}}


def refuse_not_finite(loss: torch.Tensor, grads: Mapping[str, torch.Tensor]) -> None:
    """Check an outer objective [M] and the parts of its meta-gradient, by name.

    Raises:
        NotFiniteError: Names the first that is not finite.
    """
    parts = {f"meta-gradient of {name}": part for name, part in grads.items()}
    for name, part in {"outer objective": loss, **parts}.items():
        if not bool(part.isfinite().all()):
            raise NotFiniteError(
                f"the {name} is not finite; try a smaller learning_rate or meta_learning_rate, "
                "or max_grad_norm",
                name,
            )
