"""The in-context agent's gradient steps. G discounts, C critics, T steps, B trials, A actions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..core.learning.steps import take_steps
from ..core.losses.losses import masked_mean
from ..core.nets.heads import CategoricalHead
from ..core.play.replay import TaskReplay
from . import losses
from .networks import SquashedHead
from .policies import InContextPolicy

_RENEWED = 0.01  # share of a batch's spread in the running one
_LEAST_SPREAD = 1e-2  # of returns, where all are alike


@dataclass(frozen=True)
class Kept:
    """Some whole trials, padded to the longest; time-major."""

    inputs: Tensor  # [T, B, D]
    actions: Tensor  # the environment's, [T, B, ...]
    rewards: Tensor  # [T, B]
    mask: Tensor  # 1 where a step was played, [T, B]

    @property
    def continues(self) -> Tensor:
        """1 where the trial goes on after the step, [T, B]."""
        after = torch.zeros_like(self.mask)
        after[:-1] = self.mask[1:]
        return after


class Updater:
    """Trains policies and critics of all discounts, and the transformer that they share.

    The critics' errors and the policies' reach the transformer; the policies' never reach the
    critics.

    Args:
        policy: The network.
        replay: Whole trials.
        settings: The agent's arguments.
    """

    def __init__(self, policy: InContextPolicy, replay: TaskReplay, settings: Mapping[str, Any]):
        self.policy, self.replay, self.settings = policy, replay, settings
        self.trained = [part for part in policy.parameters() if part.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=1e-3, weight_decay=settings["weight_decay"]
        )

    def run(self, count: int, seed: int, rate: float) -> dict[str, float]:
        """Take gradient steps, and return the means of their figures.

        Args:
            count: How many.
            seed: Seed of draws and noise.
            rate: Learning rate.
        """

        def one(rng: np.random.Generator, noise: torch.Generator) -> dict[str, Tensor]:
            return self.step(self.draw(self.settings["batch_size"], rng), noise)

        return take_steps(one, [self.optimizer], count, seed, rate)

    def draw(self, count: int, rng: np.random.Generator) -> Kept:
        """Draw trials with replacement."""
        fields, mask = self.replay.sample_trials(np.zeros(count, dtype=np.int64), rng)
        device = self.policy.gammas.device
        parts = {name: torch.from_numpy(part).to(device) for name, part in fields.items()}
        if isinstance(head := self.policy.head, CategoricalHead):
            parts["actions"] = parts["actions"].long().clamp(min=head.start)  # where padded
        return Kept(**parts, mask=torch.from_numpy(mask).to(device))

    def step(self, kept: Kept, generator: torch.Generator) -> dict[str, Tensor]:
        """Take one gradient step, and return figures.

        Args:
            kept: Whole trials.
            generator: Draws actions of a Box, and the critics that a target asks.
        """
        found = self.losses(kept, generator)
        self.optimizer.zero_grad()
        found.pop("loss").backward()
        most = self.settings["max_grad_norm"]
        nn.utils.clip_grad_norm_(self.trained, math.inf if most is None else most)
        self.optimizer.step()
        self.policy.follow(self.settings["tau"])
        return {name: figure.detach() for name, figure in found.items()}

    def losses(self, kept: Kept, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the whole loss and its parts; renews the scales.

        Args:
            kept: As in `step`.
            generator: As in `step`.
        """
        policy, mask, settings = self.policy, kept.mask, self.settings
        features = policy.features(kept.inputs)
        targets = self.targets(features.detach(), kept, generator)
        with torch.no_grad():
            spread = losses.spread_of(targets, mask).clamp(min=_LEAST_SPREAD)
            policy.scales.lerp_(spread, _RENEWED)
        every = policy.values(policy.critics, features, self._unit(kept.actions))
        values = self._taken(every, kept.actions)  # [G, C, T, B]
        critics = losses.critic_loss(values, targets, policy.scales, mask)
        params = policy.actors(features)
        own = self._own_values(features, every, params, generator)
        gain = losses.policy_gain(own, policy.scales, mask)
        advantages = (values - own).detach().mean(dim=1)
        taken = kept.actions.expand(len(params), *kept.actions.shape)
        log_prob = policy.head.log_prob(params, taken)
        cloning = losses.filtered_cloning(log_prob, advantages, mask)
        total = settings["critic_coef"] * critics
        total = total - settings["online_coef"] * gain + settings["offline_coef"] * cloning
        return {
            "loss": total,
            "critic_loss": critics,
            "policy_gain": gain,
            "cloning_loss": cloning,
            "better_actions": masked_mean((advantages > 0).float().mean(dim=0), mask),
            "value": masked_mean(values[-1].mean(dim=0), mask),
        }

    @torch.no_grad()
    def targets(self, features: Tensor, kept: Kept, generator: torch.Generator) -> Tensor:
        """Return what the critics are to say of the actions taken, [G, T, B].

        Args:
            features: [T, B, H].
            kept: The trials.
            generator: As in `step`.
        """
        policy, following = self.policy, features[1:]
        params = policy.slow["actors"](following)
        actions = None
        if not policy.discrete:
            actions = self._drawn(params, generator)
        values = policy.values(policy.slow["critics"], following, actions)  # type: ignore[arg-type]
        if policy.discrete:
            values = losses.expected(params, values)
        members = values.shape[1]
        asked = min(self.settings["critics_asked"], members)
        chosen = torch.randperm(members, generator=generator)[:asked].to(values.device)
        least = losses.pessimistic(values, chosen)
        return losses.multi_gamma_targets(kept.rewards, least, kept.continues, policy.gammas)

    def _own_values(
        self, features: Tensor, every: Tensor, params: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Return the values of the policies' own actions, [G, C, T, B]; the critics are fixed."""
        if self.policy.discrete:
            return losses.expected(params, every.detach())
        actions = self._drawn(params, generator)
        return self.policy.values(self.policy.critics, features.detach(), actions, frozen=True)

    def _drawn(self, params: Tensor, generator: torch.Generator) -> Tensor:
        head = self.policy.head
        assert isinstance(head, SquashedHead)
        shape = *params.shape[:-1], head.noise_size
        return head.draw(params, torch.randn(shape, generator=generator).to(params.device))

    def _unit(self, actions: Tensor) -> Tensor | None:
        head = self.policy.head
        return head.unit(actions) if isinstance(head, SquashedHead) else None

    def _taken(self, every: Tensor, actions: Tensor) -> Tensor:
        """Return the values of the actions taken, [G, C, T, B]."""
        head = self.policy.head
        if not isinstance(head, CategoricalHead):
            return every
        index = (actions - head.start).expand(*every.shape[:2], *actions.shape)
        return every.gather(-1, index[..., None])[..., 0]
