"""Values checked at the border: numbers of the right kind, keywords that exist."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta_envs.core.arguments import flag


def integer(name: str, value: Any) -> int:
    """Return an integer as a Python int; NumPy integers are accepted, bools and floats are not.

    Raises:
        ValueError: If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name}={value!r} must be an integer, not {type(value).__name__}")
    return int(value)


def number(name: str, value: Any) -> int | float:
    """Return a Python number; NumPy numbers are accepted, bools, text and NaN are not.

    Raises:
        ValueError: If it is something else.
    """
    real = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not real or np.isnan(value):
        raise ValueError(f"{name}={value!r} must be a number")
    return value.item() if isinstance(value, np.generic) else value


_KINDS: dict[Any, Callable[[str, Any], Any]] = {int: integer, float: number, bool: flag}


def of_kind(name: str, value: Any, kind: Any) -> Any:
    """Return a value as its Python type if it should be a whole number, a number or a flag.

    Args:
        name: Name of the argument.
        value: The value as given.
        kind: A type: int, float, bool, or one of these or None; other types are not checked.

    Raises:
        ValueError: If the value is of another kind.
    """
    kinds = typing.get_args(kind) or (kind,)
    known = [one for one in kinds if one is not type(None)]
    if len(known) != 1 or known[0] not in _KINDS or (value is None and type(None) in kinds):
        return value
    return _KINDS[known[0]](name, value)


def refuse_unknown(call: str, given: Iterable[str], taken: Iterable[str]) -> None:
    """Refuse unknown keywords with Python's own message and the nearest name.

    Args:
        call: What is called, e.g. `"RL2.__init__"`.
        given: The keywords given.
        taken: Names that it accepts.

    Raises:
        TypeError: If there is an unknown keyword.
    """
    taken = list(taken)
    for name in given:
        if name not in taken:
            near = get_close_matches(name, taken, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(taken)}"
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}. {hint}")
