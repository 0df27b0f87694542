"""PEARL's gradient steps. M tasks per update, B transitions of each, N of a context, L latents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from ..core.learning.sac import Transitions
from ..core.learning.steps import take_steps
from ..core.losses.sac_losses import temperature_loss
from ..core.nets.belief import gaussian_sample
from ..core.nets.kernels.fast_mlp import rounded_up
from ..core.play.replay import TaskReplay
from .losses import encoder_loss
from .policies import PearlPolicy


class Updater:
    """Trains a policy on a replay buffer.

    Args:
        policy: Updated in place.
        replay: The buffer that it learns from.
        settings: The agent's arguments.
        learning_rate: Learning rate of the three optimisers: for critics and encoder, for the
            actor, and for the entropy's weight.
    """

    def __init__(
        self,
        policy: PearlPolicy,
        replay: TaskReplay,
        settings: Mapping[str, Any],
        learning_rate: float,
    ):
        self.policy, self.replay, self.settings = policy, replay, settings
        shared = [*policy.core.q.parameters(), *policy.encoder.parameters()]
        self.critic_optimizer = _adam(shared, learning_rate)
        self.actor_optimizer = _adam(policy.core.policy.parameters(), learning_rate)
        self.entropy_optimizer = _adam([policy.log_ent_coef], learning_rate)

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimisers, by the names they have in checkpoints."""
        return {
            "critic.optimizer": self.critic_optimizer,
            "actor.optimizer": self.actor_optimizer,
            "entropy.optimizer": self.entropy_optimizer,
        }

    def run(self, count: int, seed: int, learning_rate: float) -> dict[str, float]:
        """Take `count` gradient steps, and return the means of their figures."""
        return take_steps(self.step, self.optimizers.values(), count, seed, learning_rate)

    @property
    def _device(self) -> torch.device:
        return self.policy.log_ent_coef.device

    def step(self, rng: np.random.Generator, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one gradient step on everything."""
        given, policy, core = self.settings, self.policy, self.policy.core
        tasks = rng.integers(self.replay.num_tasks, size=given["meta_batch_size"])
        context, drawn, mask = self._contexts(tasks, rng)
        batch = self._transitions(tasks, rng)
        mean, log_variance = policy.encoder(context, mask, drawn=drawn, precision=core.precision)
        latents = gaussian_sample(mean, log_variance, self._noise(mean.shape, generator, "normal"))
        condition = latents.repeat_interleave(given["batch_size"], dim=0)
        shape = (len(condition), policy.kind.noise_size)
        noise = [self._noise(shape, generator, policy.kind.noise_kind) for _ in range(2)]
        ent_coef = policy.log_ent_coef.detach().exp()
        q_loss = core.critic_loss(
            batch, condition, noise[0], ent_coef=ent_coef, gamma=given["gamma"]
        )
        loss = encoder_loss(q_loss, mean, log_variance, given["kl_coef"])
        _step(self.critic_optimizer, loss)
        actor_loss, entropy = core.actor_loss(
            batch.inputs,
            condition,
            noise[1],
            ent_coef=ent_coef,
            penalty_coef=given["penalty_coef"],
        )
        _step(self.actor_optimizer, actor_loss)
        if given["target_entropy"] is not None:
            _step(
                self.entropy_optimizer,
                temperature_loss(policy.log_ent_coef, entropy, given["target_entropy"]),
            )
        core.follow(given["tau"])
        kl = (loss - q_loss).detach() / max(given["kl_coef"] * len(tasks), 1e-12)
        parts = {"critic_loss": q_loss, "actor_loss": actor_loss, "entropy": entropy.mean()}
        parts.update(kl=kl, ent_coef=ent_coef, latent_spread=latents.var(dim=0).mean())
        return {name: part.detach() for name, part in parts.items()}

    def _contexts(
        self, tasks: np.ndarray, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Draw contexts: transitions [n, ...], which of them [M, N], and a mask [M, N] or None."""
        given, device = self.settings, self._device
        mask = None
        if given["contexts"] == "recent":
            places = self.replay.draw_recent(tasks, given["context_batch_size"], rng)
        else:
            episodes = given["n_prior_episodes"] + given["n_posterior_episodes"]
            if given["contexts"] == "parts":
                places, counted = self.replay.draw_parts(tasks, 1 / episodes, rng)
            else:
                rewards = "context_rewards" if given["contexts"] == "rewarded" else None
                places, counted = self.replay.draw_beginnings(tasks, 1 / episodes, rng, rewards)
            mask = torch.from_numpy(counted).to(device)
        different, drawn = np.unique(places, return_inverse=True)
        different = np.resize(different, rounded_up(len(different)))  # repeats some
        seen = ("inputs", "actions", "context_rewards", "next_inputs")
        shown = self.replay.take(different, seen)
        context = self.policy.context(*(torch.from_numpy(shown[name]).to(device) for name in seen))
        return context, torch.from_numpy(drawn.reshape(places.shape)).to(device), mask

    def _transitions(self, tasks: np.ndarray, rng: np.random.Generator) -> Transitions:
        """Draw what actor and critics learn from, [M * B, ...]."""
        given = self.settings
        wanted = ("inputs", "actions", "rewards", "terminated", "next_inputs")
        fields = {
            name: torch.from_numpy(part).flatten(0, 1).to(self._device)
            for name, part in self.replay.sample(tasks, given["batch_size"], rng, wanted).items()
        }
        fields["rewards"] = given["reward_scale"] * fields["rewards"]
        return Transitions(**fields)

    def _noise(self, shape: Any, generator: torch.Generator, kind: str) -> torch.Tensor:
        draw = torch.randn if kind == "normal" else torch.rand
        return draw(tuple(shape), generator=generator).to(self._device)


def _adam(parameters: Iterable[torch.Tensor], learning_rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=learning_rate, fused=True)


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
