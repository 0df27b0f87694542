"""The laws about tasks that change: within trials, by mutation, and with the bank they refer to."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np

from ..core import rng as _rng
from ..core import tasks as _tasks
from ..core.bank import Bank
from ..core.distribution import TaskFamily
from ..core.single import MetaEnv
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from .case import Case, Transcript, action_list, same_bits, several, shown, task_api

_EPISODES = 4  # episodes per trial
_TASKS = 8


def law_changes(case: Case) -> None:
    """Tasks change within trials by `next_task` alone, alike for rows, replays and states."""
    env = case.make(episodes_per_trial=_EPISODES)
    api = task_api(env)
    if not api.distribution.changes:
        return
    do = "Let next_task return another task of task_space, drawn from its `rng`, and change nothing"
    for number, task in enumerate(several(api, _TASKS)):
        _check_pure(case, api, task, number + 1, do)
    pin = api.sample_task(seed=1)
    trials = [_tasks_of_trial(case, env, pin, seed) for seed in (5, 5, 6)]
    case.same(_numbered(trials[0]), _numbered(trials[1]), "in two trials of one seed", do)
    changed = any(not _tasks.equal(pin, task) for task in trials[0] + trials[2])
    case.require(changed, "next_task changes no task", "Leave next_task out, or let it change them")
    _check_rows(case, trials[0], pin, do)


def _check_pure(case: Case, api: MetaEnv, task: Task, episode: int, do: str) -> None:
    case.seed, case.task = episode, task
    given, answers = _tasks.copied(task), []
    for _ in range(2):
        answers.append(api.distribution.next_task(given, episode, _rng.generator(episode, 0)))
        case.require(_tasks.equal(task, given), "next_task wrote into the task it was given", do)
    case.require(
        _tasks.equal(*answers),
        f"next_task returned {shown(answers[0])} and {shown(answers[1])} from the same `rng`",
        do,
    )


def _tasks_of_trial(case: Case, env: Any, pin: Task, seed: int) -> list[Task]:
    """Return the tasks after the first one of a trial that is pinned to `pin`."""
    case.start(env, seed, task=pin)
    seen = []
    for _ in range(_EPISODES - 1):
        _, info = env.reset()
        case.require(not info["trial_start"], "a trial started early", "Leave reset to the core")
        seen.append(info["task"])
    _, info = env.reset()
    case.require(
        _tasks.equal(info["task"], pin),
        f"the next trial begins in task {shown(info['task'])}, not its pin {shown(pin)}",
        "Leave pins to the core, and let next_task change a copy",
    )
    return seen


def _check_rows(case: Case, expected: list[Task], pin: Task, do: str) -> None:
    """Row 1 of a batch changes as the environment does, even when resumed from a state."""
    made = [case.make_vec(3, episodes_per_trial=_EPISODES) for _ in range(2)]
    venv, other = made
    venv.reset(seed=4, options={"task": pin})
    other.reset(seed=0)
    for number, task in enumerate(expected):
        venv.reset()
        between = f"in make and in row 1 of 3, episode {number + 2} of the trial"
        case.same([("task", task)], [("task", _tasks.at(venv.tasks, 1))], between, do)
        if number == 0 and _has_state(venv):
            other.set_state(venv.get_state())
    if _has_state(venv):
        for _ in expected[1:]:
            other.reset()
        case.require(
            same_bits(venv.tasks, other.tasks),
            f"after get_state and set_state tasks went on to {shown(other.tasks)}, not "
            f"{shown(venv.tasks)}",
            do,
        )


def _has_state(venv: MetaVectorEnv) -> bool:
    try:
        venv.get_state()
    except NotImplementedError:  # scalar environments have none
        return False
    return True


def law_mutation(case: Case) -> None:
    """`mutate_task` returns a task of the split, from its `rng` alone, and survives JSON."""
    do = (
        "Write mutate_task(task, rng) so that it returns a new task which check_task and in_split "
        "accept, drawn from `rng`"
    )
    env = case.make()
    api = task_api(env)
    for number, task in enumerate(several(api, _TASKS)):
        case.seed, case.task = number, task
        given = _tasks.copied(task)
        mutants = [api.mutate_task(given, _rng.generator(number, 0)) for _ in range(2)]
        case.require(_tasks.equal(task, given), "mutate_task wrote into the task it was given", do)
        try:
            first, second = (api.distribution.checked(mutant) for mutant in mutants)
        except (TypeError, ValueError) as reason:
            raise case.broken(f"mutate_task returned no valid task: {reason}", do) from reason
        case.require(
            _tasks.equal(first, second),
            f"mutate_task returned {shown(first)} and {shown(second)} from the same `rng`",
            do,
        )
        case.require(
            api.distribution.in_split(first),
            f"mutate_task returned {shown(first)}, which is not in split {api.split!r}",
            do,
        )
        text = json.dumps(api.task_space.to_jsonable([first]))
        again = _tasks.as_task(api.task_space, api.task_space.from_jsonable(json.loads(text))[0])
        case.require(_tasks.equal(first, again), f"{shown(first)} is {shown(again)} after JSON", do)


def law_bank(case: Case) -> None:
    """A family that reads a bank keeps its hash through play, and refuses what does not fit."""
    env = case.make()
    api = task_api(env)
    family = type(api.distribution.family)
    if family.check_bank is TaskFamily.check_bank:
        case.refuses(partial(api.set_bank, _TINY), ValueError, "a bank", ["reads no bank"])
        return
    do = "Give the family a bank in its constructor, and let check_bank refuse what does not fit"
    bank = api.bank
    case.require(bank is not None, f"{family.__name__} has check_bank but no bank", do)
    assert bank is not None
    wide = {"layers.0.weight": np.ones((1, 1, bank.inputs + 1), np.float32)}
    wide["layers.0.bias"] = np.zeros((1, 1), np.float32)
    case.refuses(partial(api.set_bank, wide), ValueError, "a bank of other inputs")
    case.require(api.bank is bank, "a bank that was refused was taken", do)
    seen = []
    for same in (False, True):
        venv = case.make_vec(2)
        if same:
            venv.set_bank(Bank(bank.arrays, bank.activation))
            case.require(
                venv.bank is not None and venv.bank.hash == bank.hash,
                "a bank of the same arrays has another hash",
                "Make the bank from the arrays alone",
            )
        seen.append(_played(venv))
    case.same(seen[0], seen[1], "with the bank made with and the same one set", do)


_TINY = {"layers.0.weight": np.ones((1, 1, 1)), "layers.0.bias": np.ones((1, 1))}


def _played(venv: MetaVectorEnv) -> Transcript:
    observations, _ = venv.reset(seed=3)
    seen: Transcript = [("first observations", observations)]
    for step, actions in enumerate(action_list(venv.action_space, 4, 3), 1):
        observations, rewards, *_ = venv.step(actions)
        seen += [(f"step {step}: observations", observations), (f"step {step}: rewards", rewards)]
    return seen


def _numbered(tasks: list[Task]) -> Transcript:
    return [(f"task of episode {number}", task) for number, task in enumerate(tasks, 2)]
