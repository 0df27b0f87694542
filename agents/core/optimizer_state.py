"""An optimiser's state as JSON and tensors, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from agents.core.encoding import decode, encode


def pack_optimizer(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Copy an optimiser's state into JSON and tensors.

    Args:
        optimizer: Any optimiser whose state is numbers and tensors.

    Returns:
        JSON data, and copied tensors: "<parameter>.<name>", and "group<i>.<name>" of param groups.

    Raises:
        ValueError: A param group holds something that can be saved as neither.
    """
    state, custom, tensors = optimizer.state_dict(), set[str](), dict[str, torch.Tensor]()
    packed: dict[str, Any] = {"class": type(optimizer).__name__, "state": {}, "groups": []}
    parts = [("state", str(i), values) for i, values in sorted(state["state"].items())]
    parts += [("groups", f"group{i}", values) for i, values in enumerate(state["param_groups"])]
    for kind, name, values in parts:
        plain = {}
        for key, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{name}.{key}"] = value.detach().clone()
            else:
                plain[key] = encode(value, custom, f"{name}.{key}")
        if kind == "state":
            packed["state"][name] = plain
        else:
            packed["groups"].append(plain)
    if custom:
        raise ValueError(
            f"{packed['class']} holds {sorted(custom)}, which are neither numbers nor tensors"
        )
    return packed, tensors


def unpack_optimizer(
    optimizer: torch.optim.Optimizer,
    packed: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
) -> None:
    """Put a packed state into an optimiser over the same parameters.

    Args:
        optimizer: The optimiser to fill.
        packed: The JSON data of `pack_optimizer`.
        tensors: The tensors of `pack_optimizer`.

    Raises:
        ValueError: The state belongs to another class or to other parameters.
    """
    saved, given = packed["class"], type(optimizer).__name__
    if saved != given:
        raise ValueError(f"the state is of the optimiser {saved}, and was given to {given}")
    groups = [decode(group) for group in packed["groups"]]
    state = {int(i): decode(values) for i, values in packed["state"].items()}
    for name, tensor in tensors.items():
        owner, _, key = name.partition(".")
        if owner.startswith("group"):
            groups[int(owner[len("group") :])][key] = tensor.clone()
        else:
            state[int(owner)][key] = tensor.clone()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for i, values in state.items():
        for key, value in values.items():
            shaped = isinstance(value, torch.Tensor) and value.ndim > 0
            if i >= len(parameters) or (shaped and value.shape != parameters[i].shape):
                raise ValueError(
                    f"the optimiser's state {key!r} of parameter {i} does not fit these parameters"
                )
    optimizer.load_state_dict({"state": state, "param_groups": groups})
