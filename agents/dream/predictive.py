"""Exploring until a model predicts what happens, then acting."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.venv import check_spaces
from ..core.play.inner_loop import Rows
from ..core.play.player import OnStep
from ..core.play.replay import TaskReplay
from ..core.play.step import Step
from ..core.play.trials import TrialCollector, Trials
from ..core.play.view import open_loop
from .base import ExploringAlgorithm
from .episodes import cut
from .inner_loop import DreamInnerLoop
from .model import (
    ModelUpdater,
    PredictivePolicy,
    Probes,
    draw,
    foreseeable,
    joined,
    store,
    with_blank_codes,
)
from .presets import PREDICTIVE


class PredictiveExploration(ExploringAlgorithm):
    """Explores until f(s', r | s, a, data) is accurate, then acts (a baseline of ours, 2026).

    It does so whatever the task will be. A recurrent network keeps what exploring has seen, and a
    model that is given it predicts the next observation and reward of steps of the same trial
    (`n_probes`, of exploring and of what follows). Exploring is paid for each step's share in
    making the model's error smaller, relative to the error of knowing nothing; carrying out acts on
    what was kept, through which it does not learn. Problems are never read. A new trial explores
    for `exploration_episodes`, or less: until an episode whose steps the model foresaw with a mean
    squared error of at most `tolerance`.

    What is learnt of a task is all that can be predicted of it, needed or not, so distractors cost:
    compare `DREAM`, whose exploring learns only what carrying out has a use for.

    Source: exploring by a model's progress (Schmidhuber 1991), with a model that learns within the
    trial; networks, replay and updates are those of `DREAM` here, the steps to predict drawn
    uniformly.

    Raises:
        MemoryError: If the buffer does not fit into memory.
        TypeError: If actions are not discrete.
        ValueError: If an argument is out of range, or a trial has no episode after exploring.
    """

    policy_aliases = {"GruPolicy": PredictivePolicy, "PredictivePolicy": PredictivePolicy}

    presets = PREDICTIVE

    tolerance: float = argument(
        "Error, of steps foreseen in an episode, at which exploring ends early.",
        at_least(0),
        default=0.01,
    )
    n_probes: int = argument("Steps of each trial that an update predicts.", at_least(1), default=8)

    def _make(self) -> ModelUpdater:
        self.replay = store(self.buffer_size, self.policy.builder)
        return ModelUpdater(self.policy, self.replay, self.settings)

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces, and with an empty buffer.

        Raises:
            ValueError: If its spaces differ.
        """
        super().set_env(env, force_reset)
        self.replay.clear()

    def inner_loop(
        self,
        venv: Any,
        rows_per_task: int = 1,
        seed: int | None = None,
        epsilon: float = 0.0,
        tolerance: float | None = None,
    ) -> PredictiveLoop:
        """Return the learnt learner, which has yet to explore.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: As in `InnerLoop`.
            seed: As in `MetaAlgorithm`.
            epsilon: Probability of a uniform action.
            tolerance: Another one than the agent's.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return PredictiveLoop(
            self.policy,
            venv,
            rows_per_task,
            seed,
            exploration_episodes=self.exploration_episodes,
            explore=self.explore,
            epsilon=epsilon,
            tolerance=self.tolerance if tolerance is None else tolerance,
        )

    @torch.no_grad()
    def error_left(self, n_trials: int = 8, seed: int = 0) -> float:
        """Return what of the model's error exploring leaves.

        The mean error after exploring training tasks as a new trial does, over that before the
        first step.

        Args:
            n_trials: Trials that each row explores.
            seed: Seed of tasks, actions and steps to predict.
        """
        trials = self._play(fold(seed, "act"), fold(seed, "explore"), n_trials, 0.0, lambda _: True)
        kept = store(10**6, self.policy.builder)
        self._keep(kept, trials)
        count = self.n_envs * n_trials
        drawn = draw(kept, count, self.n_probes, np.random.default_rng(seed), self.policy)
        _, errors = self.updater.prefix_errors(self.updater.featured(drawn))
        last = drawn.explored.mask.sum(dim=0).long()
        return float(errors.gather(0, last[None]).mean() / errors[0].mean())

    # ---- the outer loop -------------------------------------------------------------------------

    def _play(
        self, act: int, collect: int, n_trials: int, epsilon: float, on_step: OnStep
    ) -> Trials:
        # no early end: every trial kept has explored for as long
        loop = open_loop(self, self.venv, seed=act, epsilon=epsilon, tolerance=-1.0)
        collector: Any = TrialCollector(self.venv, n_trials)
        return collector.collect(loop, collect, on_step)

    def _keep(self, replay: TaskReplay, trials: Trials) -> None:
        for fields in joined(cut(with_blank_codes(trials), self.exploration_episodes)):
            replay.add(0, fields, recent=False, trial=True)

    def _keep_all(self, trials: Trials) -> None:
        self._keep(self.replay, trials)

    def _buffers(self) -> dict[str, TaskReplay]:
        return {"replay.trials": self.replay}


class PredictiveLoop(DreamInnerLoop):
    """As `DreamInnerLoop`; exploring ends after an episode that the model foresaw well enough.

    Args:
        policy: The trained policy; not changed.
        *args: As in `DreamInnerLoop`.
        tolerance: Mean squared error of an episode's steps at which exploring ends.
        **kwargs: As in `DreamInnerLoop`.
    """

    def __init__(self, policy: PredictivePolicy, *args: Any, tolerance: float, **kwargs: Any):
        super().__init__(policy, *args, **kwargs)
        self.model, self.tolerance = policy, tolerance
        self._errors = np.zeros((self.num_rows, 2))  # sum and count, in the present episode

    def reset(self, rows: Rows = None) -> None:
        """Forget everything in `rows`, which explore next."""
        super().reset(rows)
        self._errors[self.rows(rows)] = 0.0

    @torch.no_grad()
    def observe(self, step: Step, rows: Rows = None) -> None:
        """Keep the step, and end exploring where all of the episode was foreseen."""
        where = self.rows(rows)
        if self.explore != "none" and self.exploring(where).any():
            self._errors[where] += np.stack([self._error(step, where), np.ones(len(where))], axis=1)
            sums, counts = self._errors[where].T
            foreseen = step.ended & self.exploring(where) & (sums <= self.tolerance * counts)
            # this episode is then the last that explores
            self.episode[where[foreseen]] = self.exploration_episodes - 1
            self._errors[where[step.ended]] = 0.0
        super().observe(step, rows)

    def _error(self, step: Step, where: np.ndarray) -> np.ndarray:
        """Return the model's squared errors of a step, [R]."""
        device = self._device
        count = len(where)
        nothing = np.zeros((count, self.builder.action_size), np.float32)
        rows = self.builder.build(step.next_observation, nothing, np.zeros(count), np.zeros(count))
        before, after = (
            foreseeable(self.builder, torch.from_numpy(one).to(device))
            for one in (self.last["inputs"], rows)
        )
        probes = Probes(
            before=before,
            actions=self.last["actions"].to(device),
            after=after,
            rewards=torch.from_numpy(np.asarray(step.reward, np.float32)).to(device),
        )
        return self.model.errors(probes, self._inferred[where]).cpu().numpy()
