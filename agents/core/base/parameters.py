"""Loads saved parameters into networks and optimisers, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from ..saving.optimizer_state import unpack_optimizer

Parts = Mapping[str, Any]


def set_parameters(
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    given: Parts | tuple[Parts, Mapping[str, Parts]],
    exact_match: bool,
    source: str,
) -> None:
    """Load given parameters into networks and optimisers.

    Args:
        networks: Networks by name.
        optimizers: Optimisers by name.
        given: State dicts by name, or the data and tensors of a checkpoint.
        exact_match: Whether every network and optimiser must be present.
        source: Name of the source, for errors.

    Raises:
        ValueError: If something is missing, unknown or of another shape.
    """
    parts: dict[str, Any] = {**networks, **optimizers}
    if isinstance(given, Mapping):
        _check_names(given, parts, exact_match, source)
        for name, state in given.items():
            if name in networks:
                load_network(networks[name], name, state, source)
            else:
                parts[name].load_state_dict(state)
        return
    data, tensors = given
    numbers = data["progress"]["optimizers"]
    _check_names([name for name in parts if name in tensors], parts, exact_match, source)
    for name, network in networks.items():
        if name in tensors:
            check_tensors(network, tensors[name], f"{source}: network {name!r}")
            load_network(network, name, tensors[name], source)
    for name, optimizer in optimizers.items():
        if name in tensors:
            unpack_optimizer(optimizer, numbers[name], tensors[name])


def check_tensors(network: nn.Module, tensors: Parts, place: str) -> None:
    """Refuse tensors of a file from which learning cannot continue.

    Raises:
        ValueError: If one is of another type than the network's, or holds numbers that are
            not finite.
    """
    own = network.state_dict()
    for key, tensor in tensors.items():
        if key in own and tensor.dtype != own[key].dtype:
            raise ValueError(f"{place}: {key} is of {tensor.dtype}, not {own[key].dtype}")
        # bounds that are infinite in a new network are infinite in a saved one too
        bounded = key in own and bool(torch.isfinite(own[key]).all())
        if bounded and not torch.isfinite(tensor).all():
            raise ValueError(f"{place} has numbers that are not finite in {key}")


def load_network(network: nn.Module, name: str, tensors: Parts | None, source: str) -> None:
    """Load saved tensors into a network.

    Raises:
        ValueError: If there are none, or they do not fit.
    """
    if tensors is None:
        raise ValueError(f"{source} has no network {name!r}")
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as mismatch:
        raise ValueError(f"{source}: network {name!r} does not fit: {mismatch}") from mismatch


def _check_names(
    given: Iterable[str], parts: Mapping[str, Any], exact_match: bool, source: str
) -> None:
    given = set(given)
    if unknown := sorted(given - parts.keys()):
        raise ValueError(f"parameters {unknown} are unknown; there are {sorted(parts)}")
    if exact_match and (missing := sorted(parts.keys() - given)):
        raise ValueError(
            f"parameters {missing} are missing in {source}; give exact_match=False if meant"
        )
