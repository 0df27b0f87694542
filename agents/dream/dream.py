"""DREAM: exploring and carrying out instructions are learnt apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.arguments import argument, at_least
from ..core.base.problem_coded import ProblemCoded
from ..core.base.venv import check_spaces
from ..core.play.player import OnStep
from ..core.play.replay import TaskReplay
from ..core.play.trials import TrialCollector, Trials
from ..core.play.view import RowsView
from .base import ExploringAlgorithm
from .episodes import cut, draw, store
from .inner_loop import DreamInnerLoop, ToldDream, ToldLoop
from .policies import DreamPolicy
from .presets import PRESETS
from .update import Updater, left_after


class DREAM(ProblemCoded, ExploringAlgorithm):
    """DREAM (Liu et al. 2021, arXiv 2008.02790): exploring is learnt apart from execution.

    Execution is told which problem it is in, as a latent that is embedded from the problem and
    holds little else than what execution needs (equation 3). Exploring is paid for bringing
    another network, which infers that latent from what exploring has seen, nearer to it (equations
    4 and 5). A new trial explores first, then acts on what was inferred. Both are recurrent dueling
    double Q-networks that learn from replayed episodes; rewards of exploring are computed anew
    whenever an episode is drawn. What of the task is hidden (all that the first observation does
    not show) is read in training alone.

    Differences from the paper's code: an update takes whole episodes; several updates after each
    round of trials instead of one every four steps; slow copies follow at every update; every
    second row (there every second trial) carries out with what it inferred; exploring has a fixed
    length and costs nothing; smaller networks, larger steps.

    Raises:
        MemoryError: If the buffers do not fit into memory.
        TypeError: If actions are not discrete.
        ValueError: If an argument is out of range, or a trial has no episode after exploring.
    """

    policy_aliases = {"GruPolicy": DreamPolicy, "DreamPolicy": DreamPolicy}

    presets = PRESETS

    latent_noise: float = argument(
        "Deviation of the noise on latents that execution learns with.", at_least(0), default=0.1
    )
    free_size: float = argument(
        "Squared size within which a problem's latent costs nothing.", at_least(0), default=10.0
    )
    bottleneck_coef: float = argument("Weight of the size of latents.", at_least(0), default=1.0)

    def _setup_model(self) -> None:
        self.code = self._code()
        super()._setup_model()

    def _policy_arguments(self) -> dict[str, Any]:
        own = {"code_size": self.code.size, "categories": self.code.categories}
        return {**own, **super()._policy_arguments()}

    def _make(self) -> Updater:
        self.exploring, self.executing = (self._store(self.buffer_size) for _ in range(2))
        return Updater(self.policy, self.exploring, self.executing, self.settings)

    def _store(self, capacity: int) -> TaskReplay:
        frames = bool(self.policy.builder.frame_spaces)
        return store(capacity, self.policy.builder.row_size, self.code.size, frames)

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces, and with empty buffers.

        Raises:
            ValueError: If its spaces, or the hidden parts of its tasks, differ.
        """
        super().set_env(env, force_reset)
        self.exploring.clear()
        self.executing.clear()

    # ---- acting ---------------------------------------------------------------------------------

    def inner_loop(
        self, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> DreamInnerLoop:
        """Return the learnt learner, which has yet to explore.

        Args:
            venv: As in `MetaAlgorithm`.
            rows_per_task: As in `InnerLoop`.
            seed: As in `MetaAlgorithm`.
        """
        check_spaces(venv, self.observation_space, self.action_space)
        return DreamInnerLoop(
            self.policy,
            venv,
            rows_per_task,
            seed,
            exploration_episodes=self.exploration_episodes,
            explore=self.explore,
        )

    def told(self) -> ToldDream:
        """Return a learner for `evaluate` that is told the problem instead of exploring for it."""
        return ToldDream(self)

    def _told_loop(self, venv: Any, rows_per_task: int, seed: int | None, **more: Any) -> ToldLoop:
        return ToldLoop(
            self.policy,
            venv,
            rows_per_task,
            seed,
            exploration_episodes=self.exploration_episodes,
            explore=self.explore,
            code=self.code,
            **more,
        )

    @torch.no_grad()
    def distance_left(self, n_trials: int = 8, seed: int = 0) -> float:
        """Return what of the squared distance from the problem's latent exploring leaves.

        The mean distance after exploring training tasks as a new trial does, over that before the
        first step.

        Args:
            n_trials: Trials that each row explores.
            seed: Seed of tasks and actions.
        """
        trials = self._play(fold(seed, "act"), fold(seed, "explore"), n_trials, 0.0, lambda _: True)
        parts = cut(trials, self.exploration_episodes)
        explored = [fields for explores, fields in parts if explores]
        kept = self._store(sum(len(one["inputs"]) for one in explored))
        for fields in explored:
            kept.add(0, fields, recent=False, trial=True)
        episodes = draw(kept, self.n_envs * n_trials, np.random.default_rng(seed), self.device)
        inferred, _ = self.policy.inference(self.policy.features(episodes.inputs))
        return float(left_after(episodes, inferred, self.policy.latents(episodes.codes)))

    # ---- the outer loop -------------------------------------------------------------------------

    def _play(
        self, act: int, collect: int, n_trials: int, epsilon: float, on_step: OnStep
    ) -> Trials:
        """Play trials of training tasks, of which every second row is told the problem."""
        view, told = RowsView(self.venv), np.arange(self.n_envs) % 2 == 1
        loop = self._told_loop(view, 1, act, epsilon=epsilon, told=told)
        view.show_tasks_to(loop)
        collector: Any = TrialCollector(self.venv, n_trials)
        return collector.collect(loop, collect, on_step)

    def _keep_all(self, trials: Trials) -> None:
        for explores, fields in cut(trials, self.exploration_episodes):
            kept = self.exploring if explores else self.executing
            kept.add(0, fields, recent=False, trial=True)

    # ---- state ----------------------------------------------------------------------------------

    def _buffers(self) -> dict[str, TaskReplay]:
        return {"replay.exploring": self.exploring, "replay.executing": self.executing}
