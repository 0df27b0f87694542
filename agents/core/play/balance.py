"""Draws equal numbers of tasks of each kind, if the split is a list."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta_envs.core.tasks import Tasks, as_tasks


def check_balance(venv: Any, key: str) -> None:
    """Refuse a quantity by which tasks cannot be balanced.

    Args:
        venv: A `MetaVectorEnv`.
        key: A quantity of its tasks.

    Raises:
        ValueError: If tasks have no such quantity, or its split is not a list of tasks.
    """
    _kinds(venv, key)


def balanced_tasks(venv: Any, key: str, count: int, seed: int) -> Tasks:
    """Draw tasks of the split so that all values of a quantity are equally frequent.

    If the number of values does not divide `count`, the remainder is drawn at random each time.

    Args:
        venv: A `MetaVectorEnv` whose split is a list of tasks.
        key: The quantity, e.g. Meta-World's `"environment"`.
        count: Number of tasks, N.
        seed: Seed of the draw.

    Returns:
        Tasks, arrays [N, ...], in random order.

    Raises:
        ValueError: As `check_balance`.

    Source:
        `metaworld`'s own vector environments, which have as many rows of each environment.
    """
    rng = np.random.default_rng(seed)
    kinds = _kinds(venv, key)
    turns = rng.permutation(len(kinds))
    drawn = [rng.choice(kinds[turns[place % len(kinds)]]) for place in range(count)]
    base = venv.unwrapped
    tasks = base.tasks_in_split
    members = [tasks[index] for index in rng.permutation(drawn)]
    return as_tasks(base.single_task_space, members, count)


def _kinds(venv: Any, key: str) -> list[list[int]]:
    """Return which tasks of the split have the first value of a quantity, the second, ..."""
    base = venv.unwrapped
    names = list(base.single_task_space.spaces)
    if key not in names:
        raise ValueError(f"balance={key!r} is not a quantity of these tasks; they have {names}")
    if base.tasks_in_split is None:
        raise ValueError(
            f"balance={key!r} needs a split that is a list of tasks; split={base.split!r} of this "
            "environment is a distribution"
        )
    kinds: dict[tuple[float, ...], list[int]] = {}
    for index, task in enumerate(base.tasks_in_split):
        kinds.setdefault(tuple(np.ravel(task[key]).tolist()), []).append(index)
    return list(kinds.values())
