"""Which arguments apply: what was given, else the preset's, else the default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import gymnasium as gym

from ..saving.encoding import decode, decode_settings
from . import preset_files
from .arguments import Argument
from .venv import env_identity, num_rows_of

_SAME_TASKS = ("threads", "render_mode")  # keyword arguments with which tasks stay what they are


def find_preset(
    presets: Mapping[str, Mapping[str, Any]], identity: str | None, env_kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the arguments of the preset for an id and its keyword arguments, if there is one.

    Args:
        presets: Presets by name; each has `id`, `env_kwargs` and `arguments`.
        identity: The id, with or without the module that registers it; there is no preset for None.
        env_kwargs: Must equal the preset's, after both are completed from the registration, but for
            those that change no task.
    """
    name = (identity or "").rpartition(":")[2]
    asked = {key: one for key, one in env_kwargs.items() if key not in _SAME_TASKS}
    for preset in presets.values():
        if preset["id"] == name:
            known = gym.spec(name).kwargs
            if {**known, **preset.get("env_kwargs", {})} == {**known, **asked}:
                return dict(preset["arguments"])
    return None


def apply_preset(
    arguments: Mapping[str, Argument],
    presets: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return all arguments of a constructor by name, and where each of them comes from.

    Args:
        arguments: What the constructor takes.
        presets: As in `find_preset`.
        given: What the call gave.

    Returns:
        The values; and for each argument that defines the agent `"explicit"`, `"preset"` or
        `"default"`.

    Raises:
        ValueError: If the named preset is unknown.
    """
    defaults = {name: one.default for name, one in arguments.items() if not one.required}
    named = {"env": defaults.get("env"), **given}
    set_by_preset = chosen(given.get("preset", defaults["preset"]), presets, named)
    origin = {
        name: "explicit" if name in given else "preset" if name in set_by_preset else "default"
        for name, one in arguments.items()
        if one.remembered
    }
    return {**defaults, **set_by_preset, **given}, origin


def settle_rows(env: Any, n_envs: int, settings: dict[str, Any], applied: dict[str, str]) -> None:
    """Record the number of training rows: that of a made batch, whatever the default `n_envs`.

    Args:
        env: The environment as given.
        n_envs: The argument in effect.
        settings: Settings of the agent; changed in place.
        applied: Where each setting comes from; changed in place.

    Raises:
        ValueError: If `n_envs` was given together with a batch of another size.
    """
    made = num_rows_of(env)
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
    """Return a checkpoint's environment and constructor arguments: given values, else saved ones.

    Args:
        data: Data of the checkpoint.
        path: Path of the checkpoint.
        env: As given to `load`; None takes the saved id.
        custom_objects: As given to `load`.
        kwargs: Constructor arguments to replace. Without `env`, `env_kwargs` update the saved ones.
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
        if num_rows_of(env) is not None and "n_envs" not in given:
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
    """Refuse keyword arguments that a policy does not accept.

    Args:
        policy: Class of the policy, whose first two arguments are the spaces.
        given: The arguments.

    Raises:
        TypeError: If there is one; lists what the policy accepts.
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


def chosen(
    name: str | None, presets: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the preset's arguments that were not given explicitly.

    Args:
        name: `"auto"`, None or `"none"`, a preset's name, or a `.json` file (see `preset_files`).
        presets: As in `find_preset`.
        given: What the constructor's call gave.

    Raises:
        OSError: The file cannot be read.
        ValueError: The preset is unknown, or the file is none or of another id.
    """
    if name is None or name == "none":
        return {}
    if name.endswith(".json"):
        identity, env_kwargs = env_identity(given.get("env"), given.get("env_kwargs"))
        arguments = preset_files.read(name, identity, env_kwargs)
    elif name == "auto":
        found = find_preset(presets, *env_identity(given.get("env"), given.get("env_kwargs")))
        arguments = found or {}
    elif name in presets:
        arguments = dict(presets[name]["arguments"])
    else:
        raise ValueError(
            f"preset={name!r} is unknown; there are {sorted(presets)}, 'auto', None, "
            "or a .json file that metazoo tune wrote"
        )
    return {key: value for key, value in arguments.items() if key not in given}
