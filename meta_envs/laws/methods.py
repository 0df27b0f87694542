"""The laws of what a family writes: its methods and arguments, and the tasks it draws.

They are checked first, and complain in terms of the author's own methods: the laws of play would
misdiagnose the consequences of a mistake here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..core import rng as _rng
from ..core import tasks as _tasks
from ..core.distribution import TaskFamily
from .case import Case, shown
from .play import BATCHED, ROWS, SCALAR, Watched, Words
from .values import kind_of

_DRAWS = 64
_K = 7  # episodes_per_trial that must arrive; not registered anywhere, so that no default passes
_HORIZON = 9  # max_episode_steps that must arrive
_SPLITS = ("train", "test", "all", "ood")
_ALSO_CALLED = {  # other names under which authors write a method
    "draw_task": ("sample_task", "sample_tasks", "draw_tasks", "draw"),
    "begin_episodes": ("begin_episode", "reset", "reset_rows"),
    "step_rows": ("step", "advance"),
    "begin_episode": ("begin_episodes", "reset", "reset_model"),
    "step": ("step_rows",),
}


def law_methods(case: Case) -> None:
    """The family writes what the core calls, leaves the core's own alone, and hands **core on."""
    try:
        family = case.family
    except (AttributeError, TypeError) as raised:
        do = (
            "Give meta_envs.register 'package.module:Class' of a subclass of meta_envs.MetaEnv "
            "(write draw_task, begin_episode, step) or meta_envs.MetaVectorEnv (write draw_task, "
            "begin_episodes, step_rows)"
        )
        raise case.broken(f"its family cannot be loaded: {raised}", do) from raised
    words = BATCHED if case.batched else SCALAR
    for name in words.must:
        _check_written(case, family, words, name)
    _check_left_alone(case, family, words)
    _check_takes_core(case, family, words)
    watched = _made(case, family)
    splits = watched.inside.splits
    case.require(
        isinstance(splits, tuple) and splits and all(split in _SPLITS for split in splits),
        f"{family.__name__}.splits is {splits!r}",
        f"Make it a tuple of some of {_SPLITS}, e.g. ('train', 'test', 'all'), or ('all',)",
    )
    for name, arguments in words.arguments.items():
        _check_called_with(case, family, watched.inside, name, arguments)
    _check_core_arrives(case, watched)
    if words is BATCHED and family.reset is not words.base.reset:  # type: ignore[attr-defined]
        _check_reset_begins(case, family, watched)


def _signature(name: str, words: Words) -> str:
    return f"{name}({', '.join(('self', *words.arguments[name]))})"


def _check_written(case: Case, family: type, words: Words, name: str) -> None:
    if getattr(family, name, None) is not getattr(words.base, name, None):
        return
    own = [
        attribute
        for one in family.__mro__
        if one not in words.base.__mro__
        for attribute, value in vars(one).items()
        if callable(value) and attribute not in words.must
    ]
    near = [other for other in _ALSO_CALLED[name] if other in own]
    near += get_close_matches(name, own, n=1)
    hint = f", but it has {near[0]}" if near else ""
    kind = words.base.__name__
    raise case.broken(
        f"{family.__name__} has no method {name}{hint}",
        f"Write `def {_signature(name, words)}`: a {kind} has {', '.join(words.must)}",
    )


def _check_left_alone(case: Case, family: type, words: Words) -> None:
    """Refuse overrides that only one of `make` and `make_vec` would call."""
    if words is BATCHED:
        own = [name for name in ("step", "advance") if _overrides(family, words.base, name)]
        do = (
            f"Write `def {_signature(words.step, words)}` instead: make and make_vec both call it, "
            "and the core's step adds cutting and autoreset"
        )
    else:
        own = ["reset"] if _overrides(family, words.base, "reset") else []
        do = (
            f"Write `def {_signature(words.begin, words)}` instead, which returns the first "
            "observation alone: the core's reset seeds self.np_random, draws self.task, calls it "
            "and adds the infos, and batches never call yours"
        )
    case.require(not own, f"{family.__name__} overrides {', '.join(own)}", do)


def _overrides(family: type, base: type, name: str) -> bool:
    return getattr(family, name) is not getattr(base, name)


def _check_takes_core(case: Case, family: type, words: Words) -> None:
    takes = inspect.signature(family).parameters
    core = ["split", "episodes_per_trial", "render_mode"]
    core += ["num_envs", "max_episode_steps"] if words is BATCHED else []
    missing = [name for name in core if name not in takes]
    case.require(
        not missing or any(one.kind is one.VAR_KEYWORD for one in takes.values()),
        f"{family.__name__}.__init__ takes {list(takes)}, but not {missing}",
        "Write `def __init__(self, ..., **core)` and hand `**core` to super().__init__",
    )


