"""Optimiser state as JSON and tensors, bit for bit."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import torch

from .encoding import decode, encode

_LARGEST = torch.finfo(torch.float32).max  # the largest factor that parameters can be multiplied by
# Counts, and means of squares, in torch's optimisers
_NOT_NEGATIVE = ("step", "exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum")


def pack_optimizer(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Copy an optimiser's state into JSON and tensors.

    Args:
        optimizer: Any optimiser whose state consists of numbers and tensors.

    Returns:
        JSON data, and copied tensors: "<parameter>.<name>", and "group<i>.<name>" for param groups.

    Raises:
        ValueError: A param group holds something that is neither.
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
    """Load a packed state into an optimiser over the same parameters.

    Args:
        optimizer: The optimiser to fill.
        packed: The JSON data from `pack_optimizer`.
        tensors: The tensors from `pack_optimizer`.

    Raises:
        ValueError: The state belongs to another class or to other parameters, or is damaged; the
            optimiser is then unchanged.
    """
    try:
        loaded = _unpacked(optimizer, packed, tensors)
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the optimiser's state is damaged ({error!r})") from error
    _check(optimizer, loaded)
    optimizer.load_state_dict(loaded)


def _unpacked(
    optimizer: torch.optim.Optimizer, packed: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]
) -> dict[str, Any]:
    """Return the state dict that `pack_optimizer` packed."""
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
    return {"state": state, "param_groups": groups}


def _check(optimizer: torch.optim.Optimizer, loaded: Mapping[str, Any]) -> None:
    """Compare a state with that of the same optimiser after one step, and check its numbers.

    Raises:
        ValueError: They differ; the message says where.
    """
    groups, state = loaded["param_groups"], loaded["state"]
    own = optimizer.state_dict()["param_groups"]
    if len(groups) != len(own):
        raise ValueError(f"the optimiser's state has {len(groups)} groups, not {len(own)}")
    for index, (group, wanted) in enumerate(zip(groups, own, strict=True)):
        _check_group(type(optimizer), group, wanted, f"group {index}")
        for key in wanted.keys() - group.keys():  # saved by a torch that lacked it
            group[key] = wanted[key]
    stepped = _stepped(optimizer)
    for index, values in state.items():
        wanted = stepped.get(index)
        if wanted is None or values.keys() != wanted.keys():
            raise ValueError(
                f"the optimiser's state of parameter {index} has {sorted(map(str, values))}, which "
                f"does not fit these parameters: {sorted(wanted or ())}"
            )
        for key, value in values.items():
            like = wanted[key]
            below = key in _NOT_NEGATIVE and bool((torch.as_tensor(value) < 0).any())
            if not _is_like(value, like) or below:
                raise ValueError(
                    f"the optimiser's state {key!r} of parameter {index} does not fit these "
                    "parameters, is not finite, or is negative"
                )


def _check_group(
    kind: type, group: Mapping[str, Any], wanted: Mapping[str, Any], place: str
) -> None:
    if not group.keys() <= wanted.keys() or group.get("params") != wanted["params"]:
        raise ValueError(f"the optimiser's {place} has {sorted(group)} of {group.get('params')}")
    for key, value in group.items():
        like = wanted[key]
        if _is_number(like):
            fine = _is_number(value)
        elif like is None or isinstance(like, bool):  # a setting that training never changes
            fine = value is like
        else:
            fine = type(value) is type(like)
        if not fine:
            raise ValueError(f"the optimiser's {place}.{key} is {value!r}, not like {like!r}")
    takes = inspect.signature(kind).parameters
    try:  # its constructor knows which values are in range
        kind(
            [torch.zeros(1, requires_grad=True)],
            **{key: value for key, value in group.items() if key in takes and key != "params"},
        )
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"the optimiser's {place} is damaged: {error}") from error


def _is_number(value: Any) -> bool:
    if isinstance(value, torch.Tensor):  # a learning rate may be one
        return value.ndim == 0 and bool(torch.isfinite(value))
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    return abs(value) <= _LARGEST and (isinstance(value, float) or abs(value) < 2**63)


def _stepped(optimizer: torch.optim.Optimizer) -> dict[int, Any]:
    """Return the state of a copy of the optimiser after one step with zero gradients."""
    other = copy.deepcopy(optimizer)
    for group in other.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    other.step()
    return other.state_dict()["state"]


def _is_like(value: Any, like: Any) -> bool:
    if not isinstance(like, torch.Tensor):
        return type(value) is type(like)
    return (
        isinstance(value, torch.Tensor)
        and value.shape == like.shape
        and value.dtype == like.dtype
        and bool(torch.isfinite(value).all())
    )
