"""Many gradient steps in a row, as off-policy agents take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from ..nets.kernels.fast_mlp import keep_freed_memory

Step = Callable[[np.random.Generator, torch.Generator], dict[str, torch.Tensor]]


def take_steps(
    step: Step,
    optimizers: Iterable[torch.optim.Optimizer],
    count: int,
    seed: int,
    learning_rate: float,
) -> dict[str, float]:
    """Take gradient steps, and return the means of their figures.

    Args:
        step: Takes one step, given the sources of its draws and of its noise; returns figures.
        optimizers: Those that it uses.
        count: Number of steps.
        seed: Seed of both sources.
        learning_rate: Learning rate of the optimisers.
    """
    keep_freed_memory()
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed % 2**63)
    sums: dict[str, torch.Tensor] = {}
    for _ in range(count):
        for name, value in step(rng, noise).items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value
    return {name: float(value) / count for name, value in sums.items()}
