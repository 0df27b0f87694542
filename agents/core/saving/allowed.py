"""Control which modules a file may name: only those the user has imported or allowed.

Importing a module runs its code. So every `"module:Name"` found in a file (its environment's
id, its algorithm, a body or a torso among its arguments) goes through `check_named` before anything
is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from meta_envs.core.names import names_module


class ModuleRefusedError(ValueError):
    """A file names a module that was neither imported nor allowed."""


def module_of(name: str) -> str | None:
    """Return the module of `"module:Name"`; None where no module is named."""
    module, colon, _ = name.rpartition(":")
    return module if colon else None


def name_of_class(cls: type) -> str:
    """Return how a file refers to a class: its name if it is ours, else `"module:Name"`."""
    ours = cls.__module__.partition(".")[0] == __name__.partition(".")[0]
    return cls.__name__ if ours else f"{cls.__module__}:{cls.__name__}"


def name_of_function(function: Callable[..., Any]) -> str | None:
    """Return the `"module:Name"` by which a function is found again; None if there is none."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    found = getattr(sys.modules.get(str(module)), name, None)
    return f"{module}:{name}" if found is function and module != "__main__" else None


def names_in(value: Any) -> Iterator[str]:
    """Yield every `"module:Name"` within JSON-able data."""
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for one in value:
            yield from names_in(one)
    elif names_module(value):
        yield value


def check_named(name: str, place: str, allow_modules: Iterable[str] | str = ()) -> None:
    """Refuse a `"module:Name"` from a file if the user has not imported or allowed its module.

    Nothing is imported here. A name without a module, or with one that is already imported,
    cannot run code that has not run before.

    Args:
        name: `"module:Name"`, e.g. `"mypkg:mine/X-v0"`, or a name alone.
        place: The file, and where in it the name occurs, for the message.
        allow_modules: Modules that may be imported, including the submodules of an allowed package.

    Raises:
        ModuleRefusedError: The module was neither imported nor allowed; says how to allow it.
        ValueError: The module's name is not valid.
    """
    module = module_of(name)
    if module is None or module in sys.modules:
        return
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{place} names the module {module!r}, which is not a module's name")
    given = (allow_modules,) if isinstance(allow_modules, str) else tuple(allow_modules)
    if any(f"{module}.".startswith(f"{one}.") for one in given):
        return
    raise ModuleRefusedError(
        f"{place} names the module {module!r}, which is imported only if you allow it, because "
        f"importing runs its code; if you trust it, import {module} first, give "
        f"load(..., allow_modules=[{module!r}]), or on the command line --allow-module {module}"
    )
