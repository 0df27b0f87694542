"""The tasks of iterated games: an opponent, and a version of it that rises from round to round."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.distribution import TaskFamily
from ..core.tasks import Task
from .roster import Roster


class RosterTasks(TaskFamily):
    """Tasks that are networks of a roster of opponents.

    A family inherits it before its other base, and sets these attributes first.
    """

    splits: tuple[str, ...] = ("train", "test", "all")
    roster: Roster
    episodes_per_round: int
    rounds_per_version: int
    start_version: int | None  # of a trial's first round; None draws one

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw an opponent, and one of its versions."""
        opponent = int(rng.integers(len(self.roster.names)))
        starts = self._starts(opponent)
        return {"opponent": opponent, "version": starts[int(rng.integers(len(starts)))]}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return every version of every opponent with which a trial may begin."""
        return tuple(
            {"opponent": opponent, "version": version}
            for opponent in range(len(self.roster.names))
            for version in self._starts(opponent)
        )

    def in_split(self, task: Task) -> bool:
        """Tell whether the opponent belongs to the split."""
        every = min(len(self.roster.names), 3)
        held_out = int(task["opponent"]) % every == every - 1
        return held_out == (self.split == "test")

    def check_task(self, task: Task) -> None:
        """Refuse versions that an opponent does not have.

        Raises:
            ValueError: Saying which it has.
        """
        opponent = int(task["opponent"])
        count = int(self.roster.versions[opponent])
        if int(task["version"]) >= count:
            raise ValueError(
                f"task['version']={int(task['version'])}: the bank has versions 0 to {count - 1} "
                f"of opponent {opponent} ({self.roster.names[opponent]})"
            )

    def next_task(self, task: Task, episode: int, rng: np.random.Generator) -> dict[str, Any]:
        """Return the same opponent, after its rounds in its next version."""
        last = int(self.roster.versions[int(task["opponent"])]) - 1
        every = self.episodes_per_round * self.rounds_per_version
        return {**task, "version": min(int(task["version"]) + (episode % every == 0), last)}

    def _starts(self, opponent: int) -> range:
        last = int(self.roster.versions[opponent]) - 1
        if self.start_version is None:
            return range(last + 1)
        first = min(self.start_version, last)
        return range(first, first + 1)
