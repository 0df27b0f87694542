"""Agents that learn from demonstrations instead of playing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from meta_envs.core.rng import fold

from ..play.demonstrations import DemonstrationSet
from ..play.record import record
from .arguments import Declared, argument, at_least
from .iterations import IterativeAlgorithm


class DemonstrationArguments(Declared):
    """Arguments of agents that learn from demonstrations."""

    demonstrations: Any = argument(
        "A `DemonstrationSet` or the path of its file; None records the family's expert. "
        "Checkpoints remember which it was, not its steps: give it to `load` again to go on.",
        default=None,
        remembered=False,
        type=str | os.PathLike | DemonstrationSet | None,
    )
    n_episodes: int = argument(
        "Episodes of the expert that are recorded in each row, where no demonstrations are given; "
        "each row has a task of its own.",
        at_least(1),
        default=5,
    )


class DemonstratedAlgorithm(DemonstrationArguments, IterativeAlgorithm):
    """Learns from a `DemonstrationSet`, or from what the family's expert does.

    Subclasses call `_open_demonstrations` at the end of `_setup_model`, and `_ready` at the
    beginning of each `_collect`; they write `_prepare`.
    """

    plays: ClassVar[bool] = False  # it learns from what was recorded
    _trained_on: str | None = None  # the demonstrations' hash, once learnt from

    def _check_arguments(self, values: Mapping[str, Any]) -> None:
        super()._check_arguments(values)
        given = values["demonstrations"]
        if given is not None and not isinstance(given, str | os.PathLike | DemonstrationSet):
            raise TypeError(
                f"demonstrations={given!r} must be a DemonstrationSet, the path of its file, or "
                "None, which records the family's expert"
            )

    def _prepare(self, demonstrations: DemonstrationSet) -> None:
        """Prepare the steps to learn from; the spaces are those of the environment.

        Raises:
            ValueError: If they cannot be learnt from.
        """
        raise NotImplementedError(f"{type(self).__name__} must write _prepare")

    def record_expert(self) -> DemonstrationSet:
        """Return what the family's expert does in `n_episodes` episodes of every row."""
        from ...baselines import Expert

        seed = fold(self.seed, "demonstrations")
        return record(Expert(), self.venv, self.n_episodes, seed)

    def _open_demonstrations(self) -> None:
        """Read the demonstrations that are given; without any, only see that there is an expert."""
        given = self.demonstrations
        if given is None and not callable(getattr(self.venv.unwrapped, "expert", None)):
            raise ValueError(
                f"{self.env_id or self.venv} has no expert to record; give demonstrations=, a "
                "DemonstrationSet or its file (agents.record makes one of any agent's play)"
            )
        if given is not None and not isinstance(given, DemonstrationSet):
            self.demonstrations = DemonstrationSet.load(given)
        if given is not None:
            self._take(self.demonstrations)

    def _take(self, demonstrations: DemonstrationSet) -> None:
        """Check the spaces, and prepare the steps to learn from."""
        spaces = demonstrations.observation_space, demonstrations.action_space
        if spaces != (self.observation_space, self.action_space):
            raise ValueError(
                f"the demonstrations are of {spaces[0]} and {spaces[1]}; the environment has "
                f"{self.observation_space} and {self.action_space}"
            )
        self._prepare(demonstrations)
        self.demonstrations = demonstrations

    def _ready(self) -> None:
        """Record the expert if that is due; see that learning goes on with the same episodes.

        Raises:
            ValueError: If the agent has learnt from other demonstrations.
        """
        if self.demonstrations is None:
            self._take(self.record_expert())
        known = self.demonstrations.hash
        if self._trained_on not in (None, known):
            raise ValueError(
                f"this agent has learnt from other demonstrations ({self._trained_on}; these are "
                f"{known}); give them again: {type(self).__name__}.load(path, demonstrations=...)"
            )
        self._trained_on = known

    def _headline(
        self, shown: Mapping[str, float], figures: Mapping[str, float]
    ) -> dict[str, float]:
        return {"loss": figures["loss"]}

    def _extra_state(self) -> dict[str, Any]:
        return {"demonstrations": self._trained_on}

    def _set_extra_state(self, state: Mapping[str, Any]) -> None:
        self._trained_on = state.get("demonstrations")
