"""The levels of LPG and the distribution over levels of GROOVE, as data. H rows, W columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..core.arguments import choice, number, positive, whole

Cells = frozenset[tuple[int, int]]  # row and column


class Kind(NamedTuple):
    """A kind of object, and how many of it a level has."""

    reward: float  # for collecting one
    p_end: float  # probability that collecting it ends the episode
    p_back: float  # probability per step that a collected one comes back
    count: int = 1  # type: ignore[assignment]  # hides a tuple's method, which nobody calls


@dataclass(frozen=True)
class Level:
    """A level whose objects are known, though not where they are."""

    size: tuple[int, int]  # H, W
    kinds: tuple[Kind, ...]
    steps: int  # of an episode
    walls: Cells = frozenset()

    @property
    def objects(self) -> tuple[tuple[int, Kind], ...]:
        """Every object: the index of its kind, and the kind."""
        return tuple(
            (index, kind) for index, kind in enumerate(self.kinds) for _ in range(kind.count)
        )


@dataclass(frozen=True)
class Sampled:
    """Levels that are drawn whole: size, objects with all their numbers, horizon and walls."""

    sides: tuple[int, int]  # of a square, lowest and highest
    objects: tuple[int, int]
    steps: tuple[int, int]
    wall_share: float  # of all cells

    reward = (-1.0, 1.0)  # of all but the first object, whose reward is positive
    p_end = (0.01, 1.0)  # log-uniform
    p_back = (0.001, 0.1)  # log-uniform

    @property
    def size(self) -> tuple[int, int]:
        """H and W of the largest."""
        return self.sides[1], self.sides[1]


def _column(at: int, height: int, gaps: Sequence[int]) -> Cells:
    return frozenset((row, at) for row in range(height) if row not in gaps)


def _row(at: int, columns: int, gaps: Sequence[int]) -> Cells:
    return frozenset((at, column) for column in range(columns) if column not in gaps)


_DENSE = Level((11, 11), (Kind(1, 0, 0.05, 2), Kind(-1, 0.5, 0.1), Kind(-1, 0, 0.5)), 500)
_LONG = Level((11, 11), (Kind(1, 0, 0.01, 2), Kind(-1, 0.5, 1, 2)), 1000)
_SMALL_SPARSE = (Kind(1, 1, 1), Kind(-1, 1, 1, 2))

TABULAR: Mapping[str, Level] = {
    "dense": _DENSE,
    "sparse": Level((13, 13), (Kind(1, 1, 0), Kind(-1, 1, 0)), 50),
    "long": _LONG,
    "longer": Level(
        (7, 9), (Kind(1, 0.1, 0.01, 2), Kind(-1, 0.8, 1, 5)), 2000, _column(4, 7, (1, 5))
    ),
    "long_dense": Level(
        (11, 11),
        (Kind(1, 0, 0.005, 4),),
        2000,
        _column(5, 11, (0, 7)) | _row(4, 11, (2, 8)),
    ),
}
RANDOM: Mapping[str, Level] = {
    "dense": _DENSE,
    "long": _LONG,
    "small": Level((5, 7), (Kind(1, 0, 0.05, 2), Kind(-1, 0.5, 0.1, 2)), 500),
    "small_sparse": Level((5, 7), _SMALL_SPARSE, 50),
    "very_dense": Level((11, 11), (Kind(1, 0, 1),), 2000),
}
GROOVE = Sampled(sides=(4, 10), objects=(1, 5), steps=(20, 750), wall_share=0.15)


def find(
    levels: Mapping[str, Level],
    name: Any,
    size: Any = None,
    objects: Any = None,
    steps: Any = None,
) -> Level | Sampled:
    """Return a level by name, with what was asked for otherwise.

    Args:
        levels: Those with names.
        name: One of them, or `"groove"`.
        size: Another side, or (rows, columns); a level's own walls are then left out. Of
            `"groove"`: the largest side.
        objects: Other objects, each (reward, p_end, p_back) or with a count as a fourth number. Of
            `"groove"`: the largest number of them.
        steps: Another horizon. Of `"groove"`: the longest.

    Raises:
        ValueError: If a name is unknown or a value out of range.
    """
    if choice("level", name, [*levels, "groove"]) == "groove":
        return _sampled(size, objects, steps)
    level = levels[name]
    if size is not None:
        level = replace(level, size=_size(size), walls=frozenset())
    if objects is not None:
        level = replace(level, kinds=_kinds(objects))
    if steps is not None:
        level = replace(level, steps=positive("steps", steps))
    free = level.size[0] * level.size[1] - len(level.walls)
    if len(level.objects) >= free:
        raise ValueError(
            f"{len(level.objects)} objects and a start need as many free cells; "
            f"size={level.size} has {free}"
        )
    return level


def _sampled(size: Any, objects: Any, steps: Any) -> Sampled:
    level = GROOVE
    if size is not None:
        side = whole("size", size, level.sides[0])
        level = replace(level, sides=(level.sides[0], side))
    if objects is not None:
        level = replace(level, objects=(1, whole("objects", objects, 1, 8)))
    if steps is not None:
        level = replace(level, steps=(level.steps[0], whole("steps", steps, level.steps[0])))
    return level


def _size(size: Any) -> tuple[int, int]:
    if isinstance(size, Sequence) and not isinstance(size, str):
        if len(size) != 2:
            raise ValueError(f"size={size!r} must be a side, or (rows, columns)")
        return positive("size[0]", size[0]), positive("size[1]", size[1])
    side = positive("size", size)
    return side, side


def _kinds(objects: Any) -> tuple[Kind, ...]:
    shape = "(reward, p_end, p_back) or (reward, p_end, p_back, count)"
    if not isinstance(objects, Sequence) or isinstance(objects, str) or not objects:
        raise ValueError(f"objects={objects!r} must be a list with at least one {shape}")
    kinds = []
    for index, one in enumerate(objects):
        if not isinstance(one, Sequence) or len(one) not in (3, 4):
            raise ValueError(f"objects[{index}]={one!r} must be {shape}")
        numbers = [
            number(f"objects[{index}][{place}]", one[place], *bounds)
            for place, bounds in enumerate(((), (0.0, 1.0), (0.0, 1.0)))
        ]
        count = positive(f"objects[{index}][3]", one[3]) if len(one) == 4 else 1
        kinds.append(Kind(numbers[0], numbers[1], numbers[2], count))
    return tuple(kinds)
