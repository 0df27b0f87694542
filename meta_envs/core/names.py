"""Resolve `"module:Name"` of any package, besides the names in our tables.

Importing a module runs its code. So it happens in one place, `resolve`, under one rule: code that
reads names from a file sets a guard while it uses them, and the guard decides about each module
before it is imported.
"""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from .arguments import choice

One = TypeVar("One")
Guard = Callable[[str], None]  # takes "module:Name"; raises where it may not be imported

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_GUARD: contextvars.ContextVar[Guard | None] = contextvars.ContextVar("guard", default=None)


@contextlib.contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Ask a guard about every module named inside this context."""
    token = _GUARD.set(guard)
    try:
        yield
    finally:
        _GUARD.reset(token)


def permit(name: str) -> None:
    """Ask the guard about `"module:Name"` (or an id with its module) that is about to be imported.

    Raises:
        ValueError: If the guard refuses it.
    """
    guard = _GUARD.get()
    if guard is not None:
        guard(name)


def names_module(text: Any) -> bool:
    """Tell whether a value has the form `"module:Name"`."""
    return isinstance(text, str) and _FORM.fullmatch(text) is not None


def resolve(name: str) -> Any:
    """Return what `"module:Name"` names.

    Raises:
        ValueError: If the module cannot be imported or lacks the name; suggests the nearest.
    """
    permit(name)
    module, _, attribute = name.partition(":")
    try:
        holder = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name is not None and not f"{module}.".startswith(f"{missing.name}."):
            raise
        raise ValueError(
            f"{name} asks for the module {module!r}, which cannot be imported from here; install "
            "it, or start in its folder"
        ) from missing
    if not hasattr(holder, attribute):
        near = get_close_matches(attribute, vars(holder), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}: module {module!r} has no {attribute!r}{hint}")
    return getattr(holder, attribute)


def look_up(
    kind: str, name: Any, table: Mapping[str, One], is_one: Callable[[Any], bool], what: str
) -> One:
    """Return what a name in a table, or `"module:Name"`, stands for.

    Args:
        kind: The argument's name, for messages.
        name: The name given.
        table: Our own names.
        is_one: Tells whether an object is of the required kind.
        what: That kind, for messages, e.g. `"a Goal class"`.

    Raises:
        ValueError: If the name is unknown (suggests the nearest) or stands for something else.
    """
    if not names_module(name) or name in table:
        try:
            return table[choice(kind, name, sorted(table))]
        except ValueError as wrong:
            raise ValueError(f"{wrong} (or 'module:Name' of {what} of your own)") from None
    found = resolve(name)
    if not is_one(found):
        raise ValueError(f"{kind}={name!r} is {found!r}, not {what}")
    return found
