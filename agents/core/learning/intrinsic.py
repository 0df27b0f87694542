"""Intrinsic rewards: paid for what is new. T steps, B trials, O numbers of an observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..losses.losses import masked_mean
from ..losses.normalise import RewardNormaliser
from ..nets.distillation import RandomDistillation

KINDS = ("rnd", "counts")
_RATE = 1e-4  # of Adam, for the predictor
_BATCH = 1024  # steps of a gradient step
_BITS = 16  # of a hash


class Counts(nn.Module):
    """Counts observations by a hash: in which slice they are along sixteen random directions.

    Equal observations share a count, and so do most that are less than .1 apart; a few hundred that
    are 1 apart or more seldom do.

    Args:
        input_size: O.

    Source:
        Tang et al. 2017 (arXiv 1611.04717), section 2.2: a static hash, and the bonus 1 / sqrt(n).
        Their hash keeps signs, for which (1, 1) and (2, 2) are the same; this one keeps whether the
        number of the slice (width 1, Datar et al. 2004) is odd.
    """

    directions: torch.Tensor
    offsets: torch.Tensor
    counts: torch.Tensor
    places: torch.Tensor

    def __init__(self, input_size: int):
        super().__init__()
        self.register_buffer("directions", torch.randn(input_size, _BITS))
        self.register_buffer("offsets", torch.rand(_BITS))
        self.register_buffer("counts", torch.zeros(2**_BITS, dtype=torch.float64))
        self.register_buffer("places", 2 ** torch.arange(_BITS))

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Return 1 / sqrt(n) of observations [..., O], 1 where one was never counted, [...]."""
        return self.counts[self.hashes(seen)].clamp(min=1.0).rsqrt().to(seen.dtype)

    def hashes(self, seen: torch.Tensor) -> torch.Tensor:
        """Return the hash of observations [..., O], int64 [...]."""
        slices = (seen @ self.directions + self.offsets).floor().long()
        return (slices % 2 * self.places).sum(dim=-1)

    def add(self, seen: torch.Tensor) -> None:
        """Count observations [N, O]."""
        self.counts += torch.bincount(self.hashes(seen), minlength=len(self.counts))


class Intrinsic:
    """A bonus for steps that lead to new observations, in deviations of its discounted return.

    Args:
        kind: `"rnd"`, the error in predicting a random network (Burda et al. 2019), or `"counts"`.
        size: O.
        device: Where to compute.
    """

    def __init__(self, kind: str, size: int, device: Any):
        self.network = (RandomDistillation if kind == "rnd" else Counts)(size).to(device)
        self.scale = RewardNormaliser()
        self.networks: dict[str, nn.Module] = {"intrinsic": self.network}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        if isinstance(self.network, RandomDistillation):
            adam = torch.optim.Adam(self.network.predictor.parameters(), lr=_RATE)
            self.optimizers["intrinsic.optimizer"] = adam
        self.figures: dict[str, float] = {}  # of the last `pay`

    @torch.no_grad()
    def pay(self, after: torch.Tensor, mask: torch.Tensor, gamma: float) -> torch.Tensor:
        """Return the bonus of every step, [T, B], and update its scale.

        Args:
            after: What each step led to, [T, B, O].
            mask: 1 where a step led to something, [T, B].
            gamma: Discount of the return whose deviation is the unit.
        """
        bonus = self.network(after) * mask
        self.figures = {"intrinsic": float(masked_mean(bonus, mask))}
        self.scale.update(bonus.cpu(), mask.cpu(), gamma)
        return self.scale.normalise(bonus)

    def learn(self, seen: torch.Tensor, generator: torch.Generator) -> None:
        """Make observations [N, O] less new: count them, or take a pass of gradient steps.

        Args:
            seen: The observations.
            generator: Draws the minibatches.
        """
        if isinstance(self.network, Counts):
            self.network.add(seen)
            return
        (optimizer,) = self.optimizers.values()
        order = torch.randperm(len(seen), generator=generator).to(seen.device)
        for part in order.split(_BATCH):
            optimizer.zero_grad()
            with torch.enable_grad():  # whoever computes advantages may have turned it off
                self.network(seen[part]).mean().backward()
            optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps besides network and optimiser."""
        return self.scale.state()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Undo `state`.

        Raises:
            ValueError: It does not hold running moments.
        """
        self.scale.load_state(state)
