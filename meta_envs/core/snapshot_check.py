"""Checking a state that a native batch is to resume from, before anything changes. N rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from gymnasium.vector.utils import create_empty_array

from . import tasks as _tasks
from .autoreset import NUMBERS

State = dict[str, np.ndarray]

_FAR = 2**62  # more steps or episodes than anyone plays, far below int64 overflow
_HALF = 2**32  # bound on the half-used number that a generator keeps


def checked(venv: Any, state: Any, model: State) -> State:
    """Return a copy of a state that fits the environment; `more` parts are not checked.

    Args:
        venv: The environment.
        state: The state given.
        model: Arrays of the right names, shapes and types.

    Raises:
        TypeError: If it is not a dict.
        ValueError: If a part is unknown, missing, of the wrong type or shape, or out of range.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a dict of arrays, as get_state gives it, not {state!r}")
    _check_mode(venv, state)
    _check_names(type(venv).__name__, state, model)
    for name, part in state.items():
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "biuf":
            raise ValueError(f"state[{name!r}] is {part!r}, not an array of numbers")
    if state["elapsed"].ndim == 1 and len(state["elapsed"]) != venv.num_envs:
        raise ValueError(
            f"the state is of {len(state['elapsed'])} rows; this environment has {venv.num_envs}"
        )
    for name, wanted in model.items():
        _check_kind(name, state[name], wanted)
    taken = {name: np.array(part) for name, part in state.items()}
    _check_clock(venv, taken)
    _check_tasks(venv, taken)
    _check_streams(taken)
    venv.check_state(taken)
    return taken


def check_more(venv: Any, state: State) -> None:
    """Refuse accepted `more` parts whose names, types or shapes the environment does not keep.

    Raises:
        ValueError: Naming the part.
    """
    own, given = named("more", venv.more_state()), parts("more", state)
    given = {f"more.{name}": part for name, part in given.items()}
    if odd := sorted(own.keys() ^ given.keys()):
        raise ValueError(f"state[{odd[0]!r}] is {'missing' if odd[0] in own else 'unknown'}")
    for name, wanted in own.items():
        _check_kind(name, given[name], wanted)


def refuse(name: str, part: np.ndarray, wrong: np.ndarray, rule: str) -> None:
    """Refuse a part of a state some of whose values are wrong.

    Args:
        name: Name of the part.
        part: Its values.
        wrong: Which of them are wrong, bool, of its shape.
        rule: What they must be.

    Raises:
        ValueError: Naming the first wrong one.
    """
    if np.any(wrong):
        where = tuple(np.argwhere(wrong)[0].tolist())
        index = "".join(f"[{axis}]" for axis in where)
        raise ValueError(f"state[{name!r}]{index}={part[where]} must be {rule}")


def check_finite(state: State, names: Iterable[str]) -> None:
    """Refuse floats that are not finite in these parts of a state.

    Raises:
        ValueError: Naming the first one.
    """
    for name in names:
        if state[name].dtype.kind == "f":
            refuse(name, state[name], ~np.isfinite(state[name]), "finite")


def refuse_outside(name: str, part: np.ndarray, low: Any, high: Any) -> None:
    """Refuse a part of a state that has values (NaN too) outside [low, high].

    Raises:
        ValueError: Naming the first one.
    """
    refuse(name, part, ~((part >= low) & (part <= high)), f"from {low} to {high}")


def shown(venv: Any) -> Any:
    """Allocate the observations of every row: an array [N, ...], or dicts of arrays."""
    return create_empty_array(venv.single_observation_space, venv.num_envs)


def named(name: str, part: Any) -> State:
    """Flatten an array, or a dict of them, under a name."""
    if isinstance(part, dict):
        flat: State = {}
        for key, inner in part.items():
            flat.update(named(f"{name}.{key}", inner))
        return flat
    return {name: part}


def like(model: Any, name: str, state: State) -> Any:
    """Undo `named`: return what is under a name as an array or dicts, structured like a model."""
    if isinstance(model, dict):
        return {key: like(inner, f"{name}.{key}", state) for key, inner in model.items()}
    return state[name]


def parts(name: str, state: Mapping[str, np.ndarray]) -> State:
    """Return the parts under a name, with the name stripped."""
    head = f"{name}."
    return {key.removeprefix(head): part for key, part in state.items() if key.startswith(head)}


