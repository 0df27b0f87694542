"""The laws of the task API about tasks as values: splits, JSON, and what is refused."""

from __future__ import annotations

import json
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from gymnasium import spaces

from ..core import tasks as _tasks
from ..core.single import MetaEnv
from ..core.tasks import Task
from .case import Case, several, shown, task_api

_DRAWS = 64  # tasks drawn from each split
_SPLIT_DO = "Let in_split tell train from test by the task alone, and draw_task draw of both"


def law_splits(case: Case) -> None:
    """Splits share one task space, hold disjoint tasks, and are refused where there are none."""
    default = task_api(case.make())
    splits = default.splits
    usual = "train" if "train" in splits else "all"
    if "split" not in case.env_kwargs:
        case.require(
            default.split == usual,
            f"the default split is {default.split!r}",
            f"Hand split=None to the base, which makes it {usual!r}",
        )
    case.refuses(partial(case.make, split="trian"), ValueError, "split='trian'", ["trian"])
    case.refuses(partial(case.make_vec, 2, split="trian"), ValueError, "split='trian'", ["trian"])
    envs = {split: task_api(case.make(split=split)) for split in splits}
    drawn = {split: _drawn(case, env) for split, env in envs.items()}
    for split, env in envs.items():
        case.require(
            env.task_space == default.task_space,
            f"split {split!r} has task space {env.task_space}, the default {default.task_space}",
            "Let task_space cover every split and be the same for all",
        )
    for one, other in combinations([split for split in splits if split != "all"], 2):
        _check_disjoint(case, envs, drawn, one, other)
    _check_members(case, envs, drawn)


def _drawn(case: Case, env: MetaEnv) -> list[Task]:
    """Draw tasks from a split, and check that they belong to it."""
    case.seed = 0
    env.reset(seed=0)
    tasks = [env.sample_task() for _ in range(_DRAWS)]
    for task in tasks:
        case.task = task
        case.require(env.task_space.contains(task), "it is not in task_space", _SPLIT_DO)
        case.require(
            env.split == "all" or env.in_split(task),
            f"it was drawn of split {env.split!r}, but in_split says it is not in it",
            _SPLIT_DO,
        )
        try:
            env.set_task(task)
        except ValueError as refused:
            do = "Let check_task accept whatever draw_task draws"
            raise case.broken(f"it was drawn, but set_task refuses it: {refused}", do) from refused
    case.task = None
    return tasks


def _check_disjoint(
    case: Case, envs: dict[str, MetaEnv], drawn: dict[str, list[Task]], one: str, other: str
) -> None:
    seen = {_bytes(task) for task in drawn[one]}
    for task in drawn[other]:
        case.task = task
        both = _bytes(task) in seen or ("ood" not in (one, other) and envs[one].in_split(task))
        case.require(not both, f"it belongs to {one!r} and to {other!r}", _SPLIT_DO)
    case.task = None


def _check_members(case: Case, envs: dict[str, MetaEnv], drawn: dict[str, list[Task]]) -> None:
    """Check that finite splits enumerate their tasks, and draw no others."""
    do = "Let all_tasks return every task once, whatever the split, and in_split choose"
    members = {split: env.tasks_in_split for split, env in envs.items()}
    finite = {split: tasks is not None for split, tasks in members.items() if split != "ood"}
    case.require(len(set(finite.values())) <= 1, f"some splits are enumerable: {finite}", do)
    for split, tasks in members.items():
        if tasks is None:
            continue
        known = {_bytes(task) for task in tasks}
        case.require(tasks, f"split {split!r} has no tasks", do)
        case.require(len(known) == len(tasks), f"tasks_in_split of {split!r} repeats a task", do)
        for task in drawn[split]:
            case.task = task
            case.require(
                _bytes(task) in known, f"it was drawn of {split!r} but is not in tasks_in_split", do
            )
        case.task = None
    if "all" in members and members["all"] is not None:
        known = {_bytes(task) for task in members["all"]}
        for split in set(members) & {"train", "test"}:
            for task in members[split] or ():
                case.task = task
                case.require(_bytes(task) in known, f"it is in {split!r} but not in 'all'", do)
        case.task = None


