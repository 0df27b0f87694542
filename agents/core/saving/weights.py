"""Checkpoints of weights alone: what acting needs, without what only learning needs.

Large arrays of weights are stored as float16, which `restored` makes the networks' own type again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

MARK = "weights_only"  # in a checkpoint's progress
_SMALL = 256  # numbers; fewer stay as they are: counts and moments that half a type may not hold

Tensors = Mapping[str, Mapping[str, torch.Tensor]]


def lighten(
    progress: Mapping[str, Any],
    tensors: Tensors,
    acts_with: Callable[[str, str], bool],
    half: bool,
) -> tuple[dict[str, Any], dict[str, dict[str, torch.Tensor]]]:
    """Return the progress and the tensors of a checkpoint of weights alone.

    Args:
        progress: Of the whole checkpoint.
        tensors: Of its networks, by network and name.
        acts_with: Whether acting needs a network's tensor.
        half: Store large arrays as float16, where no number overflows.
    """
    kept = {
        network: {
            name: _half(part) if half else part
            for name, part in parts.items()
            if acts_with(network, name)
        }
        for network, parts in tensors.items()
    }
    return {**progress, "optimizers": {}, MARK: True}, kept


def _half(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dtype not in (torch.float32, torch.float64) or tensor.numel() < _SMALL:
        return tensor
    smaller = tensor.to(torch.float16)
    return smaller if torch.isfinite(smaller).all() else tensor


def is_light(progress: Mapping[str, Any]) -> bool:
    """Return whether a checkpoint has weights alone.

    Raises:
        ValueError: The file says neither yes nor no.
    """
    found = progress.get(MARK, False)
    if not isinstance(found, bool):
        raise ValueError(f"progress.{MARK} is {str(found)[:80]}, neither true nor false")
    return found


def restored(
    networks: Mapping[str, Any], tensors: Tensors, acts_with: Callable[[str, str], bool]
) -> dict[str, dict[str, torch.Tensor]]:
    """Return whole tensors in the types of the networks; what acting does not need is theirs.

    Args:
        networks: New ones, by name.
        tensors: As they were read; groups that belong to no network are passed on.
        acts_with: As in `lighten`.
    """
    whole = {name: dict(parts) for name, parts in tensors.items()}
    for name, network in networks.items():
        own = network.state_dict()
        read = {key: _like(own.get(key), part) for key, part in tensors.get(name, {}).items()}
        rest = {key: part for key, part in own.items() if not acts_with(name, key)}
        whole[name] = {**rest, **read}
    return whole


def _like(own: torch.Tensor | None, part: torch.Tensor) -> torch.Tensor:
    widened = own is not None and own.dtype in (torch.float32, torch.float64)
    return part.to(own.dtype) if widened and part.dtype == torch.float16 else part  # type: ignore


def refusal(agent: str) -> str:
    """Return why an agent of weights alone does not learn on, and what to do."""
    return (
        f"this {agent} was loaded from a checkpoint of weights alone, without optimisers and other "
        "state of learning: it acts, is evaluated and adapts to new tasks, and cannot go on "
        f"learning; to begin with its weights, make a new {agent} and give it "
        "set_parameters(file, exact_match=False)"
    )
