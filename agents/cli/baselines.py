"""Baselines by the names one types, and the error of what cannot be carried out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from ..runs.baseline_names import baseline_names, class_of_baseline

__all__ = ["UsageError", "baseline", "baseline_names", "class_of_baseline", "nearest"]


class UsageError(ValueError):
    """A command line that cannot be carried out; its message says what to do."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `"did you mean ...? "` where one of `names` is near, else nothing."""
    folded = {other.lower(): other for other in names}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    return f"did you mean {folded[near[0]]!r}? " if near else ""


def baseline(text: str) -> Any:
    """Return a baseline by name, with parameters: `"ucb1:c=0.3"`, `"thompson:model=gaussian"`.

    Raises:
        UsageError: There is no such baseline or parameter; names the nearest.
        ValueError: A parameter is out of range.
    """
    from .. import baselines
    from .values import pairs

    name, _, rest = text.partition(":")
    class_name = class_of_baseline(name)
    if class_name is None:
        known = sorted(baseline_names())
        raise UsageError(
            f"no agent {name!r}; {nearest(name, known)}give a run's folder, a checkpoint (.zip) or "
            f"a baseline: {', '.join(known)}"
        )
    cls = getattr(baselines, class_name)
    given = pairs([part for part in rest.split(",") if part])
    takes = [one.name for one in dataclasses.fields(cls) if one.init]
    for key in given:
        if key not in takes:
            raise UsageError(
                f"{name} has no parameter {key!r}; {nearest(key, takes)}it takes {takes}"
            )
    return cls(**given)
