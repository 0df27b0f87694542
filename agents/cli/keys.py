"""Keys of a person who acts: one class for each kind of action space.

Keys are named as pygame names them: `"a"`, `"1"`, `"left"`, `"return"`, `"space"`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from .find import UsageError

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PAIRS = ("qa", "ws", "ed", "rf", "tg", "yh", "uj", "ik", "ol", "p;")  # up, down
_ARROWS = ("up", "down", "left", "right")
_ENTER = ("return", "enter")


class Controls(ABC):
    """Turns keys into actions.

    `real_time` tells whether steps follow the clock rather than the keys.
    """

    real_time = False

    @abstractmethod
    def press(self, key: str) -> None:
        """Take note that a key went down."""

    def release(self, key: str) -> None:
        """Take note that a key went up."""
        return

    @abstractmethod
    def take(self) -> Any:
        """Return the action to make now; None to wait."""

    def pause(self) -> None:
        """Let time stand still until the person goes on: an episode has ended."""
        return

    @abstractmethod
    def legend(self) -> list[str]:
        """Return what the keys do and how they stand, a line each."""


def controls_for(space: spaces.Space, names: Sequence[str] | None = None) -> Controls:
    """Return the keys for an action space.

    Args:
        space: Of one row.
        names: Of discrete actions, in order; `"up"`, `"down"`, `"left"` and `"right"` are then
            arrow keys too.

    Raises:
        UsageError: There are no keys for such actions.
    """
    if isinstance(space, spaces.Discrete):
        return DiscreteKeys(int(space.n), int(space.start), names)
    if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary):
        return ListKeys(space)
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return BoxKeys(space)
    raise UsageError(
        f"there are no keys for actions {space}, only for Discrete, MultiDiscrete, MultiBinary and "
        "flat Box; watch an agent: --agent random"
    )


class DiscreteKeys(Controls):
    """A key an action; each press is a step.

    Args:
        n: Number of actions.
        start: The first one.
        names: Of the actions.
    """

    def __init__(self, n: int, start: int = 0, names: Sequence[str] | None = None):
        self.n, self.start = n, start
        self.names = tuple(names or ())
        self.chosen = 0
        self._waiting: deque[int] = deque()
        keys = (_DIGITS + _LETTERS)[:n]
        self._direct = {key: index for index, key in enumerate(keys)}
        self._arrows = {name: self.names.index(name) for name in _ARROWS if name in self.names}

    def press(self, key: str) -> None:
        """Act, or choose with the arrows."""
        if key in self._direct:
            self.chosen = self._direct[key]
        elif key in self._arrows:
            self.chosen = self._arrows[key]
        elif not self._arrows and key in ("left", "right", "up", "down"):
            self.chosen = (self.chosen + (1 if key in ("right", "up") else -1)) % self.n
            return
        elif key not in (*_ENTER, "space"):
            return
        self._waiting.append(self.chosen)

    def take(self) -> Any:
        """Return the next action pressed."""
        return self.start + self._waiting.popleft() if self._waiting else None

    def legend(self) -> list[str]:
        """Return the keys."""
        if self.names:
            shown = "   ".join(f"{i} {name}" for i, name in enumerate(self.names))
            lines = [shown]
        else:
            keys = list(self._direct)
            last = f" to {keys[-1]}" if len(keys) > 1 else ""
            lines = [f"{keys[0]}{last}: action {self.start} to {self.start + len(keys) - 1}"]
        if self._arrows:
            lines.append("arrows: move")
        else:
            lines.append(f"arrows: choose (now {self.start + self.chosen})   return: act")
        return lines


class ListKeys(Controls):
    """Two keys a number, up and down; return makes a step.

    Args:
        space: Of the numbers.
    """

    def __init__(self, space: spaces.MultiDiscrete | spaces.MultiBinary):
        nvec = getattr(space, "nvec", None)
        self.shape = space.shape
        self.sizes = np.full(space.shape, 2).ravel() if nvec is None else np.ravel(nvec)
        self.first = np.ravel(getattr(space, "start", np.zeros(space.shape, dtype=np.int64)))
        self.numbers = np.zeros(len(self.sizes), dtype=np.int64)
        self._dtype = space.dtype
        self._pages = _Pages(len(self.sizes))
        self._waiting = 0

    def press(self, key: str) -> None:
        """Count up or down, turn the page, or act."""
        if key in (*_ENTER, "space"):
            self._waiting += 1
        elif not self._pages.turn(key):
            index, sign = self._pages.meant(key)
            if index is not None:
                self.numbers[index] = (self.numbers[index] + sign) % self.sizes[index]

    def take(self) -> Any:
        """Return the numbers, once for each return."""
        if not self._waiting:
            return None
        self._waiting -= 1
        return (self.first + self.numbers).reshape(self.shape).astype(self._dtype)

    def legend(self) -> list[str]:
        """Return the keys and the numbers."""
        numbers = self.first + self.numbers
        lines = [f"{pair}: {index} is {numbers[index]}" for index, pair in self._pages.shown()]
        return [*_columns(lines), *self._pages.legend(), "return: act"]


class BoxKeys(Controls):
    """Two keys a dimension, which push it to and fro while they are held; steps follow the clock.

    With one or two dimensions the arrows push too. Nothing moves before the first push.

    Args:
        space: Flat; where it has no bounds a push is 1 or -1.
    """

    real_time = True

    def __init__(self, space: spaces.Box):
        self.low = np.where(np.isfinite(space.low), space.low, np.minimum(-1.0, space.high))
        self.high = np.where(np.isfinite(space.high), space.high, np.maximum(1.0, space.low))
        self.rest = np.clip(0.0, self.low, self.high)
        self.strength = 10  # tenths
        self.running = False
        self._dtype = space.dtype
        self._held: dict[str, tuple[int, int]] = {}  # key: dimension, sign
        self._pages = _Pages(len(self.low))
        self._by_step = False  # a person who makes single steps does not want time to begin
        self._waiting = 0

    def press(self, key: str) -> None:
        """Push, pause, make one step, set the strength or turn the page."""
        if key == "space":
            self.running, self._by_step = not self.running, False
        elif key in _ENTER:
            self.running, self._by_step = False, True
            self._waiting += 1
        elif key in _DIGITS:
            self.strength = int(key) or 10
        else:
            index, sign = self._arrow(key)
            if index is None and self._pages.turn(key):
                return
            if index is None:
                index, sign = self._pages.meant(key)
            if index is not None:
                self._held[key] = index, sign
                self.running = self.running or not self._by_step

    def release(self, key: str) -> None:
        """Stop pushing."""
        self._held.pop(key, None)

    def pause(self) -> None:
        """Stop, and let the keys go, whose release may come while nobody looks."""
        self.running = False
        self._waiting = 0
        self._held.clear()

    def action(self) -> np.ndarray:
        """Return what the held keys make, [D]."""
        signs = np.zeros(len(self.low))
        for index, sign in self._held.values():
            signs[index] += sign
        ends = np.where(signs > 0, self.high, self.low)
        share = np.minimum(np.abs(signs), 1.0) * self.strength / 10
        return (self.rest + share * (ends - self.rest)).astype(self._dtype)

    def take(self) -> Any:
        """Return the action while time runs."""
        if self._waiting:
            self._waiting -= 1
        elif not self.running:
            return None
        return self.action()

    def legend(self) -> list[str]:
        """Return the keys and the pushes."""
        action = self.action()
        lines = [f"{pair}: {index} at {action[index]:+.2f}" for index, pair in self._pages.shown()]
        more = ["arrows push too"] if len(action) <= 2 else self._pages.legend()
        time = "space: pause" if self.running else "hold a key, or space: begin"
        strength = f"1 to 9, 0: push {10 * self.strength} %"
        return [*_columns(lines), *more, f"{time}   return: one step   {strength}"]

    def _arrow(self, key: str) -> tuple[int | None, int]:
        if len(self.low) > 2 or key not in _ARROWS:
            return None, 0
        index = 0 if len(self.low) == 1 or key in ("left", "right") else 1
        return index, 1 if key in ("right", "up") else -1


class _Pages:
    """Ten pairs of keys for more numbers than that: the arrows turn the page."""

    def __init__(self, count: int):
        self.count, self.page = count, 0
        self._last = (count - 1) // len(_PAIRS)

    def turn(self, key: str) -> bool:
        """Turn the page if the key says so."""
        if key not in ("left", "right") or not self._last:
            return False
        self.page = (self.page + (1 if key == "right" else -1)) % (self._last + 1)
        return True

    def meant(self, key: str) -> tuple[int | None, int]:
        """Return the number that a key moves, and which way; (None, 0) if none."""
        for index, pair in self.shown():
            if key in pair.split("/"):
                return index, 1 if key == pair[0] else -1
        return None, 0

    def shown(self) -> list[tuple[int, str]]:
        """Return this page's numbers with their keys."""
        first = self.page * len(_PAIRS)
        here = range(first, min(first + len(_PAIRS), self.count))
        return [(index, "/".join(_PAIRS[index - first])) for index in here]

    def legend(self) -> list[str]:
        """Return how to turn the page."""
        return [f"left, right: page {self.page + 1} of {self._last + 1}"] if self._last else []


def _columns(lines: list[str]) -> list[str]:
    """Put two lines into one where there are many."""
    if len(lines) <= 4:
        return lines
    half = (len(lines) + 1) // 2
    rights = lines[half:] + [""] * (2 * half - len(lines))
    return [f"{a}\t{b}" for a, b in zip(lines[:half], rights, strict=True)]
