"""The law about first observations: what they tell of the task is what `start_shows` names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from ..core import tasks as _tasks
from ..core.single import MetaEnv
from ..core.tasks import Task
from .case import Case, same_bits, several, shown, task_api

_SEEDS = (0, 1, 12345)
_TASKS = 12
_POOL = 256  # tasks to take parts from; families may refuse the mixtures
_STARTS = 8  # tasks that others are derived from
_ALIKE = 2  # derived from each


@dataclass(frozen=True, eq=False)
class _Part:
    """A key of tasks, or some of its numbers."""

    key: str
    where: slice | None

    def put(self, task: Task, into: Task) -> Task:
        """Return `into` with this part taken from `task`."""
        value = np.array(into[self.key])
        place: Any = ... if self.where is None else self.where
        value[place] = task[self.key][place]
        return {**into, self.key: value}

    def __str__(self) -> str:
        if self.where is None:
            return repr(self.key)
        ends = ["" if end is None else str(end) for end in (self.where.start, self.where.stop)]
        return f"{self.key!r}[{':'.join(ends)}]"


def law_leak(case: Case) -> None:
    """With one seed, tasks give the same first observation, but for what `start_shows` names."""
    env = case.make()
    api = task_api(env)
    parts = _parts(case, api)
    if not parts:
        tasks = several(api, _TASKS)
        for seed in _SEEDS:
            _check_same(case, env, seed, tasks[0], tasks[1:], parts)
        return
    pool = several(api, _POOL)
    told: dict[_Part, bool] = {}
    compared = False
    for number, start in enumerate(pool[:_STARTS]):
        seed = _SEEDS[number % len(_SEEDS)]
        alike = _accepted(api, start, (_with(other, start, parts) for other in pool))
        compared |= bool(alike)
        first = _check_same(case, env, seed, start, alike, parts)
        for part in (part for part in parts if not told.get(part)):
            others = _accepted(api, start, (_with(start, other, [part]) for other in pool))
            firsts = [case.start(env, seed, task=one)[0] for one in others]
            if firsts:
                told[part] = any(not same_bits(first, other) for other in firsts)
    for part in (part for part, tells in told.items() if not tells):
        case.advise(f"start_shows names {part}, on which no first observation depended")
    left = set(api.task_space) - {part.key for part in parts if part.where is None}
    if left and not compared:
        case.advise(f"no two tasks differ in {sorted(left)} alone: the leak law saw nothing")


def _with(task: Task, other: Task, parts: list[_Part]) -> Task:
    """Return `task` with these parts taken from `other`."""
    for part in parts:
        task = part.put(other, task)
    return task


def _accepted(api: MetaEnv, start: Task, tasks: Iterable[Task]) -> list[Task]:
    """Return the first few of some tasks that the family accepts and that are not `start`."""
    found: list[Task] = []
    for task in tasks:
        if _tasks.equal(start, task):
            continue
        with contextlib.suppress(ValueError):
            found.append(api.distribution.checked(task))
        if len(found) == _ALIKE:
            break
    return found


def _parts(case: Case, api: MetaEnv) -> list[_Part]:
    parts = []
    case.require(
        isinstance(api.start_shows, tuple),
        f"start_shows is {api.start_shows!r}",
        "Make it a tuple of keys, e.g. ('layout',)",
    )
    for one in api.start_shows:
        key, where = (one, None) if isinstance(one, str) else one
        case.require(
            key in api.task_space.spaces,
            f"start_shows names {key!r}, but a task has {list(api.task_space)}",
            "Name keys of task_space, or (key, slice) for some numbers of one",
        )
        parts.append(_Part(key, where))
    return parts


def _check_same(
    case: Case, env: gym.Env, seed: int, start: Task, tasks: list[Task], parts: list[_Part]
) -> Any:
    """Check that the other tasks' first observations equal a task's; return the latter."""
    expected, _ = case.start(env, seed, task=start)
    told = f", though they share {', '.join(map(str, parts))}" if parts else ""
    for task in tasks:
        first, _ = case.start(env, seed, task=task)
        case.require(
            same_bits(expected, first),
            f"the first observation is {shown(first)}, but {shown(expected)} with task "
            f"{shown(start)}{told}",
            "Keep the task out of the first observation; if the start belongs to the task, name "
            "the keys that it tells, e.g. `start_shows = ('layout',)`",
        )
    return expected
