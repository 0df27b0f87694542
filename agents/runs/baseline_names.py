"""Baselines by the names one types."""

from __future__ import annotations

import re

_NOT_BY_NAME = ("Policy", "StableBaselines")  # of something that has no name


def baseline_names() -> dict[str, str]:
    """Return the class names of the baselines by the names one types."""
    from .. import baselines

    return {kebab(one): one for one in baselines.__all__ if one not in _NOT_BY_NAME}


def class_of_baseline(name: str) -> str | None:
    """Return the name of the class of a baseline; None where there is none of that name."""
    folded = {typed.replace("-", ""): one for typed, one in baseline_names().items()}
    return folded.get(re.sub("[-_]", "", name).lower())


def kebab(class_name: str) -> str:
    """Return a class's name as one types it: `EpsilonGreedyMDP` as `epsilon-greedy-mdp`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", class_name).lower()
