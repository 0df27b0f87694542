"""Recording how somebody plays. N rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta_envs.core import batches
from meta_envs.core import tasks as _tasks
from meta_envs.core.rng import fold

from .demonstrations import Demonstration, DemonstrationSet
from .player import Player
from .view import open_loop


def record(
    player: Any, venv: Any, count: int = 1, seed: int = 0, tasks: Any = None
) -> DemonstrationSet:
    """Record how somebody plays, in every row of an environment.

    Args:
        player: Anything with an `inner_loop`: `baselines.Expert()`, a trained agent; the trial goes
            on from one episode to the next.
        venv: A `MetaVectorEnv`.
        count: Episodes of each row.
        seed: Seed of tasks, episodes and actions.
        tasks: A task for each row, as `set_tasks` takes them; None draws them.

    Returns:
        A `DemonstrationSet` of rows x `count` episodes, row by row, with their tasks.

    Raises:
        ValueError: If `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count={count} must be at least 1")
    rows = venv.num_envs
    base = venv.unwrapped
    if tasks is None:
        tasks = (
            base.sample_tasks(rows, seed=fold(seed, "tasks"))
            if base.single_task_space.spaces
            else None
        )
    if tasks is not None:
        base.set_tasks(tasks)
    loop = open_loop(player, venv, 1, fold(seed, "act"))
    played = Player(venv, loop)
    played.reset(fold(seed, "episodes"))
    loop.reset()
    open_steps: list[list[tuple[Any, ...]]] = [[] for _ in range(rows)]
    done: list[list[Demonstration]] = [[] for _ in range(rows)]
    while any(len(one) < count for one in done):
        in_force = None if tasks is None else _tasks.copied(base.tasks)
        step = played.step()
        for row in range(rows):
            if len(done[row]) == count:
                continue
            seen, after = (
                batches.take(part, row) for part in (step.observation, step.next_observation)
            )
            open_steps[row].append((seen, step.action[row], step.reward[row], after))
            if step.ended[row]:
                task = None if in_force is None else _tasks.at(in_force, row)
                done[row].append(_closed(open_steps[row], bool(step.terminated[row]), task))
                open_steps[row] = []
    if tasks is not None:
        base.set_tasks(None)
    about = {"id": getattr(getattr(venv, "spec", None), "id", None), "seed": seed}
    episodes = [one for row in done for one in row]
    return DemonstrationSet(
        episodes, venv.single_observation_space, venv.single_action_space, about
    )


def _closed(steps: list[tuple[Any, ...]], terminated: bool, task: Any) -> Demonstration:
    seen = batches.stack([*(one[0] for one in steps), steps[-1][3]])
    actions, rewards = (np.stack([np.asarray(one[i]) for one in steps]) for i in (1, 2))
    return Demonstration(seen, actions, rewards, terminated, task)
