"""Constructor arguments: explicit > preset > the default, and remembered for checkpoints."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import gymnasium as gym

from .venv import env_identity

# Not part of what an agent is: given anew wherever one is made.
NOT_SETTINGS = (
    "self", "env", "preset", "device", "verbose", "tensorboard_log", "_init_setup_model",
)  # fmt: skip


def find_preset(
    presets: Mapping[str, Mapping[str, Any]], identity: str | None, env_kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the arguments of the preset for an id and its keyword arguments, if there is one.

    Args:
        presets: By name; each has `id`, `env_kwargs` and `arguments`.
        identity: The id, with or without the module that registers it; None has no preset.
        env_kwargs: Must equal the preset's, where those of the registration complete both.
    """
    name = (identity or "").rpartition(":")[2]
    for preset in presets.values():
        if preset["id"] == name:
            known = gym.spec(name).kwargs
            if {**known, **preset.get("env_kwargs", {})} == {**known, **env_kwargs}:
                return dict(preset["arguments"])
    return None


def configured(presets: Mapping[str, Mapping[str, Any]]) -> Callable[[Callable], Callable]:
    """Decorate a constructor: fill in a preset, and keep what applied.

    The decorated `__init__` must take `env`, `env_kwargs` and `preset`. Afterwards `self.settings`
    has every argument that applied and `self.applied` says where it is from.

    Args:
        presets: As in `find_preset`.
    """

    def decorate(init: Callable) -> Callable:
        signature = inspect.signature(init)

        @functools.wraps(init)
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
            given = signature.bind_partial(self, *args, **kwargs).arguments
            chosen = _chosen(signature, given, presets)
            bound = signature.bind(self, *args, **{**chosen, **kwargs})
            bound.apply_defaults()
            self.settings = {
                name: value for name, value in bound.arguments.items() if name not in NOT_SETTINGS
            }
            self.applied = _applied(self.settings, given, chosen)
            init(self, *args, **{**chosen, **kwargs})

        return wrapped

    return decorate


def check_policy_kwargs(policy: Callable, given: Mapping[str, Any]) -> None:
    """Refuse keyword arguments that a policy does not take.

    Args:
        policy: Its class, whose first two arguments are the spaces.
        given: The arguments.

    Raises:
        TypeError: Naming what it takes.
    """
    parameters = inspect.signature(policy).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    taken = list(parameters)[2:]
    for name in given:
        if name not in taken:
            near = get_close_matches(name, taken, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            named = getattr(policy, "__name__", str(policy))
            raise TypeError(f"policy_kwargs has {name!r}{hint}; {named} takes {taken}")


def _chosen(
    signature: inspect.Signature, given: Mapping[str, Any], presets: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the preset's arguments that were not given explicitly."""
    name = given.get("preset", signature.parameters["preset"].default)
    if name is None:
        return {}
    if name == "auto":
        found = find_preset(presets, *env_identity(given.get("env"), given.get("env_kwargs")))
        arguments = found or {}
    elif name in presets:
        arguments = dict(presets[name]["arguments"])
    else:
        raise ValueError(f"preset={name!r} is unknown; there are {sorted(presets)}, 'auto', None")
    return {key: value for key, value in arguments.items() if key not in given}


def _applied(
    settings: Mapping[str, Any], given: Mapping[str, Any], chosen: Mapping[str, Any]
) -> dict[str, str]:
    return {
        name: "explicit" if name in given else "preset" if name in chosen else "default"
        for name in settings
    }
