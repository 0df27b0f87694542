"""The network of masters and sub-policies. M learners, N observations of each."""

from __future__ import annotations

import math
from typing import Any

import torch
from gymnasium import spaces

from ..core.nets.actor_critic import ActorCritic
from ..core.nets.heads import DiscreteHead
from ..core.nets.standardise import Standardise


class HierarchyNetwork(ActorCritic):
    """An actor-critic that sees standardised observations, and may choose at random now and then.

    Args:
        observation_space: As in `ActorCritic`.
        action_space: As in `ActorCritic`; of a master, the sub-policies.
        standardise: Moments of observations, shared by all networks; None shows them as they are.
        exploration: Share of choices made uniformly at random, of a Discrete space. The
            probabilities are those of this mixture, so that ratios of them are right.
        **more: As in `ActorCritic`.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        standardise: Standardise | None = None,
        exploration: float = 0.0,
        **more: Any,
    ):
        super().__init__(observation_space, action_space, **more)
        self.standardise, self.exploration = standardise, exploration

    def forward(
        self,
        params: torch.Tensor,
        inputs: torch.Tensor,
        memory: torch.Tensor | None = None,
        of: str | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return every head's outputs for inputs as `encode` gives them; see `ActorCritic`."""
        shown = inputs if self.standardise is None else self.standardise(inputs)
        return super().forward(params, shown, memory, of)

    def _distribution(self, outputs: torch.Tensor, log_std: torch.Tensor | None) -> torch.Tensor:
        params = super()._distribution(outputs, log_std)
        if not self.exploration:
            return params
        assert isinstance(self.head, DiscreteHead)
        own = params + math.log1p(-self.exploration) if self.exploration < 1 else params - math.inf
        uniform = torch.full_like(params, math.log(self.exploration / params.shape[-1]))
        return torch.logaddexp(own, uniform)


def moments_of(observation_space: spaces.Space) -> Standardise | None:
    """Return moments for observations that are vectors of floats; None for others."""
    if not isinstance(observation_space, spaces.Box) or observation_space.dtype.kind != "f":
        return None
    return Standardise(int(torch.tensor(observation_space.shape).prod()))
