"""Schedules over training: a number, or `("linear", start, end)`."""

from __future__ import annotations

from typing import Any

Schedule = float | tuple[str, float, float]


def check_schedule(name: str, schedule: Any) -> None:
    """Refuse anything that is not a schedule.

    Raises:
        ValueError: Naming what is allowed.
    """
    if isinstance(schedule, int | float) and not isinstance(schedule, bool):
        return
    if isinstance(schedule, list | tuple) and len(schedule) == 3 and schedule[0] == "linear":
        return
    raise ValueError(f'{name}={schedule!r}; give a number or ("linear", start, end)')


def value_at(schedule: Schedule, done: float) -> float:
    """Return the value when the fraction `done` (0 to 1) of training is over."""
    if isinstance(schedule, list | tuple):
        _, start, end = schedule
        return float(start + (end - start) * min(max(done, 0.0), 1.0))
    return float(schedule)
