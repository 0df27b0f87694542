"""What a search may try for an argument; declared beside it, `argument(..., search=...)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from .shown import short


class Search(Protocol):
    """The values that a search may try."""

    def suggest(self, trial: Any, name: str) -> Any:
        """Return a value for an Optuna trial."""

    def value(self, suggested: Any) -> Any:
        """Return the value that Optuna's own record of a suggestion stands for."""


@dataclass(frozen=True)
class Between:
    """Numbers from `low` to `high`; all orders of magnitude alike if `log`.

    Args:
        low: Lowest.
        high: Highest.
        log: Whether the logarithm is uniform.
    """

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Any, name: str) -> float:
        """Return a number."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def value(self, suggested: Any) -> float:
        """Return the number itself."""
        return float(suggested)


class OneOf:
    """One of several values, of any kind.

    Args:
        *values: The values; they are told apart by how they are written.
    """

    def __init__(self, *values: Any):
        self.values = {short(value): value for value in values}

    def suggest(self, trial: Any, name: str) -> Any:
        """Return one of the values."""
        return self.value(trial.suggest_categorical(name, list(self.values)))

    def value(self, suggested: Any) -> Any:
        """Return the value that is written so."""
        return self.values[suggested]


def spaces_of(cls: Any, names: Iterable[str] | None = None) -> dict[str, Search]:
    """Return the search spaces of an algorithm's arguments.

    Args:
        cls: The algorithm.
        names: Only these; None takes all that have one.

    Raises:
        ValueError: An argument is unknown or has no search space.
    """
    found = {name: one.search for name, one in cls.arguments.items() if one.search is not None}
    for base in reversed(cls.__mro__):
        found |= vars(base).get("searched", {})
    if names is None:
        return found
    chosen = list(names)
    if unknown := [name for name in chosen if name not in found]:
        raise ValueError(f"{unknown} cannot be searched; {cls.__name__} searches {sorted(found)}")
    return {name: found[name] for name in chosen}
