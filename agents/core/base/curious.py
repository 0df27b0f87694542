"""Algorithms on trials that can be paid for new observations. T steps, B trials; time-major."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from meta_envs.core.rng import fold

from ..learning.intrinsic import Intrinsic
from ..play.trials import Trials
from .agent_arguments import IntrinsicArguments
from .iterations import IterativeAlgorithm
from .schedules import value_at


class CuriousAlgorithm(IntrinsicArguments, IterativeAlgorithm):
    """Holds the intrinsic reward, if there is one, and its state.

    Only training sees it: inner loops, `evaluate` and the logged returns do not.
    """

    curiosity: Intrinsic | None = None

    def _make_curiosity(self) -> None:
        if self.intrinsic is None:
            return
        size = self._observed_size()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(fold(self.seed, "intrinsic") % 2**63)
            self.curiosity = Intrinsic(self.intrinsic, size, self.device)

    def _observed_size(self) -> int:
        """Return the numbers of an observation; refuse frames."""
        builder = self.policy.builder
        builder.require_numbers(f"intrinsic={self.intrinsic!r}")
        return builder.observation_size

    def paid(self, trials: Trials, rewards: torch.Tensor, gamma: float) -> torch.Tensor:
        """Return what the policy learns from, [T, B]: the rewards, or these and a bonus.

        A step is paid for the observation of the next one, so a trial's last step is not.

        Args:
            trials: Trials of one iteration.
            rewards: Rewards, normalised if the agent does so, [T, B].
            gamma: Discount.
        """
        if self.curiosity is None:
            return rewards
        builder, goes_on = self.policy.builder, trials.continues.to(self.device)
        seen = builder.numbers(trials.inputs)[..., : builder.observation_size]
        after = torch.cat([seen[1:], seen[-1:]]).to(self.device)
        return rewards + self._bonus(after, goes_on, gamma).to(rewards.device)

    def _bonus(self, after: torch.Tensor, goes_on: torch.Tensor, gamma: float) -> torch.Tensor:
        """Return the weighted bonus of every step, [T, B], and make what it led to less new.

        Args:
            after: What each step led to, [T, B, O].
            goes_on: 1 where a step led to something, [T, B].
            gamma: Discount.
        """
        assert self.curiosity is not None
        bonus = self.curiosity.pay(after, goes_on, gamma)
        generator = torch.Generator().manual_seed(fold(self.seed, "intrinsic", self.iteration))
        self.curiosity.learn(after[goes_on > 0], generator)
        done = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        return value_at(self.intrinsic_coef, done) * bonus

    # ---- checkpoints ----------------------------------------------------------------------------

    def _networks(self) -> dict[str, nn.Module]:
        own = {} if self.curiosity is None else self.curiosity.networks
        return {**super()._networks(), **own}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        own = {} if self.curiosity is None else self.curiosity.optimizers
        return {**super()._optimizers(), **own}

    def _acts_with(self, network: str, tensor: str) -> bool:
        return network != "intrinsic" and super()._acts_with(network, tensor)

    def _extra_state(self) -> dict[str, Any]:
        own = {} if self.curiosity is None else {"intrinsic": self.curiosity.state()}
        return {**super()._extra_state(), **own}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        super()._set_extra_state(state)
        if self.curiosity is not None and "intrinsic" in state:
            self.curiosity.load_state(state["intrinsic"])
