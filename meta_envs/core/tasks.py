"""Tasks as values: casting, checking, stacking; N is a number of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from gymnasium import spaces

Task = dict[str, np.ndarray]  # one task
Tasks = dict[str, np.ndarray]  # many: each array has a leading axis N


def check_task_space(space: spaces.Space) -> None:
    """Refuse a task space that is not a flat Dict of float64 Boxes and integer spaces.

    Raises:
        TypeError: If it is, or contains, any other space.
        ValueError: If a Box is not float64.
    """
    if not isinstance(space, spaces.Dict):
        raise TypeError(f"a task space is a spaces.Dict, not {space}")
    for key, part in space.items():
        if not isinstance(part, spaces.Box | spaces.Discrete | spaces.MultiDiscrete):
            allowed = "Box, Discrete and MultiDiscrete"
            raise TypeError(f"task_space[{key!r}] is {part}; a task space holds {allowed}")
        if isinstance(part, spaces.Box) and part.dtype != np.float64:
            raise ValueError(f"task_space[{key!r}] is {part}; task Boxes are float64")


def as_task(space: spaces.Dict, task: Any) -> Task:
    """Cast one task to arrays of the space's types and check it.

    Args:
        space: The task space.
        task: A mapping of the space's keys to arrays, numbers or lists.

    Raises:
        TypeError: If it is not a mapping, or a value has the wrong type.
        ValueError: If a key is unknown or missing, a shape is wrong, or a value is out of range.
    """
    if not isinstance(task, Mapping):
        raise TypeError(
            f"a task is a dict with the keys {list(space.keys())}, not {task!r} "
            f"of type {type(task).__name__}"
        )
    batch = {key: _lead(value) for key, value in task.items()}
    return {key: values[0, ...] for key, values in _checked(space, batch, 1).items()}


def as_tasks(space: spaces.Dict, tasks: Any, count: int) -> Tasks:
    """Cast `count` tasks, a dict of arrays [N, ...] or a list of tasks, and check them.

    Raises:
        TypeError: If `tasks` is neither, or a value has the wrong type.
        ValueError: If the number of tasks is not `count`, or one of them is not in the space.
    """
    if isinstance(tasks, Mapping):
        batch = {key: _lead(values)[0] for key, values in tasks.items()}
        sizes = {key: len(values) if values.ndim else None for key, values in batch.items()}
        wrong = {key: size for key, size in sizes.items() if size != count}
        if wrong:
            raise ValueError(
                f"a dict of tasks holds arrays with a leading axis of {count}, one task a row; "
                f"given {wrong}"
            )
        return _checked(space, batch, count)
    if not isinstance(tasks, Sequence) or isinstance(tasks, str):
        raise TypeError(
            f"tasks are a dict of arrays or a list of dicts, not {type(tasks).__name__}"
        )
    if len(tasks) != count:
        raise ValueError(f"{len(tasks)} tasks given for {count} rows; give one a row")
    return stack([as_task(space, task) for task in tasks]) if count else empty(space, 0)


def stack(tasks: Sequence[Task]) -> Tasks:
    """Stack tasks along a new leading axis."""
    return {key: np.stack([task[key] for task in tasks]) for key in tasks[0]}


def at(tasks: Tasks, index: int) -> Task:
    """Copy one task out of many."""
    return {key: np.array(values[index]) for key, values in tasks.items()}


def copied(task: Task) -> Task:
    """Copy one task."""
    return {key: np.array(value) for key, value in task.items()}


def equal(one: Task, other: Task) -> bool:
    """Tell whether two tasks are the same, bit for bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def empty(space: spaces.Dict, count: int) -> Tasks:
    """Allocate arrays for `count` tasks."""
    return {
        key: np.zeros((count, *(part.shape or ())), dtype=part.dtype) for key, part in space.items()
    }


def _lead(value: Any) -> np.ndarray:
    try:
        return np.asarray(value)[None]
    except ValueError:  # ragged lists; reported with the key by _checked
        return np.array([value], dtype=object)


def _checked(space: spaces.Dict, batch: Mapping[str, np.ndarray], count: int) -> Tasks:
    unknown = [key for key in batch if key not in space.spaces]
    if unknown:
        near = get_close_matches(str(unknown[0]), list(space.keys()), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown task key {unknown[0]!r}; a task has {list(space.keys())}{hint}")
    missing = [key for key in space.keys() if key not in batch]
    if missing:
        raise ValueError(f"task key {missing[0]!r} is missing; a task has {list(space.keys())}")
    return {key: _checked_part(key, part, batch[key], count) for key, part in space.items()}


def _checked_part(key: str, part: spaces.Space, values: np.ndarray, count: int) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise TypeError(f"task[{key!r}]={values[0]!r} is not numeric; it belongs to {part}")
    if values.shape != (count, *(part.shape or ())):
        raise ValueError(
            f"task[{key!r}] has shape {values.shape[1:]}; {part} takes shape {part.shape}"
        )
    if isinstance(part, spaces.Box):
        low, high = part.low, part.high
    elif isinstance(part, spaces.Discrete):
        low, high = np.asarray(part.start), np.asarray(part.start + part.n - 1)
    else:
        assert isinstance(part, spaces.MultiDiscrete)
        low, high = part.start, part.start + part.nvec - 1
    if not isinstance(part, spaces.Box) and (values != np.floor(values)).any():
        raise TypeError(f"task[{key!r}]={values[0]!r} is not an integer; it belongs to {part}")
    outside = ~((values >= low) & (values <= high))  # NaN is outside too
    if outside.any():
        where = tuple(np.argwhere(outside)[0])
        index = "".join(f"[{int(axis)}]" for axis in where[1:])
        bounds = (
            np.broadcast_to(low, values.shape)[where],
            np.broadcast_to(high, values.shape)[where],
        )
        row = f" (row {where[0]})" if count > 1 else ""
        raise ValueError(
            f"task[{key!r}]{index}={values[where]}{row} is outside [{bounds[0]}, {bounds[1]}]"
        )
    return values.astype(part.dtype)
