"""Check a checkpoint's data before anything is built from it.

A file is treated as untrusted: its parts, their types and their sizes are checked here, and any
later failure while an agent is built from them is a `CheckpointError` that says where.
"""

from __future__ import annotations

import contextlib
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.nn.modules import module as _modules

from .allowed import ModuleRefusedError
from .checkpoint import CheckpointError
from .hints import fits

_DEPTH = 40  # nesting depth of data; ours is below ten
_LARGEST = 2**63 - 1  # the largest count allowed
_HUGE = 2**31  # too many rows, tasks, transitions or epochs; fails as an array size
# Arguments of `gymnasium.make_vec` itself; what a file says about an environment is the family's.
_NOT_ARGUMENTS = (
    "family", "num_envs", "registered_id", "vector_kwargs", "vectorization_mode", "wrappers",
)  # fmt: skip
_SPARE = 1_000_000  # parameters that are created but not stored
_SCHEMA: dict[str, Any] = {
    "algorithm": str,
    "settings": dict,
    "settings.policy": (str, dict),
    "settings.custom_objects": list,
    "env": dict,
    "env.id": (str, type(None)),
    "env.kwargs": dict,
    "observation_space": dict,
    "action_space": dict,
    "progress": dict,
    "progress.num_timesteps": int,
    "progress.iteration": int,
    "progress.n_updates": int,
    "progress.optimizers": dict,
    "progress.extra": dict,
}


def check_data(data: Mapping[str, Any], path: str) -> None:
    """Refuse data that do not describe an agent.

    Raises:
        CheckpointError: A part is missing or has the wrong type; the message names it.
    """
    _check_depth(data, path)
    for place, kind in _SCHEMA.items():
        value: Any = data
        for key in place.split("."):
            if key not in value:
                raise CheckpointError(f"{path} is damaged: {place} is missing from data.json")
            value = value[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CheckpointError(f"{path} is damaged: {place} is {_short(value)}")
        if kind is int and not 0 <= value <= _LARGEST:
            raise CheckpointError(f"{path} is damaged: {place}={value} is not a count")
    if not all(isinstance(key, str) for key in data["settings"]["custom_objects"]):
        raise CheckpointError(f"{path} is damaged: settings.custom_objects is not a list of names")
    if wrong := sorted(set(_NOT_ARGUMENTS) & set(data["env"]["kwargs"])):
        raise CheckpointError(f"{path}: env.kwargs has {wrong}, which a file may not give")


def check_settings(cls: type, settings: Mapping[str, Any], path: str) -> None:
    """Refuse settings that an algorithm's constructor does not take, or of the wrong type.

    Args:
        cls: The algorithm.
        settings: Decoded settings.
        path: The file, for the message.

    Raises:
        CheckpointError: There is such a setting; the message names it.
    """
    hints = _hints(cls)
    for name, value in settings.items():
        if name not in hints:
            raise CheckpointError(
                f"{path}: settings.{name} is unknown to {cls.__name__}; it takes {sorted(hints)}"
            )
        huge = name != "seed" and type(value) is int and abs(value) >= _HUGE
        if huge or not fits(value, hints[name]):
            raise CheckpointError(
                f"{path}: settings.{name} is {_short(value)}, which {cls.__name__} does not take"
            )
    policy: Any = settings.get("policy")
    policy = getattr(cls, "policy_aliases", {}).get(policy, policy)
    hints = _hints(policy) if isinstance(policy, type) else {}
    for name, value in (settings.get("policy_kwargs") or {}).items():
        if name in hints and not fits(value, hints[name]):
            raise CheckpointError(
                f"{path}: settings.policy_kwargs.{name} is {_short(value)}, which "
                f"{policy.__name__} does not take"
            )


@contextlib.contextmanager
def reading(path: str, place: str) -> Iterator[None]:
    """Turn any error a file's content causes into a `CheckpointError` naming file and place.

    Operating system errors, a missing package and a refused module are passed on unchanged.
    """
    try:
        yield
    except (OSError, ImportError, ModuleRefusedError, CheckpointError):
        raise
    except Exception as error:
        said = str(error) or type(error).__name__
        said = said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"
        raise CheckpointError(f"{path}: {place} cannot be used: {said}") from error


@contextlib.contextmanager
def limited_parameters(
    tensors: Mapping[str, Mapping[str, torch.Tensor]], path: str
) -> Iterator[None]:
    """Refuse to create networks that are much larger than what the file holds for them.

    Args:
        tensors: The file's tensors.
        path: The file, for the message.

    Raises:
        CheckpointError: They are larger; raised before the memory is used.
    """
    stored = sum(part.numel() for group in tensors.values() for part in group.values())
    made = 0

    def count(module: Any, name: str, parameter: Any) -> None:
        nonlocal made
        made += 0 if parameter is None else parameter.numel()
        if made > 2 * stored + _SPARE:
            raise CheckpointError(
                f"{path}: settings.policy_kwargs make networks of more than {made:,} parameters; "
                f"the file holds {stored:,} numbers"
            )

    hook = _modules.register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()


def _check_depth(data: Any, path: str) -> None:
    level = [data]
    for _ in range(_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise CheckpointError(f"{path} is damaged: data.json is nested deeper than {_DEPTH} levels")


def _hints(made: Any) -> dict[str, Any]:
    """Return the types of a constructor's arguments."""
    try:
        known = typing.get_type_hints(made.__init__)
    except (NameError, TypeError):
        known = {}
    parameters = inspect.signature(made).parameters.values()
    return {
        one.name: known.get(one.name, one.annotation)
        for one in parameters
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."
