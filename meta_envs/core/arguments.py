"""Checking keyword arguments: each check names the argument, its value and what is allowed."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np


def positive(name: str, value: Any) -> int:
    """Return `value` if it is an integer of at least 1.

    Raises:
        ValueError: If it is not.
    """
    return whole(name, value, 1)


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` if it is an integer within bounds.

    Args:
        name: Name of the argument.
        value: The value given; a bool is not an integer.
        low: Lowest value allowed.
        high: Highest value allowed; None for no limit.

    Raises:
        ValueError: If it is not.
    """
    known = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not known or value < low or (high is not None and value > high):
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}={value!r} must be an integer {allowed}")
    return int(value)


def number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: float | None = None,
    otherwise: str = "",
) -> float:
    """Return `value` as a float if it is a finite number within bounds.

    Args:
        name: Name of the argument.
        value: The value given; a bool is not a number.
        low: Lowest value allowed.
        high: Highest value allowed.
        above: Strict lower bound, where the bound itself is not allowed.
        otherwise: What else is allowed, for the message, e.g. `"None for no limit"`.

    Raises:
        ValueError: If it is not.
    """
    known = isinstance(value, int | float | np.integer | np.floating)
    known = known and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if not known or not low <= value <= high or (above is not None and not value > above):
        also = f", or {otherwise}" if otherwise else ""
        raise ValueError(f"{name}={value!r} must be a number{_range(low, high, above)}{also}")
    return float(value)


def ends(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    may_be_open: bool = False,
) -> tuple[float, float]:
    """Return `value` as two floats if it is a pair (low, high) with low < high.

    Args:
        name: Name of the argument.
        value: The value given.
        low: Lowest value allowed for both.
        high: Highest value allowed for both.
        may_be_open: Whether an end may be None (or infinite), meaning unbounded.

    Raises:
        ValueError: If it is not.
    """
    within = f"{name}={value!r} must be (low, high) with low < high"
    if may_be_open:
        within += ", None for no end"
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != 2:
        raise ValueError(within)
    found = []
    for one, no_end in zip(value, (-math.inf, math.inf), strict=True):
        is_open = one is None or (isinstance(one, float) and one == no_end)
        if may_be_open and is_open:
            found.append(no_end)
            continue
        try:
            found.append(number(name, one, low, high))
        except ValueError as wrong:
            raise ValueError(f"{within}; {wrong}") from None
    if not found[0] < found[1]:
        raise ValueError(within)
    return found[0], found[1]


def flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r} must be True or False")
    return bool(value)


def choice(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Return `value` if it is one of the allowed values.

    Args:
        name: Name of the argument.
        value: The value given: a string, or None where allowed.
        allowed: The allowed values, in the order the message lists them.

    Raises:
        ValueError: If it is not; suggests the nearest.
    """
    known = list(allowed)
    # Not `in`: an array would be compared element by element.
    if (value is None or isinstance(value, str)) and value in known:
        return value
    near = get_close_matches(str(value), [one for one in known if one is not None], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    words = ", ".join(map(repr, known))
    raise ValueError(f"{name}={value!r} is unknown; allowed are {words}{hint}")


def _range(low: float, high: float, above: float | None) -> str:
    """Describe the range of numbers, e.g. `" from 0 to 1"`."""
    if above is not None:
        return f" above {above:g}" + (f" and at most {high:g}" if high < math.inf else "")
    if low > -math.inf and high < math.inf:
        return f" from {low:g} to {high:g}"
    if low > -math.inf:
        return f" of at least {low:g}"
    return f" of at most {high:g}" if high < math.inf else " that is finite"


def drawable(render_mode: str | None, otherwise: str) -> str | None:
    """Return `render_mode` if families can draw in it.

    Args:
        render_mode: The mode given.
        otherwise: The alternatives, for the message.

    Raises:
        ValueError: If it is neither `"rgb_array"` nor None.
    """
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode={render_mode!r}; {otherwise}")
    return render_mode
