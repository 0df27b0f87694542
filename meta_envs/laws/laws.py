"""The laws of the task API: what play must be like. `LAWS` is all of them, in order.

Each law is a function of a `Case`; the first line of its docstring is the law.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import batches
from ..core import tasks as _tasks
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .case import (
    MOST_STEPS,
    Case,
    Transcript,
    action_list,
    differ,
    one_task_only,
    play,
    task_api,
)

_SEEDS = (0, 1, 12345)
_MOST_EPISODES = 3  # most episodes played of a trial
_MANY = 257  # rows: odd, and more than a block of random numbers
_FEW_STEPS = 4  # horizon where there are many rows
_EVERY = 7  # one of so many rows is played alone: odd, so each place in a block of 32 is among them
_OWN_RANDOM = (
    "Draw only from the generators the core hands out (`rng` in draw_task, `self.random` in "
    "episodes), and let begin_episodes forget the last episode"
)
_OWN_ROW = (
    "Let no row's numbers depend on other rows or on N: `self.random` instead of a common "
    "generator, no matmul across rows, state written for the given rows only"
)
_OWN_STATE = (
    "Let no environment's numbers depend on others: draw from `self.np_random`, and keep what "
    "changes in self, not in the class or the module"
)


def law_determinism(case: Case) -> None:
    """The same seed gives the same trial; other seeds give other tasks."""
    env, again = case.make(), case.make()
    actions = action_list(env.action_space, MOST_STEPS, 0)
    episodes = min(task_api(env).episodes_per_trial, _MOST_EPISODES) + 1
    for seed in _SEEDS:
        seen = []
        for one in (env, again, env):
            first, info = case.start(one, seed)
            begun: Transcript = [("task", info["task"]), ("first observation", first)]
            seen.append(begun + play(one, actions, episodes))
        case.same(seen[0], seen[1], "in two environments reset with one seed", _OWN_RANDOM)
        case.same(seen[0], seen[2], "when one environment is reset twice", _OWN_RANDOM)
    tasks = [case.start(env, seed)[1]["task"] for seed in range(24)]
    case.require(
        differ(tasks) or one_task_only(task_api(env)),
        "seeds 0 to 23 all draw this task",
        "Let draw_task draw from its `rng`",
    )


def law_replay(case: Case) -> None:
    """`reset(seed=s)` and `reset(seed=s, options={"task": that task})` give the same episodes."""
    do = (
        "Draw what belongs to the task in draw_task only, and what belongs to the episode in "
        "begin_episodes and step_rows only"
    )
    env, again = case.make(), case.make()
    actions = action_list(env.action_space, MOST_STEPS, 1)
    episodes = min(task_api(env).episodes_per_trial, _MOST_EPISODES)
    for seed in _SEEDS:
        first, info = case.start(env, seed)
        drawn = [("first observation", first), *play(env, actions, episodes)]
        task = info["task"]
        for how in ("options", "set_task"):
            again.reset(seed=seed + 1, options={"task": None})  # a different task was drawn last
            if how == "options":
                first, _ = case.start(again, seed, task=task)
            else:
                task_api(again).set_task(task)
                first, _ = case.start(again, seed)
            replayed = [("first observation", first), *play(again, actions, episodes)]
            case.same(drawn, replayed, f"when the task is drawn and when it is set ({how})", do)


def law_rows(case: Case) -> None:
    """Row i of `make_vec` reset with seed s is `make` reset with s + i, bit for bit, whatever N."""
    do = _OWN_ROW if case.batched else _OWN_STATE
    for num_envs in (1, 3, _MANY):
        cut = {"max_episode_steps": _FEW_STEPS} if num_envs == _MANY else {}
        venv, env = case.make_vec(num_envs, **cut), case.make(**cut)
        seed = 7 + num_envs
        venv.action_space.seed(seed)
        case.seed, case.task = seed, None
        begun, moves = _play_batch(venv, seed, episodes=1 if num_envs == _MANY else 2)
        for row in _played_alone(num_envs):
            case.seed = seed + row
            first, _ = env.reset(seed=seed + row)
            task = task_api(env).task
            case.task = task
            alone = _begun(first, task)
            batched = _begun(batches.take(begun[0], row), _tasks.at(begun[1], row))
            for step, (actions, outcome, restart) in enumerate(moves, 1):
                batched += _row_entries(outcome, row, step)
                alone += _single_entries(env, batches.take(actions, row), step)
                if restart is not None and restart[0][row]:
                    batched += _begun(batches.take(restart[1], row), _tasks.at(restart[2], row))
                    alone += _begun(env.reset()[0], task_api(env).task)
            between = f"in make and in row {row} of {num_envs}"
            case.same(_plain(env, alone), _plain(env, batched), between, do)


def _played_alone(num_envs: int) -> list[int]:
    """Return every row of a few; of many one in seven, and the last three."""
    few = num_envs < _MANY
    return [row for row in range(num_envs) if few or row % _EVERY == 0 or row >= num_envs - 3]


def _begun(observation: Any, task: Any) -> Transcript:
    return [("first observation", observation), ("task", task)]


def _play_batch(
    venv: MetaVectorEnv, seed: int, episodes: int
) -> tuple[tuple[Any, Any], list[tuple[Any, ...]]]:
    """Play until every row has begun so many more episodes; record everything seen.

    After steps 1 and 2 a third of the rows are reset, so that not all end in the same step.

    Returns:
        First observations and tasks; and for each step its actions and outcome, and the mask,
        observations and tasks of the reset after it (None if there was none).
    """
    observations, infos = venv.reset(seed=seed)
    begun = batches.copy(observations), infos["task"]
    ended = np.zeros(venv.num_envs, dtype=np.int64)
    moves: list[tuple[Any, ...]] = []
    while ended.min() < episodes and len(moves) < MOST_STEPS:
        actions = venv.action_space.sample()
        observations, rewards, terminated, truncated, infos = venv.step(actions)
        ends = terminated | truncated
        ended += ends
        tasks = batches.copy(venv.tasks) if ends.any() else None
        final = infos.get("final_obs")
        seen = [batches.copy(one) for one in (observations, rewards, terminated, truncated, ends)]
        kept = None if final is None else batches.copy(final)
        mask = np.arange(venv.num_envs) % 3 == len(moves) + 1
        restart = None
        if len(moves) < 2 and mask.any():
            observations, infos = venv.reset(options={"reset_mask": mask.copy()})
            restart = mask, batches.copy(observations), infos["task"]
        moves.append((actions, (*seen, kept, tasks), restart))
    return begun, moves


def _row_entries(outcome: Any, row: int, step: int) -> Transcript:
    observations, rewards, terminated, truncated, ends, final, tasks = outcome
    entries: Transcript = [
        (f"step {step}: reward", float(rewards[row])),
        (f"step {step}: terminated, truncated", [bool(terminated[row]), bool(truncated[row])]),
        (f"step {step}: observation", batches.take(final if ends[row] else observations, row)),
    ]
    if ends[row]:
        entries.append((f"step {step}: next first observation", batches.take(observations, row)))
        entries.append((f"step {step}: next task", _tasks.at(tasks, row)))
    return entries


def _single_entries(env: Any, action: Any, step: int) -> Transcript:
    observation, reward, terminated, truncated, _ = env.step(action)
    entries: Transcript = [
        (f"step {step}: reward", float(reward)),
        (f"step {step}: terminated, truncated", [bool(terminated), bool(truncated)]),
        (f"step {step}: observation", observation),
    ]
    if terminated or truncated:
        observation, _ = env.reset()
        entries.append((f"step {step}: next first observation", observation))
        entries.append((f"step {step}: next task", task_api(env).task))
    return entries


def _plain(env: Any, entries: Transcript) -> Transcript:
    """Cast plain numbers, which scalar environments may return, to the type of the space."""
    dtype = env.observation_space.dtype
    if dtype is None:
        return entries
    return [
        (what, np.asarray(value, dtype=dtype) if what.endswith("observation") else value)
        for what, value in entries
    ]


def law_sampling(case: Case) -> None:
    """`sample_task` disturbs nothing, and with a seed it gives the same tasks everywhere."""
    do = "Leave sample_task and sample_tasks to the core, and keep draw_task free of state"
    env = case.make()
    api = task_api(env)
    actions = action_list(env.action_space, MOST_STEPS, 2)
    seen = []
    for disturbed in (False, True):
        case.start(env, 3)
        entries: Transcript = []
        for _ in range(2):
            if disturbed:
                api.sample_task()
                api.sample_task(seed=5)
            entries += play(env, actions)
            _, info = case.start(env, keep_task=False)
            entries.append(("the next trial's task", info["task"]))
        seen.append(entries)
    case.same(seen[0], seen[1], "without and with sample_task in between", do)
    draws = []
    for _ in range(2):
        env.reset(seed=3)
        draws.append([api.sample_task() for _ in range(3)])
    case.same(_numbered(draws[0]), _numbered(draws[1]), "from sample_task after two resets", do)
    _check_seeded_samples(case, api.sample_task(seed=11), do)


def _check_seeded_samples(case: Case, first: Task, do: str) -> None:
    case.seed, case.task = 11, first
    venv = case.make_vec(3)
    many, few = venv.sample_tasks(5, seed=11), venv.sample_tasks(2, seed=11)
    venv.reset(seed=1)
    tasks = [_numbered([_tasks.at(drawn, row) for row in range(2)]) for drawn in (many, few)]
    case.same(tasks[0], tasks[1], "in sample_tasks(5, seed) and sample_tasks(2, seed)", do)
    again = _numbered([_tasks.at(venv.sample_tasks(1, seed=11), 0)])
    case.same(_numbered([first]), again, "in sample_task(seed) and sample_tasks(1, seed)", do)
    sizes = {key: values.shape[:1] for key, values in many.items()}
    case.require(
        all(size == (5,) for size in sizes.values()),
        f"sample_tasks(5) gave arrays with leading axes {sizes}",
        do,
    )


def _numbered(tasks: list[Task]) -> Transcript:
    return [(f"task {index}", task) for index, task in enumerate(tasks)]
