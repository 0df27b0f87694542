"""Faults in values that a family's own methods return, and their cures; N rows, or one.

Each function returns a `Fault`, or None if nothing is wrong. A `count` of None means one row
alone (a `MetaEnv`), else that many rows (a `MetaVectorEnv`). What was seen is said so that it goes
on after "step_rows returned".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from .case import same_bits, shown

_NUMBERS = (int, float, np.integer, np.floating)
_KEPT = 64  # arrays remembered for later comparison
_CORE_INFOS = ("task", "trial_start", "final_obs", "_final_obs", "final_info", "_final_info")
_READ = "evaluate and agents read it at every step"


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


# ---- infos ---------------------------------------------------------------------------------------


def infos_fault(value: dict[str, Any], count: int | None, name: str) -> Fault | None:
    """Check the infos of one step.

    Args:
        value: The dict returned as infos.
        count: Number of rows; None for a scalar environment.
        name: What they are called: `"infos"` or `"info"`.
    """
    for key in value:
        if not isinstance(key, str):
            return Fault(f"{name} with the key {key!r}", "Name infos by str keys")
        if key in _CORE_INFOS:
            return Fault(f"{name} with {key!r}, which the core writes", f"Rename {key!r}")
    for path, part in leaves(value, name):
        fault = _info_fault(path, part, count)
        if fault is not None:
            return fault
    return _success_fault(value.get("success"), name, count) if "success" in value else None


def _info_fault(name: str, value: Any, count: int | None) -> Fault | None:
    if count is not None:
        if not isinstance(value, np.ndarray) or value.shape[:1] != (count,):
            return Fault(
                f"{kind_of(value)} as {name}",
                f"Return an array with one entry a row, shape {(count,)} or ({count}, ...); for "
                "the same value in all rows `np.full(self.num_envs, value)`",
            )
        kind = value.dtype.kind
    elif isinstance(value, bool | np.bool_ | str | np.ndarray | int | float | np.number):
        kind = np.asarray(value).dtype.kind
    else:
        kind = "O"
    if kind not in "biufUS":
        return Fault(
            f"{kind_of(value)} as {name}", "Return numbers, bools or text, or arrays of them"
        )
    return finite_fault(value, count, name)


def _success_fault(value: Any, name: str, count: int | None) -> Fault | None:
    array = np.asarray(value)
    shape = () if count is None else (count,)
    if array.shape != shape or array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        meant = "True or False" if count is None else f"a bool array of shape {shape}"
        return Fault(
            f"{shown(value)} as {name}['success']",
            f"Return {meant}: whether the task is solved at this step",
        )
    return None


def layout(infos: dict[str, Any], name: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the kind and shape of every part of infos, by name."""
    return {
        path: (_KINDS[np.asarray(part).dtype.kind], np.shape(part))
        for path, part in leaves(infos, name)
    }


_KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "text", "S": "text"}


def changed_layout_fault(first: dict[str, Any], now: dict[str, Any]) -> Fault | None:
    """Compare the `layout` of a step's infos with the first step's."""
    for path in (*(first.keys() - now.keys()), *(now.keys() - first.keys())):
        when = "the first step but not at this one" if path in first else "this step only"
        return Fault(
            f"{path} at {when}",
            f"Return {path} at every step ({_READ}): False or 0 where there is nothing to tell",
        )
    for path, was in first.items():
        if was != now[path]:
            return Fault(
                f"{path} as {now[path][0]} of shape {now[path][1]}, but {was[0]} of shape {was[1]} "
                "at the first step",
                f"Return {path} in the same type and shape at every step",
            )
    return None


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """List the parts of a nested dict with their names, e.g. `"infos['success']"`."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{name}[{key!r}]")
    else:
        yield name, value


# ---- arrays that are used again ------------------------------------------------------------------


class Returned:
    """Arrays that a family returned: later calls must neither return nor write them again."""

    def __init__(self) -> None:
        self._last: dict[str, np.ndarray] = {}
        self._kept: deque[tuple[str, np.ndarray, np.ndarray]] = deque(maxlen=_KEPT)

    def fault(self, value: Any, name: str) -> Fault | None:
        """Check a value (an array, or dicts of arrays) that a call returned, and remember it."""
        for path, array, copied in self._kept:
            if not same_bits(array, copied):
                return self._used_again(path, "written into after an earlier call returned them")
        for path, part in leaves(value, name):
            if not isinstance(part, np.ndarray):
                continue
            last = self._last.get(path)
            writeable = part.flags.writeable or (last is not None and last.flags.writeable)
            if last is not None and writeable and np.may_share_memory(last, part):
                return self._used_again(path, "in the same memory as those of an earlier call")
            self._last[path] = part
            self._kept.append((path, part, part.copy()))
        return None

    @staticmethod
    def _used_again(path: str, how: str) -> Fault:
        return Fault(
            f"{path} {how}",
            f"Return a new array at every call, or a copy (`.copy()`) of the one kept for {path}: "
            "whoever keeps what was returned would see it change",
        )
