"""PEARL inside a trial: act as if a task drawn from the posterior were the true one.

R rows, M tasks, L latents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import RowRandom

from ..core.nets.belief import gaussian_sample
from ..core.nets.encoders import product_of_gaussians
from ..core.play.inner_loop import InnerLoop, Rows
from ..core.play.step import Step
from .policies import PearlPolicy

_ACTING = 100  # the stream of a row's seed for drawing actions; environments use 0-2
_EVERY_EPISODE = np.iinfo(np.int64).max


class PosteriorInnerLoop(InnerLoop):
    """Draws a latent at each episode's start, and gathers what the transitions say about it.

    The first `exploration_episodes` episodes of a row draw from the prior, later ones from the
    posterior. As the posterior is a product of factors, only two sums per task are kept.
    Latents are drawn even where actions are deterministic: they are how it explores.

    Args:
        policy: The trained policy; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: Rows that share their experience; each draws its own latent.
        seed: As in `InnerLoop`.
        exploration_episodes: Number of episodes with latents from the prior; None means all.

    Source:
        Rakelly et al. 2019, algorithm 2.
    """

    def __init__(
        self,
        policy: PearlPolicy,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        *,
        exploration_episodes: int | None = 1,
    ):
        super().__init__(venv, rows_per_task, seed)
        self.policy = policy
        self.exploration_episodes = (
            _EVERY_EPISODE if exploration_episodes is None else exploration_episodes
        )
        self.random = RowRandom([self.seed + row for row in range(self.num_rows)], _ACTING)
        self.num_tasks = self.num_rows // rows_per_task
        sums = (self.num_tasks, policy.latent_size)
        self.precision = np.zeros(sums)  # sums over transitions, float64
        self.weighted_mean = np.zeros(sums)
        self.frozen = np.zeros(self.num_tasks, dtype=bool)
        self.episode = np.zeros(self.num_rows, dtype=np.int64)  # ended
        self.latents = np.zeros((self.num_rows, policy.latent_size), dtype=np.float32)
        self._due = np.ones(self.num_rows, dtype=bool)  # whether a row must draw a latent
        self._flat: np.ndarray | None = None

    @property
    def _device(self) -> torch.device:
        return self.policy.log_ent_coef.device

    def reset(self, rows: Rows = None) -> None:
        """Forget all of the tasks that `rows` belong to."""
        where = self.rows(rows)
        tasks = np.unique(where // self.rows_per_task)
        self.precision[tasks] = 0.0
        self.weighted_mean[tasks] = 0.0
        self.frozen[tasks] = False
        self.episode[where] = 0
        self._due[where] = True

    def posterior(self, rows: Rows = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and log variance that the next latents of `rows` are drawn from, [R, L]."""
        where = self.rows(rows)
        tasks = where // self.rows_per_task
        exploring = (self.episode[where] < self.exploration_episodes)[:, None]
        sums = (
            np.where(exploring, 0.0, part[tasks]) for part in (self.precision, self.weighted_mean)
        )
        mean, log_variance = product_of_gaussians(*map(torch.from_numpy, sums))
        return mean.numpy(), log_variance.numpy()

    @torch.no_grad()
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions given the rows' latents."""
        where = self.rows(rows)
        fresh = where[self._due[where]]
        if fresh.size:
            mean, log_variance = map(torch.from_numpy, self.posterior(fresh))
            noise = torch.from_numpy(self.random.normal(fresh, self.policy.latent_size))
            self.latents[fresh] = gaussian_sample(mean, log_variance, noise).numpy()
            self._due[fresh] = False
        kind = self.policy.kind
        noise_of = self.random.normal if kind.noise_kind == "normal" else self.random.uniform
        drawn = None if deterministic else noise_of(where, kind.noise_size)
        latents = torch.from_numpy(self.latents[where]).to(self._device)
        actions, self._flat = self.policy.act(observation, latents, drawn)
        return actions

    @torch.no_grad()
    def observe(self, step: Step, rows: Rows = None) -> None:
        """Add each transition's factor to its task's posterior."""
        where = self.rows(rows)
        over = where[step.ended]
        self.episode[over] += 1
        self._due[over] = True
        tasks = where // self.rows_per_task
        if self.frozen[tasks].all():
            return
        context = self.policy.context(
            self.policy.inputs(step.observation),
            torch.from_numpy(self._flat),
            torch.from_numpy(np.asarray(step.reward, dtype=np.float32)),
            self.policy.inputs(step.next_observation),
        )
        learning = ~self.frozen[tasks]
        for total, part in zip(
            (self.precision, self.weighted_mean),
            self.policy.encoder.factors(context.to(self._device)),
            strict=True,
        ):
            np.add.at(total, tasks[learning], part.cpu().double().numpy()[learning])

    def freeze(self) -> None:
        """Stop gathering; until `reset`, latents are drawn from the present posterior."""
        self.frozen[:] = True
