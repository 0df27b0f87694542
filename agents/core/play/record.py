"""Recording how somebody plays. N rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from meta_envs.core import batches
from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from . import episode_arrays as arrays
from .demonstrations import Demonstration, DemonstrationSet
from .player import Player
from .view import open_loop

_KEPT = ("observation", "action", "reward", "terminated", "next_observation")  # of a `Step`


def record(
    player: Any,
    venv: Any,
    count: int = 1,
    seed: int = 0,
    tasks: Any = None,
    rows_per_task: int = 1,
) -> DemonstrationSet:
    """Record how somebody plays, in every row of an environment; or how somebody learns.

    Nobody forgets between episodes, so a learner's `count` episodes are its history, and the rows
    are many lifetimes side by side.

    Args:
        player: Anything with an `inner_loop`: `baselines.Expert()`, a trained agent; the trial goes
            on from one episode to the next.
        venv: A `MetaVectorEnv`.
        count: Episodes of each row.
        seed: Seed of tasks, episodes and actions.
        tasks: A task for each row, as `set_tasks` takes them; None draws them.
        rows_per_task: Rows that share a task and a learner, task-major.

    Returns:
        A `DemonstrationSet` of rows x `count` episodes, row by row, with their tasks; its `about`
        has `count` as `episodes_per_row`.

    Raises:
        ValueError: If `count` is below 1, or `rows_per_task` does not divide the rows.
    """
    if count < 1:
        raise ValueError(f"count={count} must be at least 1")
    rows = venv.num_envs
    if rows_per_task < 1 or rows % rows_per_task:
        raise ValueError(f"rows_per_task={rows_per_task} does not divide the {rows} rows")
    base = venv.unwrapped
    if tasks is None:
        tasks = (
            base.sample_tasks(rows // rows_per_task, seed=fold(seed, "tasks"))
            if base.single_task_space.spaces
            else None
        )
        if tasks is not None and rows_per_task > 1:
            tasks = {key: np.repeat(part, rows_per_task, axis=0) for key, part in tasks.items()}
    if tasks is not None:
        base.set_tasks(tasks)
    loop = open_loop(player, venv, rows_per_task, fold(seed, "act"))
    played = Player(venv, loop)
    played.reset(fold(seed, "episodes"))
    loop.reset()
    steps: list[dict[str, Any]] = []
    in_force: list[Any] = []
    ended = np.zeros(rows, dtype=np.int64)  # episodes
    while (ended < count).any():
        in_force.append(None if tasks is None else _tasks.copied(base.tasks))
        step = played.step()
        kept = {name: batches.copy(getattr(step, name)) for name in _KEPT}
        steps.append({**kept, "ended": step.ended})
        ended += step.ended
    if tasks is not None:
        base.set_tasks(None)
    about = {
        "id": getattr(getattr(venv, "spec", None), "id", None),
        "seed": seed,
        "episodes_per_row": count,
    }
    whole = batches.stack(steps)
    episodes = [one for row in range(rows) for one in _episodes(whole, in_force, row, count)]
    return DemonstrationSet(
        episodes, venv.single_observation_space, venv.single_action_space, about
    )


def _episodes(
    steps: dict[str, Any], in_force: list[Any], row: int, count: int
) -> Iterator[Demonstration]:
    """Yield the first episodes of a row of steps [T, N, ...] by name, with the tasks in force."""
    begin = 0
    for end in (np.flatnonzero(steps["ended"][:, row])[:count] + 1).tolist():
        part: Any = (slice(begin, end), row)
        seen = batches.take(steps["observation"], part)
        last = batches.take(steps["next_observation"], (slice(end - 1, end), row))  # type: ignore[arg-type]
        task = None if in_force[end - 1] is None else _tasks.at(in_force[end - 1], row)
        yield Demonstration(
            arrays.joined([seen, last]),
            batches.take(steps["action"], part),
            batches.take(steps["reward"], part),
            bool(steps["terminated"][end - 1, row]),
            task,
        )
        begin = end
