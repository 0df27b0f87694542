"""A lock on a folder, held while its process lives, that says who holds it."""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOCK = ".lock"  # the file in the folder
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_BYTE = 1 << 20  # where Windows locks: beyond the written text, which others must read
_held: set[int] = set()  # file descriptors


@contextlib.contextmanager
def locked(folder: str | os.PathLike, doing: str) -> Iterator[None]:
    """Hold a folder's lock, which is released when the process ends, however it ends.

    Args:
        folder: An existing folder. If its file system has no locks, a warning says so.
        doing: What the holder is doing, for the message others get, e.g. `"trained"`.

    Raises:
        BlockingIOError: Another process holds it; the message says which, on which machine and
            since when.
        OSError: The lock file cannot be written.
    """
    path = Path(folder) / LOCK
    descriptor = _take(path, doing)
    about = {"pid": os.getpid(), "host": platform.node(), "since": _now()}
    os.truncate(descriptor, 0)  # left by a holder that was killed
    os.write(descriptor, json.dumps(about).encode())
    _held.add(descriptor)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if _is_in_place(descriptor, path):  # not the lock of a new folder of this name
                path.unlink()
        _held.discard(descriptor)
        os.close(descriptor)


def _take(path: Path, doing: str) -> int:
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, 0o644)
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _TAKEN:
                holder = _holder(path)
                os.close(descriptor)
                raise BlockingIOError(
                    errno.EAGAIN,
                    f"this run is being {doing} by {holder}; wait for its end, or stop it first",
                    str(path.parent),
                ) from None
            warnings.warn(
                f"{path.parent}: its file system has no locks ({error.strerror or error}); do not "
                "train one run twice at once",
                stacklevel=4,
            )
        if _is_in_place(descriptor, path):
            return descriptor
        os.close(descriptor)  # the last holder has just removed it


def _is_in_place(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        about: Any = json.loads(path.read_bytes()[:1000])
        return f"process {about['pid']} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is being written right now
        return "another process"


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _forget_in_child() -> None:
        """Close descriptors copied by a fork: a child outliving its parent would hold the lock."""
        for descriptor in _held:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        _held.clear()

    os.register_at_fork(after_in_child=_forget_in_child)
