"""Files that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
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
