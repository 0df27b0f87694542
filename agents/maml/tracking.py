"""PPO that goes on learning at execution: what continuous adaptation is compared to. M tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..core.base.arguments import argument, at_least
from ..core.base.schedules import value_at
from ..core.learning.functional import Adam
from ..core.losses import losses
from ..core.play.inner_loop import Rows
from .continuous import ContinuousMAML
from .importance import ValuedLoop
from .learner import chunks
from .presets import TRACKING
from .valued import ValuedLearner, value_error


class TrackingLoop(ValuedLoop):
    """Takes steps of PPO for a task after each episode of its rows, from where the last ones ended.

    Args:
        learner: Policy and losses; not changed.
        venv: Its spaces must be those of the policy.
        rows_per_task: Rows that share what they have learnt.
        seed: As in `InnerLoop`.
        learning_rate: Of Adam.
        n_epochs: Steps of Adam after each episode.
        clip: PPO's clip range.
        **more: As in `GradientInnerLoop`.
    """

    def __init__(
        self,
        learner: ValuedLearner,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        *,
        learning_rate: float,
        n_epochs: int,
        clip: float,
        **more: Any,
    ):
        self._moments: dict[str, dict[str, torch.Tensor]] = {}
        super().__init__(learner, venv, rows_per_task, seed, **more)
        self.learning_rate, self.n_epochs, self.clip = learning_rate, n_epochs, clip
        self._adam = Adam(eps=1e-5)
        self._moments = {name: self._adam.begin(part) for name, part in self.parameters.items()}

    def reset(self, rows: Rows = None) -> None:
        """Forget everything of the tasks that `rows` belong to."""
        super().reset(rows)
        tasks = np.unique(self.rows(rows) // self.rows_per_task)
        for state in self._moments.values():
            for part in state.values():
                part[tasks] = 0.0

    def _learn(self, tasks: np.ndarray) -> None:
        if not len(tasks):
            return
        episodes = self._prepared(tasks).to(self._device)
        self.steps[tasks] += 1
        for chunk in chunks(episodes):
            self._track(tasks[chunk], episodes.tasks(chunk))

    def _track(self, tasks: np.ndarray, episodes: Any) -> None:
        """Take the steps of `tasks`; each has an Adam of its own."""
        own = {name: part[tasks] for name, part in self.parameters.items()}
        moments = {
            name: {key: part[tasks] for key, part in state.items()}
            for name, state in self._moments.items()
        }
        for _ in range(self.n_epochs):
            own = {name: part.detach().requires_grad_() for name, part in own.items()}
            with torch.enable_grad():
                _, log_prob = self.learner.evaluate(own, episodes)
                data = (log_prob, episodes.log_prob, episodes.advantages)
                loss = losses.clipped_surrogate(*data, self.clip, episodes.weights)
                error = value_error(self.learner.values(own, episodes), episodes)
                loss = (loss + self.learner.vf_coef * error) * len(tasks)  # a sum: tasks are apart
                gradients = torch.autograd.grad(loss, list(own.values()))
            for (name, part), gradient in zip(own.items(), gradients, strict=True):
                own[name], moments[name] = self._adam.step(
                    part.detach(), gradient, moments[name], self.learning_rate
                )
        for name, part in own.items():
            self.parameters[name][tasks] = part
            for key, values in moments[name].items():
                self._moments[name][key][tasks] = values


class PPOTracking(ContinuousMAML):
    """PPO that tracks (Al-Shedivat et al. 2018, arXiv 1710.03641): it goes on in each new task.

    Trained as `ContinuousMAML(inner_steps=0)`: on all tasks, without adaptation. At execution,
    every task has parameters of its own, which `tracking_epochs` steps of PPO change after each
    episode of its rows, and which are never reset within a trial.

    Differences from the paper, which calls it PPO-tracking: it does not say how many steps.

    Raises:
        ValueError: As in `ContinuousMAML`, or if `inner_steps` is not 0.
    """

    presets = TRACKING

    inner_steps = 0
    learn_inner_lr = False
    exploration_coef = 0.0
    tracking_lr: float = argument("Rate of Adam at execution.", default=3e-4)
    tracking_epochs: int = argument(
        "Steps of Adam after each episode at execution.", at_least(1), default=10
    )

    def _check_arguments(self, values: Any) -> None:
        super()._check_arguments(values)
        if values["inner_steps"]:
            raise ValueError(
                f"inner_steps={values['inner_steps']}: PPOTracking adapts by PPO, with none of "
                "them; set tracking_epochs"
            )

    def _execution(self, venv: Any, rows_per_task: int, seed: int | None) -> ValuedLoop:
        learner: Any = self.learner  # of `_make_learner`
        return TrackingLoop(
            learner,
            venv,
            rows_per_task,
            seed,
            learning_rate=self.tracking_lr,
            n_epochs=self.tracking_epochs,
            clip=value_at(self.clip_range, 1.0),
        )
