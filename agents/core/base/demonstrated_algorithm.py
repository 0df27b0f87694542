"""Agents that learn from demonstrations instead of playing."""

from __future__ import annotations

import os
from typing import Any

from meta_envs.core.rng import fold

from ..play.demonstrations import DemonstrationSet
from ..play.record import record
from .arguments import Declared, argument, at_least
from .recorded_algorithm import RecordedAlgorithm


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


class DemonstratedAlgorithm(DemonstrationArguments, RecordedAlgorithm):
    """Learns from a `DemonstrationSet`, or from what the family's expert does.

    Subclasses call `_open_demonstrations` at the end of `_setup_model`, and `_ready` at the
    beginning of each `_collect`; they write `_prepare`.
    """

    source = "demonstrations"
    otherwise = "the family's expert"

    def record_expert(self) -> DemonstrationSet:
        """Return what the family's expert does in `n_episodes` episodes of every row."""
        from ...baselines import Expert

        seed = fold(self.seed, "demonstrations")
        return record(Expert(), self.venv, self.n_episodes, seed)

    def _recording(self) -> DemonstrationSet:
        return self.record_expert()

    def _open_demonstrations(self) -> None:
        """Read the demonstrations that are given; without any, only see that there is an expert."""
        expert = getattr(self.venv.unwrapped, "expert", None)
        if self.demonstrations is None and not callable(expert):
            raise ValueError(
                f"{self.env_id or self.venv} has no expert to record; give demonstrations=, a "
                "DemonstrationSet or its file (agents.record makes one of any agent's play)"
            )
        self._open_recorded()
