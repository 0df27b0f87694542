"""Adaptation at execution time: from the initial parameters, on the last episodes. M tasks.

R rows of a task, T steps; all [M, R, T].
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch

from ..core.learning.adaptation import Parameters, spread
from ..core.play.inner_loop import Rows
from .episodes import Episodes, joined, side_by_side
from .inner_loop import GradientInnerLoop
from .valued import ValuedEpisodes, ValuedLearner

WEIGHTS = ("trajectory", "step")


def importance_weights(
    log_prob: torch.Tensor,
    old_log_prob: torch.Tensor,
    mask: torch.Tensor,
    kind: str,
    clip: float,
) -> torch.Tensor:
    """Return the probability of what was played, relative to that under the policy that played it.

    Args:
        log_prob: Log probabilities of the actions.
        old_log_prob: The same under the policy that played.
        mask: 1 where a step was played.
        kind: `"trajectory"`: of whole episodes, the same at each of an episode's steps; `"step"`:
            of each action alone.
        clip: The largest weight.

    Returns:
        Weights, 0 where nothing was played.

    Source:
        Al-Shedivat et al. 2018, equation 9, which has whole episodes and does not clip.
    """
    logarithm = (log_prob - old_log_prob) * mask
    if kind == "trajectory":
        logarithm = logarithm.sum(dim=2, keepdim=True).expand_as(mask)
    return logarithm.clamp(max=float(np.log(clip))).exp() * mask


def effective_share(weights: torch.Tensor) -> torch.Tensor:
    """Return the effective sample size of each task's weights, as a share of its steps, [M].

    Source:
        Kish 1965: (sum of w)^2 / sum of w^2.
    """
    total, played = weights.sum(dim=(1, 2)), (weights > 0).sum(dim=(1, 2))
    return total.square() / (weights.square().sum(dim=(1, 2)) * played).clamp(min=1e-30)


class ValuedLoop(GradientInnerLoop):
    """Takes gradient steps as its base does, on advantages over the adapted value network."""

    learner: ValuedLearner

    def _prepared(self, tasks: np.ndarray) -> Episodes:
        own = {name: part[tasks] for name, part in self.parameters.items()}
        return self.learner.prepare_with(self.store.take(tasks), own)


class RestartLoop(ValuedLoop):
    """Restarts from the initial parameters after each episode, and learns the last few again.

    Tasks may change between episodes: what an old step has learnt is not kept, only the episodes.
    `figures` has the share of effective samples in the last step, `"effective_sample_size"`.

    Args:
        learner: Policy, rates and losses; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: Rows that share what they have learnt.
        seed: As in `InnerLoop`.
        steps: Gradient steps after each episode.
        buffer_episodes: Episodes that are learnt from.
        weights: Kind of importance weights, see `importance_weights`.
        iw_clip: The largest weight.
    """

    def __init__(
        self,
        learner: ValuedLearner,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        *,
        steps: int,
        buffer_episodes: int,
        weights: str,
        iw_clip: float,
        **more: Any,
    ):
        self._recent: list[deque[Episodes]] = [
            deque(maxlen=buffer_episodes) for _ in range(venv.num_envs // rows_per_task)
        ]
        super().__init__(learner, venv, rows_per_task, seed, trained_steps=steps, **more)
        self.weights, self.iw_clip = weights, iw_clip
        self.figures = {"effective_sample_size": np.ones(self.num_tasks)}

    def reset(self, rows: Rows = None) -> None:
        """Forget everything of the tasks that `rows` belong to."""
        for task in np.unique(self.rows(rows) // self.rows_per_task).tolist():
            self._recent[task].clear()
            self.figures["effective_sample_size"][task] = 1.0
        super().reset(rows)

    def _learn(self, tasks: np.ndarray) -> None:
        """Adapt `tasks`, whose rows have ended an episode, to their last episodes."""
        if not len(tasks):
            return
        episodes = self._prepared(tasks)
        for index, task in enumerate(tasks.tolist()):
            self._recent[task].append(episodes.tasks(slice(index, index + 1)))
        self.steps[tasks] += 1
        counts = np.array([len(self._recent[task]) for task in tasks])
        for count in np.unique(counts).tolist():
            chosen = tasks[counts == count]
            rounds = [side_by_side([*self._recent[task]]) for task in chosen.tolist()]
            together = joined([(np.array([index]), one) for index, one in enumerate(rounds)])
            self._restart(chosen, together.to(self._device))

    def _restart(self, tasks: np.ndarray, episodes: Any) -> None:
        """Take all steps for `tasks` [M] from the initial parameters."""
        shared = self.learner.policy.parameters_by_name()
        own: Parameters = spread({k: part.detach() for k, part in shared.items()}, len(tasks))
        for step in range(self.trained_steps):
            weights = self._weights(own, episodes)
            with torch.enable_grad():
                own = self.learner.reuse(own, episodes, step, weights)
            self.figures["effective_sample_size"][tasks] = effective_share(weights).cpu().numpy()
        for name, part in own.items():
            self.parameters[name][tasks] = part.detach()

    def _weights(self, parameters: Parameters, episodes: ValuedEpisodes) -> torch.Tensor:
        with torch.no_grad():
            _, log_prob = self.learner.evaluate(parameters, episodes)
        mask, old = episodes.mask, episodes.log_prob
        return importance_weights(log_prob, old, mask, self.weights, self.iw_clip)
