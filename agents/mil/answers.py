"""What a network answers for an action space, and how far that is from what was done.

M tasks, N steps of a task, A numbers of an answer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch.nn.functional import cross_entropy, one_hot


class Answers:
    """Answers are means of a Box's actions, or logits of a Discrete's.

    Args:
        space: The action space.

    Raises:
        TypeError: If it is another space.
    """

    def __init__(self, space: spaces.Space):
        self.space = space
        if isinstance(space, spaces.Discrete):
            self.size = int(space.n)  # A
        elif isinstance(space, spaces.Box) and space.dtype.kind == "f":
            self.size = math.prod(space.shape)
        else:
            raise TypeError(
                f"action_space={space}: what is imitated here are actions of a Box of floats, or a "
                "Discrete; agents.BC takes other actions too"
            )

    def targets(self, actions: Any) -> np.ndarray:
        """Return what is to be answered: float32 [..., A] of a Box, int64 [...] of a Discrete."""
        if isinstance(self.space, spaces.Discrete):
            return np.asarray(actions, np.int64) - int(self.space.start)
        actions = np.asarray(actions, np.float32)
        axes = len(self.space.shape or ())  # of one action
        return actions.reshape(*actions.shape[: actions.ndim - axes], self.size)

    def vectors(self, targets: torch.Tensor) -> torch.Tensor:
        """Return targets as numbers [..., A]: those of a Discrete one-hot."""
        if isinstance(self.space, spaces.Discrete):
            return one_hot(targets, self.size).float()
        return targets

    def errors(self, answers: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return each step's error, [...]: mean squared of a Box, cross-entropy of a Discrete.

        Args:
            answers: [..., A].
            targets: [..., A] or [...]; see `targets`.
        """
        if isinstance(self.space, spaces.Discrete):
            flat = cross_entropy(answers.flatten(0, -2), targets.flatten(), reduction="none")
            return flat.reshape(targets.shape)
        return (answers - targets).square().mean(dim=-1)

    def actions(self, answers: torch.Tensor) -> np.ndarray:
        """Return the actions [R, ...] of answers [R, A], within the space."""
        if isinstance(self.space, spaces.Discrete):
            return answers.argmax(dim=-1).numpy() + int(self.space.start)
        assert isinstance(self.space, spaces.Box)
        found = answers.numpy().reshape(-1, *self.space.shape).astype(self.space.dtype)
        return np.clip(found, self.space.low, self.space.high)


def mean_of_tasks(errors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the sum over tasks of the mean of each task's errors, a scalar.

    Args:
        errors: [M, N].
        mask: 1 at steps that count, [M, N].
    """
    return ((errors * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)).sum()
