"""Training tasks that are drawn once: for agents that keep something for each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta_envs.core import tasks as _tasks


def draw_fixed(venv: Any, count: int, seed: int) -> dict[str, np.ndarray]:
    """Draw tasks of the environment's split; of a finite split each at most once.

    Args:
        venv: A `MetaVectorEnv`, or vector wrappers of one.
        count: How many; a finite split may have fewer.
        seed: Seed of the draws.

    Returns:
        Arrays with a leading axis of tasks.
    """
    plain = venv.unwrapped
    finite = plain.tasks_in_split
    if finite is None:
        drawn: Any = plain.sample_tasks(count, seed=seed)
    else:
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.permutation(len(finite))[:count])
        drawn = [finite[index] for index in chosen]
        count = len(drawn)
    return _tasks.as_tasks(plain.single_task_space, drawn, count)


def chosen_of(count: int, number: int, rng: np.random.Generator) -> np.ndarray:
    """Choose `number` of `count` tasks; none again before all were chosen."""
    rounds = [rng.permutation(count) for _ in range(-(-number // count))]
    return np.concatenate(rounds)[:number]
