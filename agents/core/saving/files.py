"""Replace files entirely or not at all."""

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
    """Open a file that replaces `path` only once it is fully written and synced.

    Args:
        path: The file to replace; if it is a link, the file it points to.

    Raises:
        OSError: The file cannot be written; any existing file is untouched.
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
    # Without this a power cut may bring the old file back. That file is whole too, so it is not an
    # error if a system cannot sync folders.
    with contextlib.suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def identity(folder: str | os.PathLike) -> tuple[int, int] | None:
    """Return an identity that differs if a folder is replaced by one of the same name, or None."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def refuse_links(folder: str | os.PathLike) -> None:
    """Refuse a folder that contains links, or anything that is neither a file nor a folder.

    Writing through a link would write somewhere else. Hard links (two names of one file) are
    harmless to `atomic_file`.

    Args:
        folder: The folder, searched recursively.

    Raises:
        OSError: The folder contains one; the message names it.
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
    """Remove the temporary files left by processes killed while writing `path`.

    Only for files with a single writer: another writer's unfinished write would fail.

    Args:
        path: A file that `atomic_file` replaces.
    """
    target = Path(os.path.realpath(path))
    for file in target.parent.glob(f".{target.name}.????????.tmp"):
        with contextlib.suppress(OSError):
            file.unlink()
