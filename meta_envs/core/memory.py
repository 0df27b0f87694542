"""Memory of many rows: what cannot fit is refused before it begins, what was freed given back."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable

import numpy as np
from gymnasium import spaces

_ROW_BYTES = 2 * 256 * 8 + 500  # numbers drawn ahead; seeds, generators, counters
_DRAWN_BYTES = 300  # of a task's dict and arrays
_OTHER_BYTES = 100  # of what is no array


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


def refuse_size(name: str, value: int, bytes_of: Callable[[int], int]) -> None:
    """Refuse a size that the machine has no memory for, before anything of that size is made.

    Args:
        name: Of the keyword argument.
        value: What was given, at least 1.
        bytes_of: About how many bytes a size takes; it grows with the size.

    Raises:
        MemoryError: If there is not enough; says how much is needed, what is there and for which
            size.
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
        num_rows: How many.
        family: Its name.
        more: Bytes a row beside what the core keeps.
        tasks: The task space.
        *shown: The spaces of observations and actions of one row.

    Raises:
        MemoryError: If it has not; says how much is needed, what is there and for how many.
    """
    # Of each: a lower and an upper bound a row, and the numbers themselves; of tasks, pins too.
    each = _ROW_BYTES + more + 4 * space_bytes(tasks) + 3 * sum(map(space_bytes, shown))
    refuse_beyond_memory(num_rows, each, f"num_envs={num_rows} rows of {family}")


def refuse_tasks(n: int, space: spaces.Space) -> None:
    """Refuse more tasks than the machine has memory for.

    Raises:
        MemoryError: If it has not; says how much is needed, what is there and for how many.
    """
    each = 2 * space_bytes(space) + _DRAWN_BYTES  # as drawn, and as they come
    refuse_beyond_memory(n, each, f"n={n} tasks")


def space_bytes(space: spaces.Space) -> int:
    """Return about how many bytes a member of a space takes."""
    if isinstance(space, spaces.Dict):
        return sum(map(space_bytes, space.values()))
    if space.shape is None or space.dtype is None:
        return _OTHER_BYTES
    return math.prod(space.shape) * np.dtype(space.dtype).itemsize


def give_back_freed_memory() -> None:
    """Give the system what was freed: glibc keeps it, in pieces that new rows do not fit into."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return
