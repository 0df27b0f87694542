"""Banks of networks among an environment's arguments: their arrays, and whether they have changed.

A bank given as arrays is kept in a checkpoint's tensors; a file or a name is kept as it is, with
the hash of what it held.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.bank import Bank

_PREFIX = "env_kwargs."


@dataclass(frozen=True)
class InTensors:
    """Stands in saved arguments for arrays that are among a checkpoint's tensors."""

    key: str


def set_apart(kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict]]:
    """Return arguments as JSON can have them, and the arrays of banks among them as tensors.

    Args:
        kwargs: Keyword arguments of an id.

    Returns:
        The arguments, with `InTensors` for arrays by name; and these, by `"env_kwargs.<argument>"`.
    """
    kept, tensors = {}, {}
    for name, value in kwargs.items():
        arrays = value.arrays if isinstance(value, Bank) else value
        if _are_arrays(arrays):
            key = f"{_PREFIX}{name}"
            tensors[key] = {part: torch.tensor(array) for part, array in arrays.items()}
            kept[name] = InTensors(key)
        else:
            kept[name] = os.fspath(value) if isinstance(value, os.PathLike) else value
    return kept, tensors


def put_back(data: Mapping[str, Any], tensors: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
    """Put arrays into a checkpoint's data, where `InTensors` stood for them.

    Args:
        data: What was read; its arguments of the environment are changed in place.
        tensors: Its tensors.
    """
    for held in (data["settings"].get("env_kwargs"), data["env"]["kwargs"]):
        for name, value in held.items() if isinstance(held, dict) else ():
            parts = tensors.get(f"{_PREFIX}{name}")
            if parts is not None and value == {"custom": f"{_PREFIX}{name}"}:
                held[name] = {part: tensor.numpy() for part, tensor in parts.items()}


def bank_hash(venv: Any) -> str | None:
    """Return the hash of an environment's bank; None where there is none."""
    bank = getattr(venv.unwrapped, "bank", None)
    return bank.hash if isinstance(bank, Bank) else None


def warn_if_changed(saved: Any, venv: Any, path: str) -> None:
    """Warn if an environment's bank is not the one that an agent was trained with.

    Args:
        saved: The hash in the checkpoint, if there is one.
        venv: The environment as made now.
        path: The checkpoint, for the message.
    """
    now = bank_hash(venv)
    if saved is not None and now != saved:
        found = "there is none now" if now is None else f"now it is {now[:12]}"
        warnings.warn(
            f"{path}: the agent was trained with the bank {str(saved)[:12]} (the start of its "
            f"hash); {found}, so that tasks are others than before",
            stacklevel=3,
        )


def _are_arrays(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(one, np.ndarray) and one.dtype.kind == "f" for one in value.values())
    )
