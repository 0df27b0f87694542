"""Learners of one lifetime that can be paid for new observations. T steps, N rows; time-major."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium.vector.utils import create_empty_array

from .curious import CuriousAlgorithm
from .lifetime_algorithm import LifetimeAlgorithm, Stretch


class CuriousLifetime(CuriousAlgorithm, LifetimeAlgorithm):
    """A learner of one lifetime with an intrinsic reward, if `intrinsic` says so.

    `learn` alone pays it: the learners that `evaluate` and `make_learner` begin have none of this
    one's. Its unit is the deviation of the discounted bonus within an unroll; a step that ends an
    episode is not paid.

    Raises:
        ValueError: If observations are frames, or an argument is out of range.
    """

    def _setup_model(self) -> None:
        super()._setup_model()
        self._make_curiosity()

    def _observed_size(self) -> int:
        rows: Any = create_empty_array(self.observation_space, n=1, fn=np.zeros)
        inputs = self.network.encode(rows)
        if inputs.dtype == torch.uint8:
            raise ValueError(
                f"intrinsic={self.intrinsic!r} reads numbers, and the observation has frames"
            )
        return inputs[0].numel()

    def train(self, experience: Stretch) -> dict[str, float]:
        """Pay for what was new, if so asked, and update the learner from its last steps."""
        if self.curiosity is None:
            return super().train(experience)
        kept = self.loop.kept
        steps = int(kept.cursors.max())
        after = kept.parts["inputs"][1 : steps + 1].float().flatten(2)
        goes_on = torch.from_numpy(kept.numbers["continues"][:steps]).to(after.device)
        bonus = self._bonus(after, goes_on, self.gamma)  # type: ignore[attr-defined]
        kept.numbers["rewards"][:steps] += bonus.cpu().numpy()
        return {**super().train(experience), **self.curiosity.figures}
