"""Memory of many rows: refuse what cannot fit before making it, return what was freed."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable

import numpy as np
from gymnasium import spaces

_ROW_BYTES = 2 * 256 * 8 + 500  # numbers drawn ahead, plus seeds, generators, counters
_DRAWN_BYTES = 300  # overhead of a task's dict and arrays
_OTHER_BYTES = 100  # of a value that is not an array


def machine_memory() -> int | None:
    """Return this machine's memory in bytes; None where unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not known on this system
        return None


def refuse_beyond_memory(count: int, each: int, what: str) -> None:
    """Refuse more of something than the machine has memory for.

    Args:
        count: How many.
        each: Bytes each one takes.
        what: Plural noun for the error text.

    Raises:
        MemoryError: If memory is too small; says how much is needed, how much there is, and for
            how many it suffices.
    """
    available = machine_memory()
    if available is not None and count * each > available:
        raise MemoryError(
            f"{what} need about {count * each / 2**30:.1f} GiB; this machine has "
            f"{available / 2**30:.1f} GiB; keep at most {available // each}"
        )


def refuse_size(name: str, value: int, bytes_of: Callable[[int], int]) -> None:
    """Refuse a size that the machine has no memory for, before anything of that size is made.

    Args:
        name: Name of the keyword argument.
        value: The value given, at least 1.
        bytes_of: Returns roughly how many bytes a size takes; increasing in the size.

    Raises:
        MemoryError: If memory is too small; says how much is needed, how much there is, and for
            which size it suffices.
    """
    available = machine_memory()
    if available is None or bytes_of(value) <= available:
        return
    fits, beyond = 0, value
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        fits, beyond = (middle, beyond) if bytes_of(middle) <= available else (fits, middle)
    raise MemoryError(
        f"{name}={value} needs about {bytes_of(value) / 2**30:.1f} GiB; this machine has "
        f"{available / 2**30:.1f} GiB; keep {name} at most {fits}"
    )


def refuse_rows(
    num_rows: int, family: str, more: int, tasks: spaces.Space, *shown: spaces.Space
) -> None:
    """Refuse more rows of a family than the machine has memory for.

    Args:
        num_rows: Number of rows.
        family: Name of the family.
        more: Bytes per row beyond what the core keeps.
        tasks: The task space.
        *shown: The spaces of observations and actions of one row.

    Raises:
        MemoryError: If memory is too small; says how much is needed, how much there is, and for
            how many it suffices.
    """
    # Each has a lower bound, an upper bound and the values per row; tasks also have pins.
    each = _ROW_BYTES + more + 4 * space_bytes(tasks) + 3 * sum(map(space_bytes, shown))
    refuse_beyond_memory(num_rows, each, f"num_envs={num_rows} rows of {family}")


def refuse_tasks(n: int, space: spaces.Space) -> None:
    """Refuse more tasks than the machine has memory for.

    Raises:
        MemoryError: If memory is too small; says how much is needed, how much there is, and for
            how many it suffices.
    """
    each = 2 * space_bytes(space) + _DRAWN_BYTES  # as drawn, and as stacked
    refuse_beyond_memory(n, each, f"n={n} tasks")


def space_bytes(space: spaces.Space) -> int:
    """Return roughly how many bytes a member of a space takes."""
    if isinstance(space, spaces.Dict):
        return sum(map(space_bytes, space.values()))
    if space.shape is None or space.dtype is None:
        return _OTHER_BYTES
    return math.prod(space.shape) * np.dtype(space.dtype).itemsize


def give_back_freed_memory() -> None:
    """Return freed memory to the system: glibc keeps it in pieces too small for new rows."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return
