"""Action values with an epsilon-greedy policy, for many learners at once.

M learners, N observations of each, A actions.
"""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces

from ..core.nets import stacked
from ..core.nets.actor_critic import ActorCritic


class EpsilonGreedyQ(ActorCritic):
    """Values of all actions, and the policy that takes the best one but with probability epsilon.

    Epsilon stands among the parameters, but is set by `with_epsilon` and never learnt by descent:
    the action values do not depend on it.

    Args:
        observation_space: Space of one row.
        action_space: Discrete.
        **more: As in `ActorCritic`, without `outputs`, `separate` and `memory`.

    Raises:
        TypeError: If the action space is not Discrete.
        ValueError: If an argument is out of range.
    """

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Space, **more: Any):
        if not isinstance(action_space, spaces.Discrete):
            raise TypeError(f"Q-learning takes Discrete actions, not {action_space}")
        if more.get("memory") is not None:
            raise ValueError(f"memory={more['memory']!r}: action values take no memory; use None")
        if more.get("outputs"):
            raise ValueError(f"outputs={more['outputs']!r}: there are action values alone")
        super().__init__(observation_space, action_space, **{**more, "outputs": {}})
        self.layout = stacked.Layout({**self.layout.shapes, "epsilon": (1,)})

    def with_epsilon(self, params: torch.Tensor, epsilon: torch.Tensor) -> torch.Tensor:
        """Return parameters [M, P] in which epsilon is `epsilon` [M]."""
        column = self.layout.begins["epsilon"]
        parts = [params[:, :column], epsilon[:, None], params[:, column + 1 :]]
        return torch.cat(parts, dim=1)

    def _finished(
        self, result: dict[str, torch.Tensor], parts: stacked.Parts
    ) -> dict[str, torch.Tensor]:
        """Return `"q"` [M, N, A], `"value"`, that of the best action, and `"policy"`."""
        q = result["policy"]
        policy = epsilon_greedy(q, parts["epsilon"][:, None])
        return {**result, "q": q, "value": q.amax(dim=-1), "policy": policy}


class CnnEpsilonGreedyQ(EpsilonGreedyQ):
    """The same over frames: its torso is `"cnn"` unless another is given."""

    default_torso = "cnn"


def epsilon_greedy(q: torch.Tensor, epsilon: torch.Tensor) -> torch.Tensor:
    """Return log probabilities [..., A] of the epsilon-greedy policy.

    The first of several best actions is the greedy one.

    Args:
        q: Action values, [..., A].
        epsilon: Probability with which all actions are drawn alike, [..., 1]; above 0.
    """
    greedy = torch.nn.functional.one_hot(q.argmax(dim=-1), q.shape[-1])
    return torch.log(epsilon / q.shape[-1] + (1 - epsilon) * greedy)
