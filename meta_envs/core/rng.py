"""Named random streams: folded seeds, and one generator per row, drawn ahead in blocks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import error

TASKS, EPISODES, SAMPLING = 0, 1, 2  # the three streams of an environment, each seeded apart

_SEEDS = 2**64  # number of seeds

_BLOCK = 256  # numbers drawn ahead per row: amortises generator calls, 2 KiB per row


class InvalidSeed(error.Error, ValueError):
    """A seed that is not an integer or is out of range."""


def valid_seed(seed: Any, name: str = "seed") -> int:
    """Return a seed as an int: below 2**64, so that states of environments can keep it.

    Args:
        seed: An int or a NumPy integer.
        name: What it is called in the message.

    Raises:
        InvalidSeed: If it is something else (True, "3" and 1.9 too), negative or too large.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InvalidSeed(f"{name}={seed!r} must be an integer, not {type(seed).__name__}")
    if not 0 <= seed < _SEEDS:
        raise InvalidSeed(f"{name}={seed} must be from 0 to 2**64 - 1")
    return int(seed)


def fold(seed: int, purpose: str, index: int = 0) -> int:
    """Derive a seed below 2**62 for one purpose, so that seeds of neighbouring runs never overlap.

    Row i of a vector environment is seeded with `seed + i`; agents therefore hand environments
    folded seeds, never raw or consecutive ones.

    Args:
        seed: The user's seed, a non-negative integer.
        purpose: The name of the stream, e.g. `"collect"`.
        index: Index within the stream, e.g. the iteration.

    Raises:
        InvalidSeed: If the seed or the index is not an integer, is negative or too large.
    """
    entropy = [valid_seed(seed), zlib.crc32(purpose.encode()), valid_seed(index, "index")]
    high, low = np.random.SeedSequence(entropy).generate_state(2, np.uint32)
    return (int(high) << 30) ^ int(low)


def fresh_seed() -> int:
    """Return a seed below 2**62 from the operating system's entropy."""
    high, low = np.random.SeedSequence().generate_state(2, np.uint32)
    return (int(high) << 30) ^ int(low)


