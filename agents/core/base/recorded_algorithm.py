"""Agents that learn from what was recorded, and play nothing."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..nets.heads import GaussianHead
from ..nets.kernels.fast_mlp import keep_freed_memory
from ..play.demonstrations import DemonstrationSet
from ..play.player import OnStep, StoppedError
from .arguments import Declared, argument, at_least
from .iterations import IterativeAlgorithm
from .schedules import value_at

_LEAST_LOG_STD = float(np.log(0.05))  # an expert that never errs would drive it to nothing


class RecordedAlgorithm(IterativeAlgorithm):
    """Learns from a `DemonstrationSet`: one, the path of its file, or what `_recording` returns.

    Subclasses declare an argument for it, whose name is `source`, call `_open_recorded` at the end
    of `_setup_model`, and `_ready` at the beginning of each `_collect`; they write `_prepare` and
    `_recording`.
    """

    plays: ClassVar[bool] = False  # it learns from what was recorded
    source: ClassVar[str]
    otherwise: ClassVar[str]  # what is recorded where nothing is given, for messages
    _trained_on: str | None = None  # the set's hash, once learnt from

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        given = values[self.source]
        if given is not None and not isinstance(given, str | os.PathLike | DemonstrationSet):
            raise TypeError(
                f"{self.source}={given!r} must be a DemonstrationSet, the path of its file, or "
                f"None, which records {self.otherwise}"
            )

    @abstractmethod
    def _prepare(self, recorded: DemonstrationSet) -> None:
        """Prepare the steps to learn from; the spaces are those of the environment.

        Raises:
            ValueError: If they cannot be learnt from.
        """

    @abstractmethod
    def _recording(self) -> DemonstrationSet:
        """Record what to learn from, where nothing was given."""

    def _open_recorded(self) -> None:
        """Read what is given, if anything is."""
        given = getattr(self, self.source)
        if given is not None and not isinstance(given, DemonstrationSet):
            given = DemonstrationSet.load(given)
        if given is not None:
            self._take(given)

    def _take(self, recorded: DemonstrationSet) -> None:
        """Check the spaces, and prepare the steps to learn from."""
        spaces = recorded.observation_space, recorded.action_space
        if spaces != (self.observation_space, self.action_space):
            raise ValueError(
                f"the {self.source} are of {spaces[0]} and {spaces[1]}; the environment has "
                f"{self.observation_space} and {self.action_space}"
            )
        self._prepare(recorded)
        setattr(self, self.source, recorded)

    def _ready(self) -> None:
        """Record if that is due; see that learning goes on with the same episodes.

        Raises:
            ValueError: If the agent has learnt from others.
        """
        if getattr(self, self.source) is None:
            self._take(self._recording())
        known = getattr(self, self.source).hash
        if self._trained_on not in (None, known):
            raise ValueError(
                f"this agent has learnt from other {self.source} ({self._trained_on}; these are "
                f"{known}); give them again: {type(self).__name__}.load(path, {self.source}=...)"
            )
        self._trained_on = known

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {"loss": figures["loss"]}

    def _extra_state(self) -> dict[str, Any]:
        return {self.source: self._trained_on}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        self._trained_on = state.get(self.source)


@dataclass
class Minibatches:
    """What each minibatch of an iteration learns from, and how many steps that is."""

    index: torch.Tensor  # [n_batches, ...], as `_loss` takes them
    num_steps: int

    def figures(self) -> dict[str, float]:
        """Return nothing: no episode is played."""
        return {}


class MinibatchArguments(Declared):
    """Arguments of agents that learn from minibatches of what was recorded."""

    n_batches: int = argument(
        "Minibatches of an iteration (of the log, and of a checkpoint).", at_least(1), default=100
    )


class MinibatchAlgorithm(MinibatchArguments, RecordedAlgorithm):
    """Takes a step of Adam for each minibatch that `_draw` draws.

    Subclasses make `self.policy` and call `_make_optimizer`; they write `_draw` and `_loss`.
    Timesteps count recorded steps that were learnt from.
    """

    def _make_optimizer(self) -> None:
        keep_freed_memory()
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=1e-3)

    @abstractmethod
    def _draw(self, random: np.random.Generator) -> Minibatches:
        """Draw the minibatches of an iteration."""

    @abstractmethod
    def _loss(self, index: torch.Tensor) -> torch.Tensor:
        """Return the loss of a minibatch."""

    def _clip(self) -> None:
        """Clip gradients; the default leaves them."""

    def _collect(self, on_step: OnStep) -> Minibatches:
        self._ready()
        drawn = self._draw(np.random.default_rng(fold(self.seed, "minibatches", self.iteration)))
        if not on_step(drawn.num_steps):
            raise StoppedError
        return drawn

    def train(self, experience: Minibatches) -> dict[str, float]:
        """Take a step of the optimiser for each minibatch."""
        progress = min(self.num_timesteps / max(self._total_timesteps, 1), 1.0)
        rate = value_at(self.learning_rate, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for index in experience.index:
            loss = self._loss(index)
            self.optimizer.zero_grad()
            loss.backward()
            self._clip()
            self.optimizer.step()
            if isinstance(self.policy.head, GaussianHead):
                self.policy.head.log_std.data.clamp_(min=_LEAST_LOG_STD)
            total += float(loss.detach())
        self._n_updates += len(experience.index)
        return {"loss": total / len(experience.index), "learning_rate": rate}
