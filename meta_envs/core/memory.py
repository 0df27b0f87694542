"""Memory of many rows: what cannot fit is refused before it begins, what was freed given back."""

from __future__ import annotations

import ctypes
import os


def machine_memory() -> int | None:
    """Return the bytes of memory that this machine has; None where that is not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not known on this system
        return None


def refuse_beyond_memory(count: int, each: int, what: str) -> None:
    """Refuse more of something than the machine has memory for.

    Args:
        count: How many.
        each: Bytes of one.
        what: They are; a plural, the subject of the message.

    Raises:
        MemoryError: If it has not; says how much is needed, what is there and for how many.
    """
    available = machine_memory()
    if available is not None and count * each > available:
        raise MemoryError(
            f"{what} need about {count * each / 2**30:.1f} GiB; this machine has "
            f"{available / 2**30:.1f} GiB; keep at most {available // each}"
        )


def give_back_freed_memory() -> None:
    """Give the system what was freed: glibc keeps it, in pieces that new rows do not fit into."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return
