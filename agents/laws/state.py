"""The state of an agent at an iteration boundary, and where two states differ."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from ..core.saving.checkpoint import read_checkpoint

State = tuple[Mapping[str, Any], Mapping[str, Any]]  # data and tensors, as a checkpoint has them


def state_of(agent: Any) -> State:
    """Return what `save` writes of an agent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent.zip"
        agent.save(path)
        return read_checkpoint(path)


def difference(one: State, other: State) -> str | None:
    """Return the first difference of two states, with both values; None if bitwise equal.

    Settings and environments are not compared: only what training changes.
    """
    for (place, left), (_, right) in zip(_parts(one), _parts(other), strict=False):
        if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
            if left.dtype == right.dtype and left.shape == right.shape and _equal(left, right):
                continue
            return f"{place} is {_shown(left)} and {_shown(right)}"
        if left != right:
            return f"{place} is {left} and {right}"
    names = [[place for place, _ in _parts(state)] for state in (one, other)]
    return None if names[0] == names[1] else f"{set(names[0]) ^ set(names[1])} is in one alone"


def weights_differ(one: State, other: State) -> bool:
    """Tell whether any tensor differs between two states."""
    tensors = [
        {place: part for place, part in _parts(state) if isinstance(part, torch.Tensor)}
        for state in (one, other)
    ]
    return tensors[0].keys() != tensors[1].keys() or any(
        not _equal(tensors[0][place], tensors[1][place]) for place in tensors[0]
    )


def not_finite(state: State) -> str | None:
    """Name the first tensor with a number that is not finite; None if there is none."""
    for place, part in _parts(state):
        if isinstance(part, torch.Tensor) and not torch.isfinite(part.double()).all():
            return place
    return None


def _parts(state: State) -> Iterator[tuple[str, Any]]:
    data, tensors = state
    for group in sorted(tensors):
        for name in sorted(tensors[group]):
            yield f"{group}: {name}", torch.as_tensor(tensors[group][name])
    progress = data["progress"]
    for name in sorted(progress):
        yield name, json.dumps(progress[name], sort_keys=True)


def _equal(left: torch.Tensor, right: torch.Tensor) -> bool:
    return left.shape == right.shape and bool(
        torch.equal(left, right) or torch.allclose(left, right, 0.0, 0.0, equal_nan=True)
    )


def _shown(tensor: torch.Tensor) -> str:
    numbers = ", ".join(f"{number:.6g}" for number in tensor.flatten()[:2].tolist())
    more = ", ..." if tensor.numel() > 2 else ""
    return f"[{numbers}{more}]"
