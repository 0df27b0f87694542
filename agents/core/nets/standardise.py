"""Observations and rewards in units of their deviation, as policies see them. T steps, B trials."""

from __future__ import annotations

import torch
from torch import nn

_LARGEST = 10.0  # bound on what is standardised
_SMALLEST_VARIANCE = 1e-8


class Standardise(nn.Module):
    """Scales observations to mean 0 and deviation 1 over the steps seen so far, and clips them.

    Its moments change only between iterations, through `update`, and are saved with the weights.

    Args:
        size: D, numbers in an observation; they come first in the inputs.
        reward: Standardise the previous reward too, the last but one in `TrialObservation`.
    """

    def __init__(self, size: int, reward: bool = False):
        super().__init__()
        self.size, self.reward = size, reward
        self.moments: torch.Tensor
        self.register_buffer("moments", torch.zeros(3, size + reward, dtype=torch.float64))
        self.moments[2] = 1.0  # count, mean, variance

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return inputs [..., I] with the first D standardised."""
        mean, variance = self.moments[1].float(), self.moments[2].float()
        shown = (self._columns(inputs) - mean) * torch.rsqrt(variance + _SMALLEST_VARIANCE)
        shown = shown.clamp(-_LARGEST, _LARGEST)
        if not self.reward:
            return torch.cat([shown, inputs[..., self.size :]], dim=-1)
        observed, reward = shown[..., : self.size], shown[..., self.size :]
        return torch.cat([observed, inputs[..., self.size : -2], reward, inputs[..., -1:]], dim=-1)

    def _columns(self, inputs: torch.Tensor) -> torch.Tensor:
        observed = inputs[..., : self.size]
        return torch.cat([observed, inputs[..., -2:-1]], dim=-1) if self.reward else observed

    @torch.no_grad()
    def update(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Update the moments from inputs [T, B, I] where the mask [T, B] is 1.

        Source:
            Chan et al. 1983, equations 2.1.
        """
        seen = self._columns(inputs[mask > 0]).double()
        count, mean, variance = self.moments
        added = float(len(seen))
        total = count + added
        distance = seen.mean(0) - mean
        squares = variance * count + seen.var(0, unbiased=False) * added
        squares = squares + distance**2 * count * added / total
        self.moments.copy_(torch.stack([total, mean + distance * added / total, squares / total]))


class Changes(nn.Module):
    """Shows how observation and reward changed in the last step, in units of their usual change.

    What one step changes is often a hundredth of what differs over a trial, and a network that sees
    only the totals misses products of two such numbers ("the reward rose when I went there"). They
    are 0 where an episode starts. The moments change only through `update`.

    Args:
        size: D, numbers in an observation; they come first in `TrialObservation`'s inputs.
    """

    def __init__(self, size: int):
        super().__init__()
        self.size = size + 1  # and the reward
        self.moments: torch.Tensor
        self.register_buffer("moments", torch.zeros(2, self.size, dtype=torch.float64))
        self.moments[1] = 1.0  # count, mean square

    def columns(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the observation and reward [..., D + 1] in inputs [..., I]."""
        return torch.cat([inputs[..., : self.size - 1], inputs[..., -2:-1]], dim=-1)

    def forward(self, inputs: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        """Return changes [..., D + 1] from the previous columns [..., D + 1] to the inputs'."""
        scale = torch.rsqrt(self.moments[1].float() + _SMALLEST_VARIANCE)
        changes = ((self.columns(inputs) - previous) * scale).clamp(-_LARGEST, _LARGEST)
        return changes * (1.0 - inputs[..., -1:])

    @torch.no_grad()
    def update(self, inputs: torch.Tensor, mask: torch.Tensor) -> None:
        """Update the moments from changes within episodes, inputs [T, B, I] where the mask is 1."""
        columns = self.columns(inputs)
        goes_on = (mask[1:] > 0) & (inputs[1:, :, -1] == 0)
        changes = (columns[1:] - columns[:-1])[goes_on].double()
        if len(changes) == 0:
            return
        count, square = self.moments
        total = count + float(len(changes))
        self.moments.copy_(torch.stack([total, square + (changes**2 - square).sum(0) / total]))
