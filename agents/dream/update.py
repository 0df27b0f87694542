"""DREAM's gradient steps. T steps, B episodes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..core.learning.steps import take_steps
from ..core.play.replay import TaskReplay
from . import losses
from .episodes import Episodes, draw
from .policies import DreamPolicy, ExploringPolicy, RecurrentQ

_PARTS = ("exploration", "execution", "inference", "embedding")


class Updater:
    """Trains both policies, the latents of problems and their inference from replayed episodes.

    Args:
        policy: The networks.
        exploring: Episodes that explored.
        executing: Episodes that carried out.
        settings: The agent's arguments.
    """

    def __init__(
        self,
        policy: DreamPolicy,
        exploring: TaskReplay,
        executing: TaskReplay,
        settings: Mapping[str, Any],
    ):
        self.policy, self.exploring, self.executing = policy, exploring, executing
        self.settings = settings
        self.parts = (*_PARTS, *(("frames",) if policy.frames is not None else ()))
        self.optimizer = torch.optim.Adam(
            [part for name in self.parts for part in getattr(policy, name).parameters()], lr=1e-3
        )

    def run(self, count: int, seed: int, rate: float) -> dict[str, float]:
        """Take gradient steps, and return the means of their figures.

        Args:
            count: How many.
            seed: Seed of draws and noise.
            rate: Learning rate.
        """
        size, device = self.settings["batch_size"], next(self.policy.parameters()).device

        def one(rng: np.random.Generator, noise: torch.Generator) -> dict[str, Tensor]:
            explored = draw(self.exploring, size, rng, device)
            return self.step(explored, draw(self.executing, size, rng, device), noise)

        return take_steps(one, [self.optimizer], count, seed, rate)

    def step(
        self, explored: Episodes, executed: Episodes, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Take one gradient step, and return figures.

        Args:
            explored: Episodes that explored.
            executed: Episodes that carried out.
            generator: Draws the noise on latents.
        """
        found = self.losses(explored, executed, generator)
        return descend(self.policy, self.parts, self.optimizer, found, self.settings)

    def losses(
        self, explored: Episodes, executed: Episodes, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return the whole loss and its parts.

        Args:
            explored: As in `step`.
            executed: As in `step`.
            generator: As in `step`.
        """
        features = self.policy.features
        executed = executed._replace(inputs=features(executed.inputs))
        if self.settings["explore"] == "none":
            blank = executed.rewards.new_zeros(len(executed.codes), self.policy.latent_size)
            carried = self._execution_loss(executed, blank)
            return {"loss": carried, "execution_loss": carried}
        latents = self.policy.latents(executed.codes)
        noise = torch.randn(latents.shape, generator=generator).to(latents.device)
        carried = self._execution_loss(executed, latents + self.settings["latent_noise"] * noise)
        bottleneck = losses.bottleneck_loss(latents, self.settings["free_size"])
        explored = explored._replace(inputs=features(explored.inputs))
        target = self.policy.latents(explored.codes).detach()
        inferred, _ = self.policy.inference(explored.inputs)
        inference = losses.inference_loss(inferred, target, explored.seen)
        found = {
            "execution_loss": carried,
            "inference_loss": inference,
            "latent_size": latents.pow(2).sum(dim=-1).mean(),
            "distance_left": left_after(explored, inferred.detach(), target),
        }
        total = carried + self.settings["bottleneck_coef"] * bottleneck + inference
        if self.settings["explore"] == "learnt":
            found["exploration_loss"] = self._exploration_loss(explored, inferred, target)
            total = total + found["exploration_loss"]
        return {"loss": total, **found}

    def _execution_loss(self, episodes: Episodes, latents: Tensor) -> Tensor:
        inputs = self.policy.told(episodes.inputs, latents)
        network = self.policy.execution
        return self._td_loss(network, "execution", inputs, episodes, episodes.rewards)

    def _exploration_loss(self, episodes: Episodes, inferred: Tensor, target: Tensor) -> Tensor:
        """Return exploration's loss, whose rewards are those of the present inference."""
        gains = losses.information_gain(inferred, target, self.settings["exploration_penalty"])
        network = self.policy.exploration
        return self._td_loss(network, "exploration", episodes.inputs, episodes, gains)

    def _td_loss(
        self, network: RecurrentQ, name: str, inputs: Tensor, episodes: Episodes, rewards: Tensor
    ) -> Tensor:
        return losses.recurrent_td_loss(
            network, self.policy.slow[name], inputs, episodes, rewards, self.settings["gamma"]
        )


def descend(
    policy: ExploringPolicy,
    parts: Iterable[str],
    optimizer: torch.optim.Optimizer,
    found: dict[str, Tensor],
    settings: Mapping[str, Any],
) -> dict[str, Tensor]:
    """Take a step on `found["loss"]`, move the slow copies, and return the other figures.

    Args:
        policy: The networks.
        parts: Names of those that are trained; each one's gradients are clipped by themselves.
        optimizer: Their optimiser.
        found: The loss and figures.
        settings: With `max_grad_norm` and `tau`.
    """
    optimizer.zero_grad()
    found.pop("loss").backward()
    most = settings["max_grad_norm"]
    for name in parts:
        parameters = list(getattr(policy, name).parameters())
        nn.utils.clip_grad_norm_(parameters, math.inf if most is None else most)
    optimizer.step()
    policy.follow(settings["tau"])
    return {name: figure.detach() for name, figure in found.items()}


def left_after(episodes: Episodes, inferred: Tensor, latents: Tensor) -> Tensor:
    """Return what of the distance from the latents is left after exploring, a fraction.

    Args:
        episodes: Episodes that explored.
        inferred: What is inferred from each prefix of them, [T + 1, B, L].
        latents: Of their problems, [B, L].
    """
    left = losses.distances(inferred, latents)
    last = episodes.mask.sum(dim=0).long()
    return left.gather(0, last[None]).mean() / left[0].mean()
