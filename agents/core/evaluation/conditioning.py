"""What learners are shown before they play: demonstrations of the tasks of an evaluation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from meta_envs.core import tasks as _tasks
from meta_envs.core.arguments import whole
from meta_envs.core.rng import fold

from ..play.demonstrations import Demonstration, DemonstrationSet
from ..play.record import record
from ..play.shown_tasks import by_task

_AT_ONCE = 64  # tasks that are recorded together: results depend on nothing else
Given = int | str | os.PathLike | DemonstrationSet | None


def opened(given: Any) -> int | DemonstrationSet | None:
    """Return the demonstrations that an evaluation was given.

    Args:
        given: How many of each task the family's expert shows; a set, or its file; None is none.

    Raises:
        OSError: If a file cannot be read.
        TypeError: If it is something else.
        ValueError: If a number is below 1, or a file is damaged.
    """
    if given is None or isinstance(given, DemonstrationSet):
        return given
    if isinstance(given, str | os.PathLike):
        return DemonstrationSet.load(given)
    return whole("demonstrations", given, 1)


class Shown:
    """Demonstrations of the tasks of an evaluation, from the family's expert or from a set.

    Args:
        given: How many of each task, or a set.
        make: Makes the environment with any number of rows.
        probe: Such an environment.
        identity: Its id, for errors.

    Raises:
        ValueError: If the family has no expert; if a set has other spaces, or no tasks.
    """

    def __init__(
        self,
        given: int | DemonstrationSet,
        make: Callable[..., Any],
        probe: Any,
        identity: str,
    ):
        self.given, self._make = given, make
        self.own: list[Sequence[Demonstration]] = []  # of a set, by task
        if isinstance(given, int):
            if not callable(getattr(probe.unwrapped, "expert", None)):
                raise ValueError(
                    f"demonstrations={given}: {identity} has no expert that could show a task; "
                    "give a DemonstrationSet or its file (agents.record makes one)"
                )
            return
        spaces = given.observation_space, given.action_space
        if spaces != (probe.single_observation_space, probe.single_action_space):
            raise ValueError(
                f"the demonstrations are of {spaces[0]} and {spaces[1]}; {identity} has "
                f"{probe.single_observation_space} and {probe.single_action_space}"
            )
        groups = by_task(given)
        self._of_set = [task for task, _ in groups]
        self.own = [[given.episodes[one] for one in index] for _, index in groups]

    @property
    def note(self) -> dict[str, Any]:
        """What a protocol says of it."""
        if isinstance(self.given, int):
            return {"demonstrations": self.given}
        return {"demonstrations": {"hash": self.given.hash, **self.given.about}}

    def tasks(self, most: int) -> dict[str, np.ndarray] | None:
        """Return the first `most` tasks of a set as arrays; None if any tasks can be shown."""
        if isinstance(self.given, int):
            return None
        return _tasks.stack([dict(task) for task in self._of_set[:most]])

    def episodes(self, tasks: dict[str, np.ndarray], seed: int) -> list[Sequence[Demonstration]]:
        """Return demonstrations of each task.

        Args:
            tasks: The tasks of the evaluation; those of a set are its first.
            seed: Seed of the expert's episodes.
        """
        count = len(next(iter(tasks.values()))) if tasks else 0
        if not isinstance(self.given, int):
            return self.own[:count]
        from ...baselines import Expert

        found: list[Sequence[Demonstration]] = []
        for first in range(0, count, _AT_ONCE):
            some = {key: part[first : first + _AT_ONCE] for key, part in tasks.items()}
            venv = self._make(num_envs=len(next(iter(some.values()))))
            own = fold(seed, "demonstrations", first)
            one = record(Expert(), venv, self.given, own, some).episodes
            venv.close()
            found += [one[i : i + self.given] for i in range(0, len(one), self.given)]
        return found
