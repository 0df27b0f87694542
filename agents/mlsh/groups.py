"""When groups of rows take new tasks, and when sub-policies learn from them. G groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta_envs.core.rng import fold
from meta_envs.core.tasks import Tasks

from ..core.play.balance import balanced_tasks


@dataclass(frozen=True)
class Phase:
    """What each group does in an iteration."""

    begun: np.ndarray  # the iteration in which it took its task, int64 [G]
    fresh: np.ndarray  # begins with a new task and a new master, bool [G]
    joint: np.ndarray  # the sub-policies learn from it too, bool [G]


@dataclass(frozen=True)
class Groups:
    """Groups that warm up in turn, so that every iteration has some whose masters are ready.

    Group g begins its second task `delays[g]` iterations after group 0 does, and has warmed up for
    so much longer in its first.

    Args:
        count: G.
        warmup: Iterations in which a master alone learns.
        joint: Iterations after those in which the sub-policies learn too.
    """

    count: int
    warmup: int
    joint: int

    @property
    def period(self) -> int:
        """Iterations of a task."""
        return self.warmup + self.joint

    @property
    def delays(self) -> np.ndarray:
        """Iterations by which each group is late, int64 [G]."""
        return np.arange(self.count) * self.period // self.count

    def phase(self, iteration: int) -> Phase:
        """Return what groups do in an iteration, from 0 on."""
        since = iteration - self.delays
        cycle = np.maximum(since // self.period, 0)
        begun = np.where(cycle > 0, self.delays + cycle * self.period, 0)
        age = since - cycle * self.period  # below 0 in a longer first warm-up
        return Phase(begun, begun == iteration, age >= self.warmup)

    def tasks(self, venv: Any, iteration: int, seed: int, balance: str | None) -> Tasks:
        """Return the groups' tasks in an iteration, arrays [G, ...].

        Args:
            venv: Draws them; its own episodes are not disturbed.
            iteration: The iteration.
            seed: Seed of all tasks.
            balance: A key of the tasks whose values groups that begin together share out equally;
                None draws tasks independently.
        """
        begun, base = self.phase(iteration).begun, venv.unwrapped
        whole: dict[str, np.ndarray] = {}
        for delay in np.unique(self.delays):
            groups = np.flatnonzero(self.delays == delay)
            # of the first tasks, which begin at once, each delay has a seed of its own
            index = max(int(begun[groups[0]]), int(delay))
            own = fold(seed, "tasks", index)
            if balance is None:
                drawn = base.sample_tasks(len(groups), seed=own)
            else:
                drawn = balanced_tasks(venv, balance, len(groups), own)
            for key, values in drawn.items():
                room = np.zeros((self.count, *values.shape[1:]), values.dtype)
                whole.setdefault(key, room)[groups] = values
        return whole
