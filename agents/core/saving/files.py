"""Files that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` only once it is written and synced.

    Args:
        path: The file to replace; through a link, the file it points to.

    Raises:
        OSError: The file cannot be written; the one that was there is untouched.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    # Without this a power cut may bring the old file back; it is whole too, so a system that cannot
    # sync folders is no error.
    with contextlib.suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def identity(folder: str | os.PathLike) -> tuple[int, int] | None:
    """Return what tells a folder from a later one of the same name; None if there is none."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def refuse_links(folder: str | os.PathLike) -> None:
    """Refuse a folder that has links in it, or what is neither a file nor a folder.

    Whoever writes there would write somewhere else. Links of the operating system's other kind
    (two names of one file) are harmless to `atomic_file`.

    Args:
        folder: Looked through with all that is in it.

    Raises:
        OSError: There is one; names it.
    """
    for place, folders, names in os.walk(Path(folder)):
        for path in (Path(place) / name for name in (*folders, *names)):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                what = f"a link to {os.readlink(path)}"
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                what = "neither a file nor a folder"
            else:
                continue
            raise OSError(
                errno.ELOOP,
                f"is {what}; a run is written into its own folder only: remove it, or replace it "
                "by a copy",
                str(path),
            )


def remove_leftovers(path: str | os.PathLike) -> None:
    """Remove what killed processes left of their writing `path`.

    Only for files with a single writer: another one's write under way would fail.

    Args:
        path: A file that `atomic_file` replaces.
    """
    target = Path(os.path.realpath(path))
    for file in target.parent.glob(f".{target.name}.????????.tmp"):
        with contextlib.suppress(OSError):
            file.unlink()
