"""What is seen, as one flat row. R rows, D numbers or bytes in a row, O numbers of the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from ..core.nets.step_inputs import StepInputs


class Inputs:
    """Rows of float32 numbers; of bytes, if there are frames.

    Args:
        observation_space: Space of one observation.
        action_space: Space of one action.

    Raises:
        TypeError: If a part of the observation is of a kind that no network takes.
    """

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Space):
        self.builder = StepInputs(observation_space, action_space)
        self.numbers = self.builder.observation_size  # O

    def flat(self, observations: Any) -> torch.Tensor:
        """Return raw observations [R, ...] as rows [R, D]."""
        if not self.builder.frame_spaces:
            return torch.from_numpy(self.builder.flat_observations(observations))
        first = observations
        while isinstance(first, dict):
            first = next(iter(first.values()))
        zeros = np.zeros(len(first))
        actions = np.zeros((len(first), self.builder.action_size), np.float32)
        return torch.from_numpy(self.builder.build(observations, actions, zeros, zeros))

    def state(self, rows: torch.Tensor) -> torch.Tensor:
        """Return all numbers but those of frames, [..., O], of rows [..., D]."""
        return self.builder.numbers(rows)[..., : self.numbers]

    def frames(self, rows: torch.Tensor) -> list[torch.Tensor]:
        """Return the frames of rows [..., D], uint8 [..., *shape] of each."""
        return self.builder.frames(rows)
