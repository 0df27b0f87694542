"""Callbacks used in the trainings of the laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback


class KilledError(Exception):
    """Simulates anything that ends training abruptly."""


class Counting(BaseCallback):
    """Counts steps, and does something at one of them.

    Args:
        step: Number of the step, counted from 1; None disables the action.
        action: Function of the model; its result is the callback's (False stops).
    """

    def __init__(self, step: int | None = None, action: Callable[[Any], bool] = lambda _: True):
        super().__init__()
        self.step, self.action = step, action

    def _on_step(self) -> bool:
        return self.action(self.model) if self.n_calls == self.step else True


class Recording(BaseCallback):
    """Keeps the events of a training in order, timesteps at each step, and names of locals."""

    def __init__(self, stop_at: int | None = None):
        super().__init__()
        self.events: list[str] = []
        self.timesteps: list[int] = []
        self.names: set[str] | None = None
        self.stop_at = stop_at

    def _on_training_start(self) -> None:
        self.events.append("training_start")

    def _on_rollout_start(self) -> None:
        self.events.append("rollout_start")

    def _on_step(self) -> bool:
        self.events.append("step")
        self.timesteps.append(self.num_timesteps)
        self.names = set(self.locals) if self.names is None else self.names & set(self.locals)
        return self.n_calls != self.stop_at

    def _on_rollout_end(self) -> None:
        self.events.append("rollout_end")

    def _on_training_end(self) -> None:
        self.events.append("training_end")


class Spoiling(BaseCallback):
    """Makes the environment return NaN rewards from the second rollout on.

    The results of `draw_batch` (in environments of pairs, which have no rewards) are spoiled too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rollouts = 0

    def _on_rollout_start(self) -> None:
        self.rollouts += 1
        if self.rollouts == 2:
            venv = self.model.venv  # type: ignore[attr-defined]
            step = venv.step

            def spoiled(actions: Any) -> Any:
                observations, rewards, *rest = step(actions)
                return observations, rewards * float("nan"), *rest

            venv.step = spoiled
            inside = venv.unwrapped
            if hasattr(inside, "draw_batch"):
                draw = inside.draw_batch
                inside.draw_batch = lambda *given, **more: _nan(draw(*given, **more))

    def _on_step(self) -> bool:
        return True


def _nan(pairs: Any) -> Any:
    inputs, outputs = pairs
    return inputs, outputs * float("nan")
