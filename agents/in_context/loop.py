"""Acting that explores. R rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from meta_envs.core.rng import RowRandom

from ..core.play.inner_loop import Rows
from ..core.play.recurrent import RecurrentInnerLoop

_EXPLORING = 101  # the stream of a row's seed for uniform actions; others use 0-3 and 100


class ExploringLoop(RecurrentInnerLoop):
    """Takes a uniform action instead of the policy's with probability `epsilon`.

    Args:
        *args: As in `RecurrentInnerLoop`.
        epsilon: The probability.
        **kwargs: As in `RecurrentInnerLoop`.
    """

    def __init__(self, *args: Any, epsilon: float = 0.0, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.epsilon = epsilon
        seeds = [self.seed + row for row in range(self.num_rows)]
        self._chance = RowRandom(seeds, _EXPLORING)
        self._space = self.venv.single_action_space

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions, advancing the state of `rows`."""
        actions = super().act(observation, rows, deterministic)
        size = int(np.prod(self._space.shape))
        drawn = self._chance.uniform(self.rows(rows), 1 + size)
        explores = drawn[:, 0] < self.epsilon
        actions = actions.copy()
        actions[explores] = self._uniform(drawn[explores, 1:])
        self.last["actions"] = torch.from_numpy(actions)
        return actions

    def _uniform(self, drawn: np.ndarray) -> np.ndarray:
        """Return actions [R, ...] for numbers in [0, 1), [R, A]."""
        space = self._space
        if isinstance(space, spaces.Discrete):
            return (drawn[:, 0] * space.n).astype(np.int64) + space.start
        unit = drawn.reshape(len(drawn), *space.shape)
        return (space.low + unit * (space.high - space.low)).astype(space.dtype)
