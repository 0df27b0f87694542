"""The laws of the task API about pins and trials, of one environment and of rows."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from ..core import batches
from ..core import tasks as _tasks
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .case import (
    MOST_STEPS,
    Case,
    action_list,
    differ,
    one_task_only,
    same_bits,
    several,
    shown,
    task_api,
)

_TRIALS = 24  # trials drawn to see tasks change; with two equally likely tasks 1 in 8 million fails
_DO = "Leave reset, set_task and set_tasks to the core, and write begin_episodes and draw_task only"


def law_pinning(case: Case) -> None:
    """A pinned environment keeps its task, from the next reset on, until it is unpinned."""
    env = case.make(episodes_per_trial=2)
    api = task_api(env)
    tasks = several(api, 2)
    before = case.start(env, 4)[1]["task"]
    pin = tasks[1] if _tasks.equal(tasks[0], before) and len(tasks) > 1 else tasks[0]
    api.set_task(pin)
    _in_force(case, env, before, "right after set_task, before a reset")
    for options in ({}, {}, {"keep_task": False}, {"keep_task": True}, {}):
        _, info = case.start(env, None, **options)
        if info["trial_start"] or not api.distribution.changes:
            _in_force(case, env, pin, f"after set_task and reset(options={options})")
    case.start(env, 5)
    _in_force(case, env, pin, "after set_task and reset(seed=5)")
    _check_autoreset_keeps(case, pin)
    api.set_task(None)
    _in_force(case, env, pin, "right after set_task(None), before a reset")
    drawn = [case.start(env, 5)[1]["task"]]
    drawn += [case.start(env, keep_task=False)[1]["task"] for _ in range(_TRIALS)]
    case.require(
        differ(drawn) or one_task_only(api), f"after set_task(None) {_TRIALS} trials share it", _DO
    )


def _in_force(case: Case, env: gym.Env, task: Task | None, when: str) -> None:
    now = task_api(env).task
    same = task is not None and now is not None and _tasks.equal(task, now)
    case.require(same, f"{when} the task in force is {shown(now)}, not {shown(task)}", _DO)


def _check_autoreset_keeps(case: Case, pin: Task) -> None:
    venv = case.make_vec(2, max_episode_steps=2, episodes_per_trial=1)
    venv.set_tasks([pin, pin])
    venv.reset(seed=6)
    venv.action_space.seed(0)
    for _ in range(6):
        venv.step(venv.action_space.sample())
        now = [_tasks.at(venv.tasks, row) for row in range(2)]
        case.require(
            all(_tasks.equal(pin, task) for task in now),
            f"after autoresets of rows pinned to {shown(pin)} their tasks are {shown(venv.tasks)}",
            _DO,
        )


def law_trials(case: Case) -> None:
    """A trial starts at the first reset, a seed, a pending task, `keep_task=False` or after K."""
    env = case.make(episodes_per_trial=3)
    api = task_api(env)
    actions = action_list(env.action_space, 1, 3)

    def starts(expected: bool, why: str, seed: int | None = None, **options: Any) -> None:
        before = api.task
        _, info = case.start(env, seed, **options)
        case.require(
            info.get("trial_start") is expected,
            f"info['trial_start'] is {info.get('trial_start')!r}, not {expected}, at {why}",
            _DO,
        )
        kept = before is not None and api.task is not None and _tasks.equal(before, api.task)
        kept |= api.distribution.changes
        case.require(expected or kept, f"the task changed inside a trial, at {why}", _DO)

    fresh = case.make(episodes_per_trial=3).reset()[1].get("trial_start")
    case.require(fresh is True, f"info['trial_start'] is {fresh!r} at the first reset", _DO)
    starts(True, "reset(seed=0)", 0)
    env.step(actions[0])  # abandoned episodes count
    starts(False, "the second reset of a trial of 3 episodes")
    starts(False, "the third reset of a trial of 3 episodes")
    starts(True, "the reset after 3 episodes")
    starts(True, "reset(seed=1) inside a trial", 1)
    starts(False, "the second reset of a seeded trial")
    starts(True, "keep_task=False inside a trial", keep_task=False)
    for count in range(4):
        starts(False, f"reset {count + 2} of a trial with keep_task=True", keep_task=True)
    starts(True, "the reset after 5 episodes of a trial of 3")
    starts(True, "reset(seed=2) with keep_task=True", 2, keep_task=True)
    for pin in (api.task, api.task, None, None):
        api.set_task(pin)
        starts(True, f"a reset after set_task({shown(pin)})", keep_task=True)
        starts(False, "the second reset after set_task")
    starts(True, "options={'task': ...}", task=api.task, keep_task=True)
    starts(False, "the second reset of a pinned trial")
    starts(False, "the third reset of a pinned trial")
    starts(True, "the reset after 3 episodes of a pinned environment")
    _check_registered_number(case)


def _check_registered_number(case: Case) -> None:
    registered = gym.spec(case.id).kwargs.get("episodes_per_trial")
    expected = case.env_kwargs.get("episodes_per_trial", registered)
    found = task_api(case.make()).episodes_per_trial, case.make_vec(2).episodes_per_trial
    case.require(
        found == (expected, expected),
        f"episodes_per_trial is {found} in make and make_vec, {expected} in the table",
        "Hand episodes_per_trial to the base, and give it once, in register",
    )


def law_vector_trials(case: Case) -> None:
    """Rows are pinned, unpinned and reset without a trace in the other rows."""
    venv, twin = (case.make_vec(3, max_episode_steps=3, episodes_per_trial=2) for _ in range(2))
    for one in (venv, twin):
        case.seed = 8
        one.reset(seed=8)
    before = batches.copy(venv.tasks)
    pin = venv.sample_tasks(1, seed=9)
    venv.set_tasks(pin, rows=[1])
    now = batches.copy(venv.tasks)
    case.require(same_bits(before, now), "set_tasks changed a task while the row plays", _DO)
    _play_pinned(case, venv, twin, _tasks.at(pin, 0))
    venv.set_tasks(None, rows=[1])
    drawn: list[Task] = []
    for _ in range(MOST_STEPS):
        *_, infos = _step(venv, len(drawn))
        if infos["trial_start"][1]:
            drawn.append(_tasks.at(venv.tasks, 1))
        if len(drawn) == _TRIALS:
            break
    single = task_api(case.make())
    case.require(
        differ(drawn) or one_task_only(single) or len(drawn) < _TRIALS,
        "row 1 draws no new tasks after set_tasks(None, rows=[1])",
        _DO,
    )
    _check_options(case, venv)
    _check_reset_mask(case, venv, twin)


def _step(venv: MetaVectorEnv, seed: int) -> Any:
    venv.action_space.seed(seed)
    return venv.step(venv.action_space.sample())


def _play_pinned(case: Case, venv: MetaVectorEnv, twin: MetaVectorEnv, pin: Task) -> None:
    """Play a batch with row 1 pinned next to one without the pin."""
    acted = 0
    for step in range(24):
        observations, rewards, terminated, truncated, infos = _step(venv, step)
        expected, paid, *_ = _step(twin, step)
        others = np.array([0, 2])
        case.require(
            same_bits(batches.take(observations, others), batches.take(expected, others))
            and same_bits(rewards[others], paid[others])
            and same_bits(batches.take(venv.tasks, others), batches.take(twin.tasks, others)),
            f"set_tasks(rows=[1]) changed rows 0 or 2, step {step}",
            _DO,
        )
        if (terminated | truncated)[1]:
            acted += 1
            task = _tasks.at(venv.tasks, 1)
            kept = _tasks.equal(task, pin) or (acted % 2 == 0 and venv.distribution.changes)
            case.require(kept, f"row 1 is in task {shown(task)}, not its pin", _DO)
            case.require(
                bool(infos["trial_start"][1]) is (acted % 2 == 1),
                f"trial_start is {infos['trial_start'][1]} at autoreset {acted} after set_tasks",
                _DO,
            )


def _check_options(case: Case, venv: MetaVectorEnv) -> None:
    tasks = venv.sample_tasks(3, seed=10)
    one = _tasks.at(tasks, 0)
    each = [_tasks.at(tasks, row) for row in range(3)]
    alike = _tasks.stack([one, one, one])
    options: list[tuple[dict[str, Any], Any]] = [
        ({"task": one}, alike),
        ({"tasks": tasks}, tasks),
        ({"tasks": each}, tasks),
    ]
    for given, expected in options:
        _, infos = venv.reset(options=given)
        case.require(
            same_bits(infos["task"], expected) and bool(infos["trial_start"].all()),
            f"reset(options={list(given)}) gave tasks {shown(infos['task'])}, trial_start "
            f"{infos['trial_start']}",
            _DO,
        )
    venv.reset(options={"task": None})


def _check_reset_mask(case: Case, venv: MetaVectorEnv, twin: MetaVectorEnv) -> None:
    """Reset row 0 in the middle of an episode; its twin plays on."""
    mask = np.array([True, False, False])
    for one in (venv, twin):
        one.reset(seed=11, options={"task": None})
        shown_before, *_ = _step(one, 0)
    expected, tasks = batches.copy(shown_before), batches.copy(venv.tasks)
    observations, infos = venv.reset(options={"reset_mask": mask.copy(), "keep_task": True})
    others = np.flatnonzero(~mask)
    case.require(
        same_bits(batches.take(observations, others), batches.take(expected, others)),
        "reset(options={'reset_mask': ...}) changed the observations of rows it leaves out",
        _DO,
    )
    kept = others if venv.distribution.changes else venv.every_row
    case.require(
        same_bits(batches.take(tasks, kept), batches.take(venv.tasks, kept))
        and not infos["trial_start"].any(),
        "reset with reset_mask and keep_task=True started a trial",
        _DO,
    )
    for step in range(1, 9):
        seen, going_on = _step(venv, step), _step(twin, step)
        case.require(
            all(
                same_bits(batches.take(one, others), batches.take(other, others))
                for one, other in zip(seen[:4], going_on[:4], strict=True)
            ),
            f"rows that reset_mask left out went another way, step {step}",
            _DO,
        )
    _, infos = venv.reset(options={"reset_mask": mask.copy(), "keep_task": False})
    case.require(
        bool((infos["trial_start"] == mask).all()),
        f"trial_start is {infos['trial_start']} after a reset of row 0 with keep_task=False",
        _DO,
    )
