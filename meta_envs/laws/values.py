"""Faults in values that a family's own methods return, and their cures; N rows, or one.

Each function returns a `Fault`, or None if nothing is wrong. A `count` of None means one row
alone (a `MetaEnv`), else that many rows (a `MetaVectorEnv`). What was seen is said so that it goes
on after "step_rows returned".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from .case import shown

_NUMBERS = (int, float, np.integer, np.floating)


class Fault(NamedTuple):
    """What was seen, what to do, and in which row (None: in all, or unknown)."""

    seen: str
    do: str
    row: int | None = None


def kind_of(value: Any) -> str:
    """Describe a value by its type, and a container by its size."""
    if value is None:
        return "None (a `return` is missing)"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict with the keys {list(value)}"
    return f"the {type(value).__name__} {value!r}"


# ---- observations --------------------------------------------------------------------------------


def observation_fault(
    space: spaces.Space, value: Any, count: int | None, name: str
) -> Fault | None:
    """Check observations.

    Args:
        space: Observation space of one row.
        value: The observations of `count` rows.
        count: Number of rows; None for a scalar environment.
        name: What they are called, e.g. `"observations"`.
    """
    if isinstance(space, spaces.Dict):
        if not isinstance(value, dict) or set(value) != set(space.keys()):
            return Fault(f"{kind_of(value)} as {name}", f"Return a dict of {list(space.keys())}")
        parts = (
            observation_fault(part, value[key], count, f"{name}[{key!r}]")
            for key, part in space.items()
        )
        return next((fault for fault in parts if fault is not None), None)
    plain = isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary)
    if not (plain or isinstance(space, spaces.Discrete)):
        whole = space if count is None else batch_space(space, count)
        if not whole.contains(value):
            return Fault(f"{name} outside {space}", "Return what observation_space contains")
        return None
    if isinstance(space, spaces.Discrete) and count is None:
        return _discrete_fault(space, value, name)
    if count is None and space.shape == () and isinstance(value, float | int | np.generic):
        value = np.asarray(value, space.dtype if isinstance(value, float | int) else None)
    return _array_fault(space, value, count, name)


def _discrete_fault(space: spaces.Discrete, value: Any, name: str) -> Fault | None:
    if isinstance(value, bool) or not isinstance(value, int | np.int64):
        return Fault(f"{kind_of(value)} as {name}", f"Return an int, as {space} has it: `int(...)`")
    if not space.contains(value):
        ends = f"{space.start} to {space.start + space.n - 1}"
        return Fault(f"{name} {value}", f"observation_space {space} has {ends}: widen it, or mend")
    return None


def _array_fault(space: spaces.Space, value: Any, count: int | None, name: str) -> Fault | None:
    shape = (*(() if count is None else (count,)), *(space.shape or ()))
    if isinstance(value, tuple):
        do = f"Return {name} alone; reset, which the core writes, adds the infos"
        return Fault(f"{kind_of(value)} instead of {name}", do)
    if not isinstance(value, np.ndarray):
        return Fault(f"{kind_of(value)} as {name}", f"Return a NumPy array of shape {shape}")
    if value.dtype != space.dtype:
        declare = f", or declare the space with dtype=np.{value.dtype}"
        return Fault(
            f"{name} of {value.dtype}, but observation_space is of {space.dtype}",
            f"Add .astype(np.{space.dtype})" + (declare if isinstance(space, spaces.Box) else ""),
        )
    if value.shape != shape:
        rows = "one for each of `rows`, whose number is R" if count is not None else "as declared"
        return Fault(
            f"{name} of shape {value.shape}, not {shape}",
            f"Return {name} of shape {shape}, {rows}",
        )
    return _range_fault(space, value, count, name)


def _range_fault(
    space: spaces.Space, value: np.ndarray, count: int | None, name: str
) -> Fault | None:
    if isinstance(space, spaces.Box):
        fault = finite_fault(value, count, name)
        if fault is not None:
            return fault
        outside = (value < space.low) | (value > space.high)
        if not outside.any():
            return None
        place, row = _first(outside, count)
        low, high = (np.broadcast_to(end, value.shape)[place] for end in (space.low, space.high))
        return Fault(
            f"{name} with {value[place]} at {_index(place, count)}, outside [{low}, {high}]",
            "Clip them, or widen the bounds of observation_space",
            row,
        )
    for row, one in enumerate([value] if count is None else value):
        if not space.contains(one):
            inside = f"Return what {space} contains, or widen it"
            return Fault(f"{name} {shown(one)}", inside, None if count is None else row)
    return None


def _first(wrong: np.ndarray, count: int | None) -> tuple[tuple[int, ...], int | None]:
    """Return the first place where something is wrong, and its row."""
    place = tuple(int(axis) for axis in np.argwhere(wrong)[0])
    return place, None if count is None else place[0]


def _index(place: tuple[int, ...], count: int | None) -> str:
    if count is None:
        return f"index {list(place)}"
    return f"row {place[0]}" + (f", index {list(place[1:])}" if len(place) > 1 else "")


# ---- numbers and ends ----------------------------------------------------------------------------


def finite_fault(value: Any, count: int | None, name: str) -> Fault | None:
    """Check for NaN and infinity."""
    array = np.asarray(value)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return None
    place, row = _first(~np.isfinite(array), count if array.ndim else None)
    at = f" at {_index(place, count)}" if place else ""
    return Fault(
        f"{name} with {array[place]}{at}",
        "Return finite numbers: guard divisions, logarithms and roots, and use 0 where there is no "
        "value",
        row,
    )


def reward_fault(value: Any, count: int | None) -> Fault | None:
    """Check rewards: float64 [N], or one number."""
    if count is None:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            return Fault(f"{kind_of(value)} as the reward", "Return a number: `float(reward)`")
        return finite_fault(value, count, "a reward")
    if not isinstance(value, np.ndarray):
        return Fault(f"{kind_of(value)} as rewards", f"Return a float64 array of shape {(count,)}")
    if value.dtype != np.float64:
        return Fault(f"rewards of {value.dtype}, not float64", "Add .astype(np.float64)")
    if value.shape != (count,):
        return Fault(
            f"rewards of shape {value.shape}, not {(count,)}",
            f"Return one reward a row, shape {(count,)}: index or squeeze the other axes away",
        )
    return finite_fault(value, count, "rewards")


def end_fault(value: Any, count: int | None, name: str) -> Fault | None:
    """Check `terminated` (or `truncated`): bool [N], or one bool."""
    if count is None:
        if not isinstance(value, bool | np.bool_):
            return Fault(f"{kind_of(value)} as {name}", "Return True or False: `bool(...)`")
        return None
    if not isinstance(value, np.ndarray) or value.dtype != bool or value.shape != (count,):
        return Fault(
            f"{kind_of(value)} as {name}",
            f"Return a bool array of shape {(count,)}, e.g. `self.elapsed >= 10`, or "
            "`np.zeros(self.num_envs, dtype=bool)` if episodes never terminate",
        )
    return None
