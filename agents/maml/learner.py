"""How a task is learnt inside a trial: shared by training, evaluation and new tasks.

M tasks, R rows of a task, T steps, N = R * T steps of a task; P distribution parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ..core.learning.adaptation import InnerRates, Parameters, adapt, spread
from ..core.losses.finite import check_tensors
from ..core.losses.losses import masked_mean
from ..core.nets.mlp import PerTaskPolicy
from .episodes import Episodes
from .losses import inner_loss

_CHUNK = 8000  # steps replayed at a time, to fit a cache; 2,000-20,000 measured as equally fast


@dataclass(frozen=True)
class Replay:
    """What the outer loss sees of some tasks: their adaptation, repeated on their data."""

    params: torch.Tensor  # of the adapted policy after adaptation, [M, R, T, P]
    log_prob: torch.Tensor  # of its actions, [M, R, T]
    inner_kl: torch.Tensor  # from the acting to the current policies before it, a scalar
    first_log_prob: torch.Tensor | None  # of the first round's actions, [M, R, T]


@dataclass(frozen=True)
class Learner:
    """Policy-gradient steps on a policy's parameters.

    Args:
        policy: Its parameters are the initial ones of all tasks.
        rates: Learning rates of the steps.
        estimator: See `losses.inner_loss`.
        gamma: Discount.
        gae_lambda: Lambda of the advantages.
        normalize_advantage: Standardise advantages within each task.
        first_order: See `adaptation.adapt`.
        limit: See `adaptation.adapt`.
    """

    policy: PerTaskPolicy
    rates: InnerRates
    estimator: str
    gamma: float
    gae_lambda: float
    normalize_advantage: bool
    first_order: bool
    limit: float | None = None

    def prepare(self, taken: Mapping[str, torch.Tensor]) -> Episodes:
        """Return what an `EpisodeStore` gave, with log probabilities and advantages."""
        log_prob = self.policy.head.log_prob(taken["params"], taken["actions"]) * taken["mask"]
        bare = Episodes(**taken, log_prob=log_prob, advantages=torch.zeros_like(log_prob))
        return bare.with_advantages(self.gamma, self.gae_lambda, self.normalize_advantage)

    def step(
        self, parameters: Parameters, episodes: Episodes, step: int, scale: float = 1.0
    ) -> Parameters:
        """Take one gradient step for each task, keeping no graph.

        Args:
            parameters: One set per task, [M, ...].
            episodes: Episodes of the same tasks.
            step: Number of the step.
            scale: Factor on the rates.

        Returns:
            New parameters, [M, ...].

        Raises:
            NotFiniteError: A new parameter is not finite; says which, and after which step.
        """
        parts = []
        for chunk in chunks(episodes):
            own = {name: part[chunk].detach() for name, part in parameters.items()}
            parts.append(
                adapt(
                    {name: part.requires_grad_() for name, part in own.items()},
                    partial(self._loss, episodes.tasks(chunk)),
                    self.rates,
                    1,
                    first=step,
                    scale=scale,
                    differentiable=False,
                    limit=self.limit,
                )
            )
        found = {name: torch.cat([part[name] for part in parts]) for name in parameters}
        kind = f"after inner step {step + 1}, the adapted parameter"
        check_tensors(kind, found.items(), "try a smaller inner_lr or learning_rate")
        return found

    def replay(
        self, rounds: list[Episodes], differentiable: bool = True, exploration: bool = False
    ) -> Replay:
        """Repeat the adaptation from the current parameters, on data played with older ones.

        Args:
            rounds: One round for each inner step, and one after them; all of the same tasks.
            differentiable: Keep the graph.
            exploration: Keep the first round's log probabilities.
        """
        *before, after = rounds
        divergence: list[torch.Tensor] = []
        first: list[torch.Tensor] = []

        def loss(parameters: Parameters, step: int) -> torch.Tensor:
            episodes = before[step]
            params, log_prob = self.evaluate(parameters, episodes)
            kl = self.policy.head.kl(episodes.params, params)
            divergence.append(masked_mean(kl, episodes.weights))
            if exploration and step == 0:
                first.append(log_prob)
            weights = episodes.weights
            return inner_loss(
                self.estimator, log_prob, episodes.log_prob, episodes.advantages, weights
            )

        start = spread(self.policy.parameters_by_name(), after.num_tasks)
        adapted = adapt(
            start,
            loss,
            self.rates,
            len(before),
            differentiable=differentiable,
            first_order=self.first_order,
        )
        params, log_prob = self.evaluate(adapted, after)
        inner_kl = torch.stack(divergence).mean() if divergence else params.new_zeros(())
        return Replay(params, log_prob, inner_kl, first[0] if first else None)

    def evaluate(
        self, parameters: Parameters, episodes: Episodes
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distribution parameters [M, R, T, P] and log probabilities [M, R, T]."""
        params = self.policy.apply_episodes(parameters, episodes.inputs)
        return params, self.policy.head.log_prob(params, episodes.actions)

    def _loss(self, episodes: Episodes, parameters: Parameters, step: int) -> torch.Tensor:
        _, log_prob = self.evaluate(parameters, episodes)
        return inner_loss(
            self.estimator, log_prob, episodes.log_prob, episodes.advantages, episodes.weights
        )


def chunks(episodes: Episodes) -> Iterator[Any]:
    """Yield slices of tasks: as many at a time as give some thousands of steps.

    Tasks of few steps are faster batched (every operation has a launch cost), tasks of many steps
    are faster separately (their results fit a cache).
    """
    tasks, rows, steps = episodes.mask.shape
    size = max(_CHUNK // (rows * steps), 1)
    for first in range(0, tasks, size):
        yield slice(first, min(first + size, tasks))
