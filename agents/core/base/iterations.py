"""The outer loop of agents that learn in iterations: collect, update, record, mark the boundary."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import MaybeCallback
from torch import nn

from ..losses.finite import NotFiniteError, check_figures, check_tensors, tensors_of_optimizer
from ..play.player import OnStep, StoppedError
from ..play.watch import Watch
from .algorithm import MetaAlgorithm, Self
from .training_log import describe, record_progress, record_update
from .window import set_window, window_of


class IterativeAlgorithm(MetaAlgorithm):
    """Repeats `_collect` and `train`, which subclasses define, and logs.

    Each collection begins with a reset seeded from (seed, iteration), so that an iteration boundary
    needs no state of the environment.
    """

    @abstractmethod
    def _collect(self, on_step: OnStep) -> Any:
        """Collect one iteration's experience, which has a method `figures()` for the log.

        Args:
            on_step: Call after every step (a `Player` does so); False stops.

        Raises:
            NotFiniteError: If the environment returns a number that is not finite.
            StoppedError: If `on_step` returned False; the iteration is dropped.
        """

    @abstractmethod
    def train(self, experience: Any) -> dict[str, float]:
        """Update from one iteration's experience, and return figures to log."""

    def _record(
        self, experience: Any, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        """Log one iteration.

        Args:
            experience: What it collected, whose `figures()` are logged under `rollout/`.
            figures: Figures of the update.
            seconds: Time spent collecting and training.
            dump: Write a row now.
        """
        shown = experience.figures()
        for name, value in shown.items():
            self.logger.record(f"rollout/{name}", value)
        self.latest = self._headline(shown, figures)
        record_update(self, figures, seconds, dump)

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        """Return the few figures that `latest` keeps, e.g. for progress bars.

        Args:
            shown: Figures of the experience.
            figures: Figures of the update.
        """
        return {name: shown[name] for name in ("trial_rew_mean", "success_rate") if name in shown}

    def learn(
        self: Self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int | None = 1,
        tb_log_name: str | None = None,
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Train for at least `total_timesteps` environment steps, in whole iterations.

        Args:
            total_timesteps: Environment steps, over all rows that play (masked steps do not count).
            callback: As in Stable-Baselines3.
            log_interval: Iterations between log lines; None writes none.
            tb_log_name: Name of the TensorBoard run; None is the class's name.
            reset_num_timesteps: False continues the count. The random streams always continue.
            progress_bar: Show one.

        Returns:
            The agent.

        Raises:
            NotFiniteError: If a reward, an observation, a loss, a gradient or a parameter is not
                finite. The agent then returns to the last iteration boundary.
            ValueError: If `log_interval` is below 1.
        """
        if log_interval is not None and log_interval < 1:
            raise ValueError(f"log_interval={log_interval} must be at least 1, or None for no log")
        assert isinstance(self, IterativeAlgorithm)
        total_timesteps, hook = self._setup_learn(
            total_timesteps,
            callback,
            reset_num_timesteps,
            tb_log_name or type(self).__name__,
            progress_bar,
        )
        describe(self, total_timesteps - self._num_timesteps_at_start)
        self._check_finite({}, "before training")
        self._mark_boundary()
        hook.on_training_start(locals(), globals())
        while self.num_timesteps < total_timesteps:
            try:
                if not self._iterate(hook, log_interval):
                    break
            except NotFiniteError as error:
                raise self._back_to_boundary(error) from error
        hook.on_training_end()
        return self

    def iteration_steps(self) -> int | None:
        """Return the timesteps of an iteration, at most; None where they are not known ahead."""
        return None

    def dump_logs(self, iteration: int = 0) -> None:
        """Write a log line now, between or within iterations.

        Args:
            iteration: Not used; the agent counts them itself.
        """
        record_progress(self)
        self.logger.dump(step=self.num_timesteps)

    def _iterate(self, hook: BaseCallback, log_interval: int | None) -> bool:
        """Collect, update, record and mark the boundary; return False if a callback stopped."""
        hook.on_rollout_start()
        started = time.perf_counter()
        boundary, episodes = self.num_timesteps, window_of(self)
        try:
            experience = self._collect(self._watch(hook))
        except StoppedError:  # the iteration is dropped as if it had never begun
            self.num_timesteps = boundary
            set_window(self, episodes)
            return False
        hook.on_rollout_end()
        collected = time.perf_counter()
        figures = self.train(experience)
        seconds = {"collect": collected - started, "train": time.perf_counter() - collected}
        self._check_finite(figures, "after the update")
        self.iteration += 1
        dump = log_interval is not None and self.iteration % log_interval == 0
        self._record(experience, figures, seconds, dump)
        self._mark_boundary()
        return True

    def _watch(self, hook: BaseCallback) -> Watch:
        """Return what is called with each step of one collection."""
        return Watch(self, hook)

    def _check_finite(self, figures: dict[str, float], when: str) -> None:
        """Refuse losses, gradients, parameters and optimisers' states that are not finite."""
        try:
            check_figures(figures)
            for name, network in self._networks().items():
                check_tensors(f"{name} parameter", network.named_parameters())
                if isinstance(network, nn.Module):  # other holders of parameters have no buffers
                    check_tensors(f"{name} buffer", network.named_buffers())
            for name, optimizer in self._optimizers().items():
                check_tensors(name, tensors_of_optimizer(optimizer))
        except NotFiniteError as error:
            raise error.followed_by(f"that was {when}, in iteration {self.iteration + 1}") from None

    def _back_to_boundary(self, error: NotFiniteError) -> NotFiniteError:
        """Restore the agent to the last boundary, and return an error that says so."""
        self._restore(*self._boundary_state(), "the last iteration boundary")
        return error.followed_by(
            f"training stopped, and the agent is as it was after iteration {self.iteration}, at "
            f"{self.num_timesteps:,} timesteps"
        )
