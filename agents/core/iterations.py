"""The outer loop of agents that learn in iterations: collect, update, record, mark the boundary."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from stable_baselines3.common.type_aliases import MaybeCallback

from .algorithm import MetaAlgorithm, Self
from .training_log import describe


class IterativeAlgorithm(MetaAlgorithm):
    """Repeats `_collect`, `train` and `_record`; subclasses write these three.

    Each collection begins with a reset seeded from (seed, iteration), so that an iteration boundary
    needs no state of the environment.
    """

    @abstractmethod
    def _collect(self, on_step: Callable[[int], bool]) -> Any:
        """Collect one iteration's experience.

        Args:
            on_step: To be called after every step with the number of rows that played; False stops.

        Returns:
            The experience; None if stopped.
        """

    @abstractmethod
    def train(self, experience: Any) -> dict[str, float]:
        """Update from one iteration's experience, and return figures to log."""

    @abstractmethod
    def _record(
        self, experience: Any, figures: dict[str, float], seconds: dict[str, float], dump: bool
    ) -> None:
        """Log one iteration; `dump` writes a row now."""

    def learn(
        self: Self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int = 1,
        tb_log_name: str | None = None,
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Train for at least `total_timesteps` environment steps, in whole iterations.

        Args:
            total_timesteps: Steps of rows that play (masked ones do not count).
            callback: As in Stable-Baselines3.
            log_interval: Iterations between log lines.
            tb_log_name: Name of the TensorBoard run; None is the class's name.
            reset_num_timesteps: False continues the count. The random streams go on in any case.
            progress_bar: Show one.

        Returns:
            The agent.
        """
        assert isinstance(self, IterativeAlgorithm)
        total_timesteps, hook = self._setup_learn(
            total_timesteps,
            callback,
            reset_num_timesteps,
            tb_log_name or type(self).__name__,
            progress_bar,
        )
        describe(self)
        self._mark_boundary()
        hook.on_training_start(locals(), globals())
        while self.num_timesteps < total_timesteps:
            hook.on_rollout_start()
            started = time.perf_counter()
            boundary = self.num_timesteps
            experience = self._collect(lambda count: self._on_step(hook, count))
            if experience is None:  # a callback stopped: the iteration never was
                self.num_timesteps = boundary
                break
            hook.on_rollout_end()
            collected = time.perf_counter()
            figures = self.train(experience)
            seconds = {"collect": collected - started, "train": time.perf_counter() - collected}
            self.iteration += 1
            self._record(experience, figures, seconds, self.iteration % log_interval == 0)
            self._mark_boundary()
        hook.on_training_end()
        return self

    def _on_step(self, hook: Any, count: int) -> bool:
        self.num_timesteps += count
        hook.update_locals({"self": self, "total_timesteps": self._total_timesteps})
        return hook.on_step()
