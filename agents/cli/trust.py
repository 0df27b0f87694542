"""Modules that the user of the command trusts: typed in a command, now or before.

A module that is typed (`metazoo train rl2 mypkg:mine/X-v0`) is remembered with the file it was
imported from, in a folder of this user: `metazoo/modules` below `XDG_STATE_HOME`. So a later
`metazoo evaluate runs/last` may import it again, from that file and no other. A run folder or a
checkpoint cannot add to what is remembered: it holds nothing that is read here.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..core.saving.allowed import module_of

_ALLOWED: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("allowed", default=())


@contextlib.contextmanager
def allowing(modules: Sequence[str]) -> Iterator[None]:
    """Allow modules for one command (`--allow-module`); they are not remembered."""
    token = _ALLOWED.set(tuple(modules))
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def search_this_folder() -> None:
    """Let modules of this folder be imported, as under `python -m`; last, to shadow nothing."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def remember(module: str) -> None:
    """Remember a module that was typed and imported; a folder that cannot be written is no error.

    Args:
        module: Its name; of a module in a package the package is remembered.
    """
    place = _place(_package(module))
    if place is None:
        return
    with contextlib.suppress(OSError):
        entry = _entry(_package(module), place)
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(f"{place}\n", encoding="utf-8")


def typed(name: str) -> None:
    """Trust the module of a `"module:Name"` that stands in this command, e.g. in `--env-kwargs`."""
    module = module_of(name)
    if module is not None and module not in sys.modules:
        search_this_folder()
        remember(module)


def allowed_of(*names: str) -> tuple[str, ...]:
    """Return what may be imported for each `"module:Name"` that a file names.

    Args:
        *names: As they stand in the file; without a module nothing more is allowed.

    Returns:
        For `allow_modules`: what this command allows, and the modules' packages if they were typed
        before and would be imported from the same file as then.
    """
    return tuple(dict.fromkeys(one for name in names for one in _allowed_of(name)))


def _allowed_of(name: str) -> tuple[str, ...]:
    allowed, module = _ALLOWED.get(), module_of(name)
    if module is None:
        return allowed
    package = _package(module)
    if any(_package(one) == package for one in allowed):
        search_this_folder()
        return allowed
    if not package.isidentifier() or not _remembered(package):
        return allowed
    before = list(sys.path)
    search_this_folder()
    place = _place(package)
    if place is not None and _entry(package, place).is_file():
        return (*allowed, package)
    sys.path[:] = before
    return allowed


def _package(module: str) -> str:
    return module.partition(".")[0]


def _place(package: str) -> str | None:
    """Return where a top-level package would be imported from, or was; nothing is imported."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: such as __main__, which has none
        return None
    if spec is None:
        return None
    if spec.origin is not None and spec.has_location:
        return os.path.realpath(spec.origin)
    folders = spec.submodule_search_locations  # of a package without __init__.py
    return os.pathsep.join(map(os.path.realpath, folders)) if folders else None


def _folder() -> Path:
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")
    else:
        root = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(root) / "metazoo" / "modules"


def _entry(package: str, place: str) -> Path:
    return _folder() / f"{package}-{hashlib.sha256(place.encode()).hexdigest()[:32]}"


def _remembered(package: str) -> bool:
    return any(_folder().glob(f"{package}-*"))
