"""Constructor arguments: explicit > preset > the default, and remembered for checkpoints."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import gymnasium as gym

from .encoding import decode, decode_settings
from .kinds import checked, refuse_unknown
from .venv import env_identity, rows_of

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
    has every argument that applied and `self.applied` says where it is from. Arguments that are
    annotated as int, float or bool are checked, and NumPy's numbers become Python's.

    Args:
        presets: As in `find_preset`.
    """

    def decorate(init: Callable) -> Callable:
        signature = inspect.signature(init)

        @functools.wraps(init)
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
            given = checked(signature, _bound(init, signature, self, args, kwargs))
            chosen = _chosen(signature, given, presets)
            bound = signature.bind(self, *args, **{**chosen, **kwargs})
            bound.arguments.update(given)
            positional, named = bound.args, bound.kwargs
            bound.apply_defaults()
            self.settings = {
                name: value for name, value in bound.arguments.items() if name not in NOT_SETTINGS
            }
            self.applied = _applied(self.settings, given, chosen)
            init(*positional, **named)

        return wrapped

    return decorate


def settle_rows(env: Any, n_envs: int, settings: dict[str, Any], applied: dict[str, str]) -> None:
    """Remember the rows that train: those of a made batch, whatever `n_envs` is by default.

    Args:
        env: As given.
        n_envs: The argument that applied.
        settings: Of the agent; changed.
        applied: Where they are from; changed.

    Raises:
        ValueError: If `n_envs` was given beside a batch that has another number.
    """
    made = rows_of(env)
    if made is None or "n_envs" not in settings:
        return
    if applied.get("n_envs") == "explicit" and made != n_envs:
        raise ValueError(
            f"n_envs={n_envs}, but the environment has {made} rows; leave out n_envs, or give an id"
        )
    settings["n_envs"], applied["n_envs"] = made, "explicit"


def to_load(
    data: Mapping[str, Any],
    path: str,
    env: Any,
    custom_objects: Mapping[str, Any] | None,
    kwargs: Mapping[str, Any],
    classes: Mapping[str, type],
) -> tuple[Any, dict[str, Any]]:
    """Return the environment and constructor arguments of a checkpoint: what is given, then saved.

    Args:
        data: Of the checkpoint.
        path: Its name.
        env: As given to `load`; None is the saved id.
        custom_objects: As given to `load`.
        kwargs: Constructor arguments to replace. Beside no `env`, `env_kwargs` change the saved.
        classes: As in `decode_settings`.

    Raises:
        ValueError: If there is no environment, or a preset is asked for.
    """
    if kwargs.get("preset") not in (None, "auto"):
        raise ValueError(
            f"preset={kwargs['preset']!r}: a checkpoint's own settings apply; give by name what is "
            "to replace them"
        )
    custom = dict(custom_objects or {})
    settings = {**decode_settings(data["settings"], custom, classes), **kwargs, "preset": None}
    given = {**custom, **kwargs}
    if env is not None:
        settings["env_kwargs"] = given.get("env_kwargs")
        if rows_of(env) is not None and "n_envs" not in given:
            settings.pop("n_envs", None)  # the batch brings its own
        return env, settings
    if data["env"]["id"] is None:
        raise ValueError(f"{path} names no environment id; give load(path, env=...)")
    saved = custom.get("env_kwargs")
    if saved is None:
        saved = decode(data["env"]["kwargs"], custom)
    settings["env_kwargs"] = {**saved, **(kwargs.get("env_kwargs") or {})}
    return data["env"]["id"], settings


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


def _bound(
    init: Callable, signature: inspect.Signature, self: Any, args: tuple, kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by name, or raise what Python would have raised.

    Raises:
        TypeError: In Python's words, with the nearest name for a keyword that is unknown.
    """
    taken = [name for name in signature.parameters if name != "self"]
    if not any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values()):
        refuse_unknown(init.__qualname__, kwargs, taken)
    try:
        return dict(signature.bind(self, *args, **kwargs).arguments)
    except TypeError:
        init(self, *args, **kwargs)  # fails alike, in Python's own words
        raise


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
