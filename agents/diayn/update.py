"""DIAYN's gradient steps. B transitions of an update, n skills."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..core.learning.sac import Transitions
from ..core.learning.steps import take_steps
from ..core.losses.sac_losses import temperature_loss
from ..core.play.replay import TaskReplay
from .policies import DiaynPolicy

_ALL = np.zeros(1, dtype=np.int64)  # the buffer's one part


def skill_rewards(
    log_probabilities: torch.Tensor, skills: torch.Tensor, add_log_p: bool
) -> torch.Tensor:
    """Return log q(z | s) (- log p(z)) of uniform skills, [B].

    Args:
        log_probabilities: log q of every skill, [B, n].
        skills: z, int64 [B].
        add_log_p: Subtract log p(z), so that what cannot be told apart pays 0.

    Source:
        Eysenbach et al. 2018 (arXiv 1802.06070), equation 3.
    """
    found = log_probabilities.gather(1, skills[:, None])[:, 0]
    return found + math.log(log_probabilities.shape[1]) if add_log_p else found


class Updater:
    """Trains a policy and its discriminator on a replay buffer.

    Args:
        policy: Updated in place.
        replay: The buffer that it learns from.
        settings: The agent's arguments.
    """

    def __init__(self, policy: DiaynPolicy, replay: TaskReplay, settings: Mapping[str, Any]):
        self.policy, self.replay, self.settings = policy, replay, settings
        core = policy.core
        # by the names they have in checkpoints
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "discriminator.optimizer": _adam(policy.discriminator.parameters()),
            "critic.optimizer": _adam(core.q.parameters()),
            "actor.optimizer": _adam(core.policy.parameters()),
            "entropy.optimizer": _adam([policy.log_ent_coef]),
        }

    def run(self, count: int, seed: int, learning_rate: float) -> dict[str, float]:
        """Take `count` gradient steps, and return the means of their figures."""
        return take_steps(self.step, self.optimizers.values(), count, seed, learning_rate)

    def step(self, rng: np.random.Generator, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one gradient step on everything; rewards are of the discriminator before it."""
        given, policy, core = self.settings, self.policy, self.policy.core
        batch, skills = self._batch(rng)
        found = policy.log_probabilities(batch.next_inputs)
        rewards = skill_rewards(found.detach(), skills, given["add_log_p"])
        told_apart = functional.nll_loss(found, skills)
        self._take("discriminator", told_apart)
        condition, ent_coef = policy.one_hot(skills), policy.log_ent_coef.detach().exp()
        shape = (len(skills), policy.kind.noise_size)
        noise = [self._noise(shape, generator) for _ in range(2)]
        critic_loss = core.critic_loss(
            batch,
            condition,
            noise[0],
            ent_coef=ent_coef,
            gamma=given["gamma"],
            reward_hook=lambda _: rewards,
        )
        self._take("critic", critic_loss)
        actor_loss, entropy = core.actor_loss(batch.inputs, condition, noise[1], ent_coef=ent_coef)
        self._take("actor", actor_loss)
        if given["target_entropy"] is not None:
            loss = temperature_loss(policy.log_ent_coef, entropy, given["target_entropy"])
            self._take("entropy", loss)
        core.follow(given["tau"])
        parts = {"discriminator_loss": told_apart, "critic_loss": critic_loss}
        parts.update(actor_loss=actor_loss, entropy=entropy.mean(), ent_coef=ent_coef)
        return {name: part.detach() for name, part in parts.items()}

    def _batch(self, rng: np.random.Generator) -> tuple[Transitions, torch.Tensor]:
        """Draw transitions (whose rewards are 0) and their skills, int64 [B]."""
        drawn = self.replay.sample(_ALL, self.settings["batch_size"], rng)
        fields = {
            name: torch.from_numpy(part[0]).to(self.policy.device) for name, part in drawn.items()
        }
        skills = fields.pop("skills").long()
        return Transitions(rewards=torch.zeros_like(fields["terminated"]), **fields), skills

    def _take(self, name: str, loss: torch.Tensor) -> None:
        optimizer = self.optimizers[f"{name}.optimizer"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _noise(self, shape: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
        draw = torch.randn if self.policy.kind.noise_kind == "normal" else torch.rand
        return draw(shape, generator=generator).to(self.policy.device)


def _adam(parameters: Iterable[torch.Tensor]) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, fused=True)