def _check_mode(venv: Any, state: Mapping[str, Any]) -> None:
    """Refuse states of another autoreset mode: modes differ in whether ended rows wait."""
    given = state.get("autoreset_mode", 0)
    modes = [mode for mode, number in NUMBERS.items() if np.array_equal(number, given)]
    if modes != [venv.autoreset_mode]:
        of = f"autoreset_mode={modes[0].value!r}" if modes else f"state['autoreset_mode']={given!r}"
        raise ValueError(
            f"the state is of {of}; this environment is made with autoreset_mode="
            f"{venv.autoreset_mode.value!r}"
        )


def _check_names(family: str, state: Mapping[str, Any], wanted: State) -> None:
    if missing := sorted(wanted.keys() - state.keys()):
        raise ValueError(
            f"the state lacks {missing[:3]}, which {family} has; it is of another environment"
        )
    for name in state:
        if name not in wanted and not str(name).startswith("more."):
            near = get_close_matches(str(name), wanted, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"state[{name!r}] is unknown to {family}; the state is of another environment{hint}"
            )


def _check_kind(name: str, part: np.ndarray, wanted: np.ndarray) -> None:
    if part.shape != wanted.shape:
        raise ValueError(
            f"state[{name!r}] has the shape {part.shape}, not {wanted.shape}; make the environment "
            "with the same arguments"
        )
    if part.dtype != wanted.dtype:
        raise ValueError(f"state[{name!r}] is of type {part.dtype}, not {wanted.dtype}")


def _check_clock(venv: Any, state: State) -> None:
    elapsed, cut = state["elapsed"], venv.max_episode_steps
    refuse_outside("elapsed", elapsed, 0, _FAR)
    if cut is not None:
        over = (elapsed >= cut) & ~state["ended"]
        refuse(
            "elapsed", elapsed, over, f"below max_episode_steps={cut} where no episode has ended"
        )
    refuse_outside("clock.episode", state["clock.episode"], 1, _FAR)
    other = state["random.seeds"] != state["clock.seeds"]
    refuse("random.seeds", state["random.seeds"], other, "what state['clock.seeds'] says")


def _check_tasks(venv: Any, state: State) -> None:
    pinned, pending = state["clock.pinned"], state["clock.pending"]
    for name, rows in (("tasks", venv.every_row), ("pins", np.flatnonzero(pinned))):
        given = {key: part[rows] for key, part in parts(f"clock.{name}", state).items()}
        try:
            tasks = _tasks.as_tasks(venv.single_task_space, given, len(rows))
            for index in range(len(rows)):
                venv.check_task(_tasks.at(tasks, index))
        except (TypeError, ValueError) as reason:
            raise ValueError(f"state['clock.{name}'] holds no valid task: {reason}") from reason
    for key in venv.single_task_space:
        name, pins = f"clock.tasks.{key}", state[f"clock.pins.{key}"]
        plays = pinned & ~pending  # such rows play what they are pinned to,
        if venv.distribution.changes:  # or began with it
            plays &= state["clock.episode"] == 1
        other = (state[name] != pins) & plays.reshape(-1, *[1] * (pins.ndim - 1))
        refuse(name, state[name], other, "what the row is pinned to")


def _check_streams(state: State) -> None:
    for name in ("clock.generators", "clock.sampling", "episodes.generator", "random.generators"):
        made = state[name]
        refuse_outside(name, made[:, 0], 0, 1)
        there = made[:, 0] == 1
        refuse(name, made[:, 4], there & (made[:, 4] % 2 == 0), "odd, as PCG64's increments are")
        refuse_outside(name, made[:, 5], 0, 1)
        refuse_outside(name, made[:, 6], 0, _HALF - 1)
    refuse("clock.sampling", made := state["clock.sampling"], made[:, :1] == 0, "1")
    largest = np.finfo(np.float64).max
    for kind, low, high in (
        ("uniform", 0.0, np.nextafter(1.0, 0.0)),
        ("normal", -largest, largest),
    ):
        cursor, numbers = state[f"random.{kind}_cursor"], state[f"random.{kind}"]
        size = numbers.shape[1]
        refuse_outside(f"random.{kind}_cursor", cursor, 0, size)
        unread = np.arange(size) >= cursor[:, None]  # numbers already read may be anything
        refuse_outside(f"random.{kind}", np.where(unread, numbers, 0.0), low, high)
