"""Off-policy learning from whole trials: play, keep, and take gradient steps on what is drawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch

from meta_envs.core.rng import fold

from ..play.replay import TaskReplay
from ..play.trials import Trials
from .arguments import Declared, argument, at_least, within
from .iterations import IterativeAlgorithm
from .schedules import value_at
from .venv import trial_length


class OffPolicyTrialArguments(Declared):
    """Arguments of agents that learn from kept trials."""

    n_trials: int = argument("Trials a row plays in an iteration.", at_least(1), default=1)
    gradient_steps: int = argument(
        "Updates after the trials of an iteration.", at_least(1), default=16
    )
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
    save_replay_buffer: bool = argument(
        "Put the buffers into checkpoints. Without them a resumed run first fills new ones, and "
        "differs from the run that was cut.",
        default=True,
    )


class _Updated:
    """Declared apart: type checkers take annotations of an algorithm's class for arguments."""

    updater: Any


class OffPolicyTrials(OffPolicyTrialArguments, IterativeAlgorithm, _Updated):
    """Plays `n_trials` whole trials a row and iteration, keeps them, and learns from what it drew.

    Subclasses write `_collect`, `_keep_all` and `_buffers`, and make an `updater`, which has an
    `optimizer` and `run(steps, seed, rate)`.
    """

    @abstractmethod
    def _keep_all(self, trials: Trials) -> None:
        """Put the trials of an iteration into the buffers."""

    @abstractmethod
    def _buffers(self) -> dict[str, TaskReplay]:
        """Return the buffers, by what checkpoints call them."""

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

    def train(self, experience: Trials) -> dict[str, float]:
        """Keep the trials, take the gradient steps, and return figures to log."""
        self._keep_all(experience)
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
