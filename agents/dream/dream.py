"""DREAM: exploring and carrying out instructions are learnt apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..core.base.agent_arguments import DiscountArguments
from ..core.base.arguments import above, argument, at_least, one_of, within
from ..core.base.iterations import IterativeAlgorithm
from ..core.base.schedules import value_at
from ..core.base.venv import check_spaces, trial_length
from ..core.play.player import OnStep
from ..core.play.trials import TrialCollector, Trials
from ..core.play.view import RowsView
from .episodes import cut, draw, store
from .inner_loop import DreamInnerLoop, ToldDream, ToldLoop
from .policies import DreamPolicy, ProblemCode
from .presets import PRESETS
from .update import Updater, left_after


class DREAM(DiscountArguments, IterativeAlgorithm):
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

    exploration_episodes: int = argument(
        "Episodes of a trial that explore.", at_least(1), default=1
    )
    explore: str = argument(
        '`"learnt"`; `"uniform"` explores with uniform actions; `"none"` does too, and execution '
        "learns without any latent.",
        one_of("learnt", "uniform", "none"),
        default="learnt",
    )
    n_trials: int = argument("Trials a row plays in an iteration.", at_least(1), default=1)
    gradient_steps: int = argument(
        "Updates after the trials of an iteration.", at_least(1), default=16
    )
    batch_size: int = argument("Episodes of each kind an update.", at_least(1), default=48)
    buffer_size: int = argument("Steps kept of each kind of episode.", at_least(1), default=200_000)
    tau: float = argument("Share of the networks in their slow copies.", within(0, 1), default=0.01)
    exploration_fraction: float = argument(
        "Part of training in which uniform actions grow rare.", within(0, 1), default=0.4
    )
    exploration_initial_eps: float = argument(
        "Probability of a uniform action at first.", within(0, 1), default=1.0
    )
    exploration_final_eps: float = argument(
        "Probability of a uniform action at last.", within(0, 1), default=0.05
    )
    exploration_penalty: float = argument(
        "Cost of a step that explores (the paper's code: .1).", at_least(0), default=0.0
    )
    latent_noise: float = argument(
        "Deviation of the noise on latents that execution learns with.", at_least(0), default=0.1
    )
    free_size: float = argument(
        "Squared size within which a problem's latent costs nothing.", at_least(0), default=10.0
    )
    bottleneck_coef: float = argument("Weight of the size of latents.", at_least(0), default=1.0)
    max_grad_norm: float | None = argument(
        "Each network's gradients are clipped to this norm; None does not clip.",
        above(0),
        default=10.0,
    )
    save_replay_buffer: bool = argument(
        "Put the buffers into checkpoints. Without them a resumed run first fills new ones, and "
        "differs from the run that was cut.",
        default=True,
    )

    def _setup_model(self) -> None:
        venv = self.venv.unwrapped
        if venv.episodes_per_trial <= self.exploration_episodes:
            raise ValueError(
                f"exploration_episodes={self.exploration_episodes} leaves none of "
                f"episodes_per_trial={venv.episodes_per_trial} to act in; give env_kwargs="
                f"{{'episodes_per_trial': {self.exploration_episodes + 1}}}"
            )
        self.code = self._code()
        with torch.random.fork_rng(devices=[]):  # leave the global generator untouched
            torch.manual_seed(fold(self.seed, "weights") % 2**63)
            self.policy = self.policy_class(
                self.observation_space,
                self.action_space,
                **{
                    "code_size": self.code.size,
                    "categories": self.code.categories,
                    **self.policy_kwargs,
                },
            ).to(self.device)
        sizes = self.buffer_size, self.policy.builder.size, self.code.size
        self.exploring, self.executing = store(*sizes), store(*sizes)
        self.updater = Updater(self.policy, self.exploring, self.executing, self.settings)

    def _code(self) -> ProblemCode:
        venv = self.venv.unwrapped
        return ProblemCode(venv.single_task_space, venv.start_shows)

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """Train on another environment with the same spaces, and with empty buffers.

        Raises:
            ValueError: If its spaces, or the hidden parts of its tasks, differ.
        """
        before = self.venv
        super().set_env(env, force_reset)
        code = self._code()
        if (code.keys, code.size, code.categories) != (
            self.code.keys,
            self.code.size,
            self.code.categories,
        ):
            self._set_venv(before)
            raise ValueError(
                f"the environment hides {code.keys} with {code.size} numbers and {code.categories} "
                f"categories; the agent embeds {self.code.keys} with {self.code.size} and "
                f"{self.code.categories}"
            )
        self.code = code
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
        kept = store(10**6, self.policy.builder.size, self.code.size)
        for explores, fields in cut(trials, self.exploration_episodes):
            if explores:
                kept.add(0, fields, recent=False, trial=True)
        episodes = draw(kept, self.n_envs * n_trials, np.random.default_rng(seed), self.device)
        inferred, _ = self.policy.inference(episodes.inputs)
        return float(left_after(episodes, inferred, self.policy.latents(episodes.codes)))

    # ---- the outer loop -------------------------------------------------------------------------

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration, at most; None if episodes have no fixed end."""
        length = trial_length(self.venv.unwrapped)
        return None if length is None else self.n_envs * self.n_trials * length

    @property
    def _progress(self) -> float:
        return min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)

    def epsilon(self) -> float:
        """Return the present probability of a uniform action in training."""
        first, last = self.exploration_initial_eps, self.exploration_final_eps
        if self._progress >= self.exploration_fraction:
            return last
        return first + (last - first) * self._progress / self.exploration_fraction

    def _collect(self, on_step: OnStep) -> Trials:
        act, collect = (fold(self.seed, name, self.iteration) for name in ("act", "collect"))
        return self._play(act, collect, self.n_trials, self.epsilon(), on_step)

    def _play(
        self, act: int, collect: int, n_trials: int, epsilon: float, on_step: OnStep
    ) -> Trials:
        """Play trials of training tasks, of which every second row is told the problem."""
        view, told = RowsView(self.venv), np.arange(self.n_envs) % 2 == 1
        loop = self._told_loop(view, 1, act, epsilon=epsilon, told=told)
        view.show_tasks_to(loop)
        collector: Any = TrialCollector(self.venv, n_trials)
        return collector.collect(loop, collect, on_step)

    def train(self, experience: Trials) -> dict[str, float]:
        """Keep the episodes, take the gradient steps, and return figures to log."""
        for explores, fields in cut(experience, self.exploration_episodes):
            kept = self.exploring if explores else self.executing
            kept.add(0, fields, recent=False, trial=True)
        rate = value_at(self.learning_rate, self._progress)
        self._n_updates += self.gradient_steps
        seed = fold(self.seed, "update", self.iteration)
        return {
            **self.updater.run(self.gradient_steps, seed, rate),
            "epsilon": self.epsilon(),
            "learning_rate": rate,
        }

    # ---- state ----------------------------------------------------------------------------------

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"policy.optimizer": self.updater.optimizer}

    def _buffers(self) -> dict[str, Any]:
        return {"replay.exploring": self.exploring, "replay.executing": self.executing}

    def _capture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        progress, tensors = super()._capture()
        for name, buffer in self._buffers().items() if self.save_replay_buffer else ():
            buffer.mark()
            tensors[name] = buffer.marked_state
        return progress, tensors

    def _restore(self, progress: Mapping[str, Any], tensors: Mapping[str, Any], path: str) -> None:
        for name, buffer in self._buffers().items():
            if name in tensors:
                buffer.set_state(tensors[name])
        super()._restore(progress, tensors, path)

    # ---- acting through SB3's predict -----------------------------------------------------------

    def _act_unadapted(
        self, observations: Any, state: Any, starts: np.ndarray | None, deterministic: bool
    ) -> tuple[np.ndarray, Any]:
        """Carry out without having explored; the state is the network's."""
        rows, builder = len(observations), self.policy.builder
        begins = np.full(rows, state is None) if starts is None else starts
        carried = self.policy.state(rows)
        if state is not None:
            carried = torch.as_tensor(state[0], device=carried.device).clone()
            carried[begins] = 0.0
        blank = np.zeros((rows, builder.action_size), np.float32)
        inputs = builder.build(observations, blank, np.zeros(rows), begins)
        shown = torch.from_numpy(inputs).to(carried.device)[None]
        latents = carried.new_zeros(rows, self.policy.latent_size)
        values, carried = self.policy.execution(self.policy.told(shown, latents), carried)
        best = values[0].argmax(dim=1).cpu().numpy() + self.policy.first_action
        return best, (carried.cpu().numpy(),)
