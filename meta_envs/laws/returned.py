"""Faults in arrays that a family returns twice, or writes into after it returned them."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from .case import same_bits
from .info_values import leaves
from .values import Fault

_KEPT = 64  # arrays remembered for later comparison


class Returned:
    """Arrays that a family returned: later calls must neither return nor write them again."""

    def __init__(self) -> None:
        self._last: dict[str, np.ndarray] = {}
        self._kept: deque[tuple[str, np.ndarray, np.ndarray]] = deque(maxlen=_KEPT)

    def fault(self, value: Any, name: str) -> Fault | None:
        """Check a value (an array, or dicts of arrays) that a call returned, and remember it."""
        for path, array, copied in self._kept:
            if not same_bits(array, copied):
                return self._used_again(path, "written into after an earlier call returned them")
        for path, part in leaves(value, name):
            if not isinstance(part, np.ndarray):
                continue
            last = self._last.get(path)
            writeable = part.flags.writeable or (last is not None and last.flags.writeable)
            if last is not None and writeable and np.may_share_memory(last, part):
                return self._used_again(path, "in the same memory as those of an earlier call")
            self._last[path] = part
            self._kept.append((path, part, part.copy()))
        return None

    @staticmethod
    def _used_again(path: str, how: str) -> Fault:
        return Fault(
            f"{path} {how}",
            f"Return a new array at every call, or a copy (`.copy()`) of the one kept for {path}: "
            "whoever keeps what was returned would see it change",
        )
