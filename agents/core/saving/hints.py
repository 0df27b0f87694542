"""Whether values that a file holds match type hints; imports nothing slow, for lists of cards."""

from __future__ import annotations

import collections.abc
import math
import types
import typing
from collections.abc import Mapping
from typing import Any


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value matches a type hint; a hint unknown here matches everything."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    kind = origin or hint
    if kind in (None, type(None)):
        return value is None
    if kind is float:
        return isinstance(value, float | int) and type(value) is not bool and not is_nan(value)
    if kind is int:
        return isinstance(value, int) and type(value) is not bool and abs(value) < 2**64
    if kind in (bool, str):
        return isinstance(value, kind)
    if kind is tuple and parts and parts[-1] is not Ellipsis:
        return (
            isinstance(value, list | tuple)
            and len(value) == len(parts)
            and all(fits(item, part) for item, part in zip(value, parts, strict=True))
        )
    if kind in (tuple, list, collections.abc.Sequence):
        item_hint = parts[0] if parts else Any
        return isinstance(value, list | tuple) and all(fits(item, item_hint) for item in value)
    if kind in (dict, collections.abc.Mapping):
        return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if kind is type:
        return isinstance(value, type)
    return True


def is_nan(value: Any) -> bool:
    """Return whether a value is the float that equals nothing."""
    return isinstance(value, float) and math.isnan(value)
