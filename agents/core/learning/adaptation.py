"""Gradient steps on parameters that differ by task, differentiable or not. M tasks.

`adapt` knows nothing of reinforcement learning: `loss` may be any function of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

Parameters = dict[str, torch.Tensor]  # by name: shared [...], or of each task [M, ...]
SHAPES = ("scalar", "tensor", "parameter")


class InnerRates(nn.Module):
    """Learning rates of the inner gradient steps, which may themselves be learnt.

    Args:
        parameters: The adapted parameters, by name.
        rate: Initial value of all rates.
        shape: One for all (`"scalar"`), one per tensor, or one per parameter.
        steps: Number of steps with their own rates; with 1 all steps share them.
        learnt: Whether the outer loop trains them.
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.Tensor],
        rate: float,
        shape: str = "scalar",
        steps: int = 1,
        learnt: bool = False,
    ):
        super().__init__()
        self.steps = max(steps, 1)
        self.learnt = learnt
        self._index = {name: 0 if shape == "scalar" else i for i, name in enumerate(parameters)}
        shapes = [part.shape if shape == "parameter" else () for part in parameters.values()]
        dtype = next(iter(parameters.values())).dtype
        self.rates = nn.ParameterList(
            nn.Parameter(torch.full((self.steps, *one), rate, dtype=dtype), requires_grad=learnt)
            for one in (shapes[:1] if shape == "scalar" else shapes)
        )

    def of(self, name: str, step: int) -> torch.Tensor:
        """Return the rate of one tensor in one step; later steps use the last step's."""
        return self.rates[self._index[name]][min(step, self.steps - 1)]


def spread(parameters: Mapping[str, torch.Tensor], tasks: int) -> Parameters:
    """Return shared parameters as one set per task, [M, ...]; gradients reach the shared ones."""
    return {name: part.expand(tasks, *part.shape) for name, part in parameters.items()}


def adapt(
    parameters: Parameters,
    loss: Callable[[Parameters, int], torch.Tensor],
    rates: Any,
    steps: int,
    *,
    first: int = 0,
    scale: float = 1.0,
    differentiable: bool = True,
    first_order: bool = False,
    limit: float | None = None,
) -> Parameters:
    """Take gradient steps.

    Args:
        parameters: One set per task, [M, ...]; they must require gradients.
        loss: Function of parameters and the step's number: the sum over tasks of each task's loss,
            a scalar, so that every task's gradient is its own.
        rates: An `InnerRates`.
        steps: Number of steps; 0 returns `parameters`.
        first: Number of the first step.
        scale: Factor on all rates.
        differentiable: Keep the graph, so that gradients flow through the steps.
        first_order: Treat the steps' gradients as constants in that graph.
        limit: Every number of the gradients is clipped to plus and minus this; None: not.

    Returns:
        New parameters, [M, ...].

    Source:
        Finn et al. 2017, equation 1 and section 5.2 (first order); Li et al. 2017 (Meta-SGD),
        equation 2.
    """
    for step in range(first, first + steps):
        gradients = torch.autograd.grad(
            loss(parameters, step),
            list(parameters.values()),
            create_graph=differentiable and not first_order,
            retain_graph=differentiable,  # the outer loss may use what the steps computed
        )
        if limit is not None:
            gradients = tuple(part.clamp(-limit, limit) for part in gradients)
        parameters = {
            name: part - scale * rates.of(name, step) * gradient
            for (name, part), gradient in zip(parameters.items(), gradients, strict=True)
        }
        if not differentiable:
            parameters = {name: part.detach() for name, part in parameters.items()}
            if step + 1 < first + steps:
                parameters = {name: part.requires_grad_() for name, part in parameters.items()}
    return parameters
