"""Running statistics: moments, and the scale of rewards. T steps, B trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST = 1e-4  # the smallest deviation used, so that constant rewards are not blown up


class RunningMoments:
    """Count, mean and variance of all numbers seen so far, in float64."""

    def __init__(self) -> None:
        self.count = 0.0
        self.mean = 0.0
        self._squares = 0.0  # sum of squared distances from the mean

    @property
    def std(self) -> float:
        """Standard deviation of all numbers seen; 0 before the first."""
        return float(np.sqrt(self._squares / self.count)) if self.count else 0.0

    def update(self, numbers: np.ndarray) -> None:
        """Add more numbers, of any shape.

        Source:
            Chan et al. 1983, equation 2.1.
        """
        if not numbers.size:
            return
        numbers = numbers.astype(np.float64)
        mean, count = float(numbers.mean()), float(numbers.size)
        distance, total = mean - self.mean, self.count + count
        self._squares += float(((numbers - mean) ** 2).sum())
        self._squares += distance**2 * self.count * count / total
        self.mean += distance * count / total
        self.count = total

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return {"count": self.count, "mean": self.mean, "squares": self._squares}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Undo `state`.

        Raises:
            ValueError: A value is missing, is not a finite number, or is impossible.
        """
        saved: list[Any] = [state.get(name) for name in ("count", "mean", "squares")]
        numbers = [float(one) for one in saved if type(one) in (int, float)]
        fine = len(numbers) == 3 and bool(np.isfinite(numbers).all())
        # rewards are float32, and so is their mean
        if not fine or min(numbers[0], numbers[2]) < 0 or abs(numbers[1]) > _LARGEST:
            raise ValueError(f"{state!r} does not hold running moments")
        self.count, self.mean, self._squares = numbers


class RewardNormaliser:
    """Divides rewards by the running standard deviation of the discounted return within a trial.

    Rewards are not centred: if episodes can end early, subtracting a mean would change the problem.
    """

    def __init__(self) -> None:
        self.returns = RunningMoments()

    @property
    def scale(self) -> float:
        """The divisor of rewards; 1 before the first trials."""
        return max(self.returns.std, _SMALLEST) if self.returns.count else 1.0

    def update(self, rewards: torch.Tensor, mask: torch.Tensor, gamma: float) -> None:
        """Add the raw rewards of whole trials.

        Args:
            rewards: [T, B].
            mask: 1 where a step was played, [T, B].
            gamma: Discount of the return.
        """
        raw, played = rewards.double().numpy(), mask.numpy() > 0
        discounted = np.zeros(raw.shape[1])
        seen = np.empty_like(raw)
        for step, reward in enumerate(raw):
            discounted = gamma * discounted + reward
            seen[step] = discounted
        self.returns.update(seen[played])

    def normalise(self, rewards: torch.Tensor) -> torch.Tensor:
        """Return rewards divided by the scale."""
        return rewards / self.scale

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return self.returns.state()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Undo `state`."""
        self.returns.load_state(state)
