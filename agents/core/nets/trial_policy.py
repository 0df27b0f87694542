"""What trial algorithms need from a policy. T steps, B trials, R rows; D inputs, S state numbers.

P distribution parameters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import nn

from meta_envs.wrappers import TrialObservation

from .policy_head import PolicyHead


class TrialPolicy(nn.Module, ABC):
    """A policy that learns within a trial through the state it carries; its builder makes inputs.

    The state is one flat row [S], and so are the inputs [D], whatever they consist of: code that
    knows nothing of either can index, pad and keep them.

    Args:
        builder: Makes its inputs.
    """

    head: PolicyHead  # turns distribution parameters into actions
    sees_raw_rewards: bool = False  # previous rewards are shown as they are, not scaled
    # Rewards among the inputs are multiplied by this; the trainer's normaliser writes it, unless
    # the policy sees them raw.
    reward_scale: torch.Tensor

    def __init__(self, builder: TrialObservation):
        super().__init__()
        self.builder = builder
        self.register_buffer("reward_scale", torch.ones((), dtype=torch.float64))

    @abstractmethod
    def initial_state(self, num_rows: int) -> torch.Tensor:
        """Return the state at a trial's start, [R, S]."""

    @abstractmethod
    def step(
        self, inputs: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run one step: distribution parameters [R, P], values [R], state [R, S]."""

    @abstractmethod
    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run whole trials [T, B, D]: distribution parameters [T, B, P] and values [T, B]."""

    def after_iteration(  # noqa: B027  a policy may keep no moments
        self, inputs: torch.Tensor, mask: torch.Tensor
    ) -> None:
        """Learn moments from an iteration's inputs [T, B, D] where the mask [T, B] is 1.

        Only here may anything but parameters change: while it learns, a policy must stay the one
        that acted.
        """
