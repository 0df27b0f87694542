"""Curves that belong together: joins those of several seeds, and refuses those that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from .curve_data import REQUIRED, CurveData, PerStep

# what curves of several seeds share: all but the seeds and what cannot affect results
ALIKE = (
    *(key for key in REQUIRED if key != "seed"),
    "deterministic",
    "env_kwargs",
    "steps",
    "bins",
    "vec_normalize",
)


def merge(curves: Sequence[CurveData]) -> dict[str, Any]:
    """Return the fields of the curve that joins some; see `AdaptationCurve.merge`.

    Raises:
        ValueError: No curve is given, or their protocols differ in a key that matters.
    """
    if not curves:
        raise ValueError("merge got no curves; give it one or more")
    check_alike({f"curve {i}": curve for i, curve in enumerate(curves)}, ALIKE)
    joined: dict[str, Any] = {}
    for field in fields(CurveData):
        parts = [getattr(curve, field.name) for curve in curves]
        if field.name in ("protocol", "stored_steps") or any(part is None for part in parts):
            continue
        if field.name == "figures":
            names = [name for name in parts[0] if all(name in part for part in parts)]
            joined["figures"] = {
                name: np.concatenate([part[name] for part in parts]) for name in names
            }
            continue
        joined[field.name] = sum(parts, []) if field.name == "tasks" else np.concatenate(parts)
    return {
        **joined,
        "protocol": _merge_protocols(curves),
        "stored_steps": _merge_steps(curves),
    }


def check_alike(curves: Mapping[str, CurveData], keys: Sequence[str]) -> None:
    """Refuse curves whose protocols differ in one of `keys`.

    Args:
        curves: The curves, by the names that the message uses.
        keys: Keys of the protocol.

    Raises:
        ValueError: They differ; names the key, the curves and both values.
    """
    (first, reference), *others = curves.items()
    for name, curve in others:
        for key in keys:
            # an absent key says the same as None, {} and False
            ours, theirs = (c.protocol.get(key) or None for c in (reference, curve))
            if ours != theirs:
                raise ValueError(
                    f"{key} differs: {first} has {ours!r}, {name} has {theirs!r}; "
                    f"curves can be put together only if they share {', '.join(keys)}"
                )


def _merge_steps(curves: Sequence[CurveData]) -> PerStep | None:
    """Join what is known of each step; None if a curve lacks it or has another kind."""
    steps = [part for part in (curve.per_step() for curve in curves) if part is not None]
    kinds = {(part.of, part.mean.shape[1]) for part in steps}
    if len(steps) < len(curves) or len(kinds) > 1:
        return None
    means = np.concatenate([part.mean for part in steps])
    errors = np.concatenate([part.standard_error for part in steps])
    return PerStep(steps[0].of, means, errors)


def _merge_protocols(curves: Sequence[CurveData]) -> dict[str, Any]:
    """Return the common protocol; values that differ become a list with one entry per seed."""
    keys = dict.fromkeys(key for curve in curves for key in curve.protocol if key != "seeds")
    merged: dict[str, Any] = {}
    for key in keys:
        entries = [entry for curve in curves for entry in _per_seed(curve, key)]
        merged[key] = entries[0] if all(entry == entries[0] for entry in entries) else entries
    merged["seeds"] = [seed for curve in curves for seed in _seeds(curve)]
    return merged


def _per_seed(curve: CurveData, key: str) -> list[Any]:
    """Return a protocol entry for each seed."""
    value = curve.protocol.get(key)
    if key not in ALIKE and isinstance(value, list) and len(value) == curve.n_seeds > 1:
        return value
    return [value] * curve.n_seeds


def _seeds(curve: CurveData) -> list[Any]:
    """Return the seeds of a curve, whether or not it was merged before."""
    training = curve.protocol.get("training_seed")
    single = curve.protocol["seed"] if training is None else training
    return curve.protocol.get("seeds", [single])
