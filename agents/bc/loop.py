"""A fixed policy as an inner loop. R rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from meta_envs.core.rng import RowRandom

from ..core.nets.mlp import PerTaskPolicy
from ..core.nets.policy_head import PolicyHead
from ..core.play.inner_loop import InnerLoop, Rows

_ACTING = 100  # the stream of a row's seed for drawing actions; environments use 0-2


class PolicyLoop(InnerLoop):
    """Acts by a policy, and learns nothing.

    Args:
        policy: The policy; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: As in `InnerLoop`.
        seed: As in `InnerLoop`.
    """

    def __init__(
        self, policy: PerTaskPolicy, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ):
        super().__init__(venv, rows_per_task, seed)
        self.policy = policy
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial: there is nothing to forget."""

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions in `rows`."""
        device = next(self.policy.parameters()).device
        params = self.policy(self.policy.inputs(observation).to(device)).cpu()
        head, noise = self.policy.head, None
        if not deterministic:
            draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
            noise = torch.from_numpy(draw(self.rows(rows), head.noise_size).astype(np.float32))
        return drawn(head, self.venv.single_action_space, params, noise)


def drawn(
    head: PolicyHead, space: spaces.Space, params: torch.Tensor, noise: torch.Tensor | None
) -> np.ndarray:
    """Return actions [R, ...], those of a Box within its bounds.

    Args:
        head: The policy's head.
        space: The space of actions.
        params: Distribution parameters, [R, P].
        noise: As the head takes it; None takes the most probable actions.
    """
    actions = (head.mode(params) if noise is None else head.sample(params, noise)).numpy()
    return np.clip(actions, space.low, space.high) if isinstance(space, spaces.Box) else actions