def generator(seed: int, stream: int) -> np.random.Generator:
    """Return the generator of one stream (`TASKS`, `EPISODES`, `SAMPLING`, ...) of a seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(seed), stream])))


def generator_states(generators: Sequence[np.random.Generator | None]) -> np.ndarray:
    """Return the states of PCG64 generators, uint64 [N, 7]; zeros stand for none."""
    states = np.zeros((len(generators), 7), dtype=np.uint64)
    low = 2**64 - 1
    for row, made in enumerate(generators):
        if made is not None:
            whole = made.bit_generator.state
            state, step = whole["state"]["state"], whole["state"]["inc"]
            states[row] = [
                *(1, state >> 64, state & low, step >> 64, step & low),
                *(whole["has_uint32"], whole["uinteger"]),
            ]
    return states


def generators_of(states: np.ndarray) -> list[np.random.Generator | None]:
    """Return the generators of `generator_states`."""
    made: list[np.random.Generator | None] = []
    for there, *numbers in states.tolist():
        if not there:
            made.append(None)
            continue
        bits = np.random.PCG64(0)
        bits.state = {
            "bit_generator": "PCG64",
            "state": {
                "state": (numbers[0] << 64) | numbers[1],
                "inc": (numbers[2] << 64) | numbers[3],
            },
            "has_uint32": numbers[4],
            "uinteger": numbers[5],
        }
        made.append(np.random.Generator(bits))
    return made


class _Blocks:
    """Numbers of one kind drawn ahead, [N, block], with one cursor per row."""

    def __init__(self, num_rows: int, method: str):
        self.method = method
        self.numbers = np.zeros((num_rows, _BLOCK))  # zeros, so that states are reproducible
        self.cursor = np.full(num_rows, _BLOCK)

    def take(self, owner: RowRandom, rows: np.ndarray, size: int) -> np.ndarray:
        if size > _BLOCK:
            return np.stack([getattr(owner.generator(row), self.method)(size) for row in rows])
        start = self.cursor[rows]
        if start.size and start.max() + size > _BLOCK:
            for row in rows[start + size > _BLOCK].tolist():
                self._refill(owner, row)
            start = self.cursor[rows]
        self.cursor[rows] = start + size
        if size == 1:
            return self.numbers.take(rows * _BLOCK + start)[:, None]
        return self.numbers[rows[:, None], start[:, None] + np.arange(size)]

    def _refill(self, owner: RowRandom, row: int) -> None:
        used = self.cursor[row]
        left = self.numbers[row, used:].copy()
        self.numbers[row, : left.size] = left
        self.numbers[row, left.size :] = getattr(owner.generator(row), self.method)(int(used))
        self.cursor[row] = 0


# For some rows: generator states and, per kind, the numbers drawn ahead and the cursors.
Kept = tuple[list[Any], list[tuple[np.ndarray, np.ndarray]]]


class RowRandom:
    """One generator per row, served in batches: what a row draws does not depend on the other rows.

    Args:
        seeds: One seed per row, [N].
        stream: The stream of each seed to use.
    """

    def __init__(self, seeds: Sequence[int], stream: int = EPISODES):
        self.stream = stream
        self.num_rows = len(seeds)
        self._every_row = np.arange(self.num_rows)
        self._seeds = [int(seed) for seed in seeds]
        self._generators: list[np.random.Generator | None] = [None] * self.num_rows
        self._uniform = _Blocks(self.num_rows, "random")
        self._normal = _Blocks(self.num_rows, "standard_normal")

    def seed(self, rows: np.ndarray, seeds: Sequence[int]) -> None:
        """Restart the streams of `rows` from `seeds` (one per row)."""
        for row, seed in zip(rows.tolist(), seeds, strict=True):
            self._seeds[row] = int(seed)
            self._generators[row] = None
        self._uniform.cursor[rows] = _BLOCK
        self._normal.cursor[rows] = _BLOCK

    def generator(self, row: int) -> np.random.Generator:
        """Return the generator of one row, for draws that are not batched."""
        made = self._generators[row]
        if made is None:
            made = self._generators[row] = generator(self._seeds[row], self.stream)
        return made

    def uniform(self, rows: np.ndarray | None = None, size: int = 1) -> np.ndarray:
        """Draw `size` numbers from U[0, 1) for each of `rows` (None: all): float64 [R, size]."""
        return self._uniform.take(self, self._every_row if rows is None else rows, size)

    def normal(self, rows: np.ndarray | None = None, size: int = 1) -> np.ndarray:
        """Draw `size` numbers from N(0, 1) for each of `rows` (None: all): float64 [R, size]."""
        return self._normal.take(self, self._every_row if rows is None else rows, size)

    def keep(self, rows: np.ndarray) -> Kept:
        """Return what `take_back` needs to undo the later draws of `rows` [R]."""
        made = [self._generators[row] for row in rows.tolist()]
        states = [None if one is None else one.bit_generator.state for one in made]
        blocks = (self._uniform, self._normal)
        return states, [(one.numbers[rows], one.cursor[rows]) for one in blocks]

    def take_back(self, rows: np.ndarray, kept: Kept) -> None:
        """Undo what `rows` [R] have drawn since `keep`."""
        states, blocks = kept
        for row, state in zip(rows.tolist(), states, strict=True):
            if state is None:
                self._generators[row] = None
            else:
                self.generator(row).bit_generator.state = state
        for one, (numbers, cursor) in zip((self._uniform, self._normal), blocks, strict=True):
            one.numbers[rows], one.cursor[rows] = numbers, cursor

    def get_state(self) -> dict[str, np.ndarray]:
        """Return seeds, generators and the numbers drawn ahead, as copies."""
        return {
            "seeds": np.array(self._seeds, dtype=np.uint64),
            "generators": generator_states(self._generators),
            "uniform": self._uniform.numbers.copy(),
            "uniform_cursor": self._uniform.cursor.copy(),
            "normal": self._normal.numbers.copy(),
            "normal_cursor": self._normal.cursor.copy(),
        }

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Undo what was drawn since `get_state`."""
        self._seeds = [int(seed) for seed in state["seeds"]]
        self._generators = generators_of(state["generators"])
        for name, blocks in (("uniform", self._uniform), ("normal", self._normal)):
            blocks.numbers = state[name].copy()
            blocks.cursor = state[f"{name}_cursor"].copy()
