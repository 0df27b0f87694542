"""Episodes as arrays by name, one after the other, and back. E episodes, S steps in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta_envs.core import batches

_OPTIONAL = ("actions", "rewards")


def flat(episodes: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return episodes as arrays by name.

    Args:
        episodes: Each with `observations` [T + 1, ...], `actions` [T, ...] or None, `rewards` [T]
            or None, `terminated`, and `task` or None.

    Returns:
        `observations` [S + E, ...] (of Dicts, `observations.KEY`), `actions` and `rewards` [S, ...]
        of the episodes that have them, `steps` [E], `terminated` [E], and tasks, if all have one.
    """
    found = named(joined([one["observations"] for one in episodes]))
    found["steps"] = np.array([len(first_part(one["observations"])) - 1 for one in episodes])
    found["terminated"] = np.array([bool(one["terminated"]) for one in episodes])
    for name in _OPTIONAL:
        parts = [one[name] for one in episodes]
        found[f"has_{name}"] = np.array([part is not None for part in parts])
        if there := [np.asarray(part) for part in parts if part is not None]:
            found[name] = np.concatenate(there)
    tasks = [one["task"] for one in episodes]
    if all(task is not None for task in tasks):
        for key in tasks[0]:
            found[f"task.{key}"] = np.stack([np.asarray(task[key]) for task in tasks])
    return {
        name: np.ascontiguousarray(part).reshape(np.shape(part)) for name, part in found.items()
    }


def episodes(parts: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Undo `flat`."""
    whole, steps = unnamed(parts), parts["steps"]
    used = dict.fromkeys(_OPTIONAL, 0)
    keys = [name for name in parts if name.startswith("task.")]
    found = []
    for index, (end, length) in enumerate(
        zip(np.cumsum(steps).tolist(), steps.tolist(), strict=True)
    ):
        begin = end - length + index  # an episode has an observation more than steps
        one: dict[str, Any] = {
            "observations": batches.take(whole, np.arange(begin, begin + length + 1)),
            "terminated": bool(parts["terminated"][index]),
            "task": {name[len("task.") :]: parts[name][index] for name in keys} or None,
        }
        for name in _OPTIONAL:
            if parts[f"has_{name}"][index]:
                one[name] = parts[name][used[name] : used[name] + length].copy()
                used[name] += length
        found.append(one)
    return found


def first_part(observations: Any) -> np.ndarray:
    """Return an array of observations [T, ...]: the first, of Dicts."""
    while isinstance(observations, dict):
        observations = next(iter(observations.values()))
    return observations


def joined(parts: Sequence[Any]) -> Any:
    """Return observations [S, ...] of parts [T, ...], one after the other."""
    if isinstance(parts[0], dict):
        return {key: joined([one[key] for one in parts]) for key in parts[0]}
    return np.concatenate([np.asarray(one) for one in parts])


def named(observations: Any, name: str = "observations") -> dict[str, np.ndarray]:
    """Return the arrays of observations by name."""
    if not isinstance(observations, dict):
        return {name: np.asarray(observations)}
    return {
        inner: part
        for key, value in observations.items()
        for inner, part in named(value, f"{name}.{key}").items()
    }


def unnamed(parts: Mapping[str, np.ndarray], name: str = "observations") -> Any:
    """Undo `named`; other arrays are ignored."""
    if name in parts:
        return parts[name]
    own = (one[len(name) + 1 :] for one in parts if one.startswith(f"{name}."))
    keys = dict.fromkeys(one.partition(".")[0] for one in own)
    return {key: unnamed(parts, f"{name}.{key}") for key in keys}
