"""A fixed policy as an inner loop. R rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom

from ..core.nets.mlp import MlpPolicy
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
        self, policy: MlpPolicy, venv: Any, rows_per_task: int = 1, seed: int | None = None
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
        head = self.policy.head
        if deterministic:
            return head.mode(params).numpy()
        draw = self.random.uniform if head.noise_kind == "uniform" else self.random.normal
        noise = draw(self.rows(rows), head.noise_size).astype(np.float32)
        return head.sample(params, torch.from_numpy(noise)).numpy()
