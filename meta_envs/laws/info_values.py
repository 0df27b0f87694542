"""Faults in infos that a family returns, as in `values`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .case import shown
from .values import Fault, finite_fault, kind_of

_CORE_INFOS = ("task", "trial_start", "final_obs", "_final_obs", "final_info", "_final_info")
_READ = "evaluate and agents read it at every step"


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