def _bytes(task: Task) -> bytes:
    return b"".join(task[key].tobytes() for key in sorted(task))


def law_json(case: Case) -> None:
    """A task that went through JSON text is the same task, bit for bit."""
    env = case.make()
    api = task_api(env)
    case.seed = 0
    for task in several(api, 8):
        case.task = task
        text = json.dumps(api.task_space.to_jsonable([task]))
        api.set_task(api.task_space.from_jsonable(json.loads(text))[0])
        env.reset(seed=0)
        case.require(
            api.task is not None and _tasks.equal(task, api.task),
            f"after JSON the task in force is {shown(api.task)}",
            "Let check_task change nothing, and keep what is needed in task_space's own types",
        )


def law_bad_tasks(case: Case) -> None:
    """A bad task is refused by key, value and bounds, and changes nothing."""
    env = case.make(episodes_per_trial=100)
    api = task_api(env)
    case.start(env, 0)
    good = api.sample_task()
    key = next(iter(good))
    case.refuses(partial(api.set_task, {**good, "no such key": 0}), ValueError, "an unknown key")
    missing = {name: value for name, value in good.items() if name != key}
    case.refuses(partial(api.set_task, missing), ValueError, f"a task without {key!r}", [repr(key)])
    for wrong in (3, "task", [1.0], (good,)):
        case.refuses(partial(api.set_task, wrong), TypeError, f"the task {shown(wrong)}")
    for key, space in api.task_space.items():
        _check_bad_values(case, api, good, key, space)
    _check_bad_batches(case, good)
    _, info = env.reset()
    case.require(
        not info["trial_start"],
        "a trial started after bad tasks were refused",
        "Check a task wholly before anything is written",
    )


def _check_bad_values(case: Case, api: MetaEnv, good: Task, key: str, space: spaces.Space) -> None:
    def refused(value: Any, error: Any, words: list[str]) -> None:
        what = f"task[{key!r}]={shown(value)}"
        case.refuses(partial(api.set_task, {**good, key: value}), error, what, words)

    shape = space.shape or ()
    refused(np.full(shape, "high"), TypeError, [repr(key)])
    refused(np.zeros((*shape, 2)), ValueError, [repr(key)])
    low: Any
    high: Any
    if isinstance(space, spaces.Box):
        low, high = space.low, space.high
        refused(np.full(shape, np.nan), ValueError, [repr(key), "nan"])
    elif isinstance(space, spaces.Discrete):
        low, high = space.start, space.start + space.n - 1
    else:
        assert isinstance(space, spaces.MultiDiscrete)
        low, high = space.start, space.start + space.nvec - 1
    if not isinstance(space, spaces.Box):
        refused(np.full(shape, 0.5), TypeError, [repr(key)])
    for outside in (np.asarray(low) - 1, np.asarray(high) + 1):
        if np.isfinite(outside).all():
            first = [str(np.asarray(one).flat[0]) for one in (outside, low, high)]
            refused(outside, ValueError, [repr(key), *first])


def _check_bad_batches(case: Case, good: Task) -> None:
    venv = case.make_vec(3)
    venv.reset(seed=0)
    two = {key: np.stack([value, value]) for key, value in good.items()}
    for what, tasks, rows in (
        ("2 tasks in a dict for 3 rows", two, None),
        ("2 tasks in a list for 3 rows", [good, good], None),
        ("2 tasks for row 1", [good, good], [1]),
        ("a task for row 3 of 3", [good], [3]),
        ("a task for row -1", [good], [-1]),
    ):
        case.refuses(partial(venv.set_tasks, tasks, rows), ValueError, what)
    case.refuses(partial(venv.set_tasks, 5), TypeError, "set_tasks(5)")  # type: ignore[arg-type]
    bad = {**good, "no such key": 0}
    case.refuses(partial(venv.reset, options={"task": bad}), ValueError, "an unknown key")