def _made(case: Case, family: type) -> Watched:
    do = (
        "Call super().__init__(task_space=..., observation_space=..., action_space=..., **core) "
        "in __init__, before anything of the environment is read"
    )
    try:
        watched = Watched(case)
    except AttributeError as raised:
        if isinstance(raised.obj, TaskFamily) and "_clock" not in vars(raised.obj):
            seen = f"{family.__name__} reads self.{raised.name} before super().__init__ has run"
            raise case.broken(seen, do) from raised
        raise
    case.require(
        "_clock" in vars(watched.inside),
        f"{family.__name__}.__init__ does not call super().__init__",
        do,
    )
    return watched


def _check_called_with(
    case: Case, family: type, inside: Any, name: str, arguments: tuple[str, ...]
) -> None:
    method = getattr(inside, name)
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError as refused:
        call = f"{name}({', '.join(arguments)})"
        raise case.broken(
            f"{family.__name__}.{name} cannot be called as {call}: {refused}",
            f"Write `def {name}({', '.join(('self', *arguments))})`",
        ) from refused


def _check_core_arrives(case: Case, watched: Watched) -> None:
    wanted: dict[str, Any] = {"episodes_per_trial": _K, "render_mode": "rgb_array"}
    wanted["split"] = watched.inside.splits[-1]
    if watched.batched:
        wanted = {**wanted, "num_envs": ROWS, "max_episode_steps": _HORIZON}
    given = {name: value for name, value in wanted.items() if name != "num_envs"}
    inside = Watched(case, **given).inside
    found = {name: getattr(inside, name, None) for name in wanted}
    lost = {name: value for name, value in found.items() if value != wanted[name]}
    asked = {name: wanted[name] for name in lost}
    case.require(
        not lost,
        f"made with {asked}, it has {lost}",
        "Hand the core's arguments on: `super().__init__(..., **core)`",
    )


def _check_reset_begins(case: Case, family: type, watched: Watched) -> None:
    calls: list[int | None] = []
    watched.look("begin_episodes", lambda value, count: calls.append(count))
    watched.env.reset(seed=0)
    case.require(
        calls,
        f"{family.__name__} overrides reset, which does not call begin_episodes",
        "Remove reset and return the first observations of `rows` from begin_episodes(rows): the "
        "core's reset seeds, draws tasks, calls it and adds the infos",
    )


def law_draws(case: Case) -> None:
    """`draw_task` returns a task of `task_space`; `in_split` says True or False of it."""
    watched = Watched(case)
    inside = watched.inside
    space = inside.single_task_space if watched.batched else inside.task_space
    do = "Declare what differs between tasks, e.g. spaces.Dict({'goal': spaces.Box(...)})"
    case.require(len(space), "task_space has no keys", do)
    rng = _rng.generator(0, _rng.TASKS)
    for _ in range(_DRAWS):
        task = inside.draw_task(rng)
        _check_task(case, space, task, "draw_task returned")
        if inside.split != "all":
            _check_in_split(case, inside.in_split(task), task)
    members = inside.all_tasks()
    if members is not None:
        case.require(
            isinstance(members, tuple | list),
            f"all_tasks returned {kind_of(members)}",
            "Return a tuple of every task, or None if there are too many",
        )
        for task in members:
            _check_task(case, space, task, "all_tasks has")


def _check_task(case: Case, space: Any, task: Any, subject: str) -> None:
    keys = list(space.keys())
    case.require(
        isinstance(task, Mapping),
        f"{subject} {kind_of(task)}, not a dict",
        f"Return a dict with the keys of task_space, {keys}, e.g. `{{{keys[0]!r}: ...}}`",
    )
    extra = [key for key in task if key not in keys]
    case.require(
        not extra,
        f"{subject} a task with the key {extra[:1]}, which task_space does not have: {keys}",
        "Add the key to task_space, or leave it out; what no task decides belongs into "
        "self.state or attributes",
    )
    missing = [key for key in keys if key not in task]
    case.require(
        not missing,
        f"{subject} a task without {missing}: {shown(dict(task))}",
        f"Return every key of task_space, {keys}",
    )
    try:
        _tasks.as_task(space, task)
    except (TypeError, ValueError) as refused:
        raise case.broken(
            f"{subject} a task outside task_space: {refused}",
            "Draw within the bounds of task_space, or widen them",
        ) from refused


def _check_in_split(case: Case, answer: Any, task: Any) -> None:
    hint = "interleave(...) == self.split" if isinstance(answer, str) else "bool(...)"
    case.require(
        isinstance(answer, bool | np.bool_),
        f"in_split returned {kind_of(answer)} for the task {shown(dict(task))}",
        f"Return True if the task belongs to self.split and False if not: `return {hint}`",
    )
