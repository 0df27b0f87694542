"""Presets in files: JSON with `id`, `env_kwargs`, `arguments`, and notes on how they arose."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

from ..saving.encoding import decode, encode
from ..saving.files import atomic_file


def write(
    path: str | os.PathLike[str],
    id: str,
    env_kwargs: Mapping[str, Any],
    arguments: Mapping[str, Any],
    notes: Mapping[str, Any],
) -> None:
    """Write a preset, whole or not at all.

    Args:
        path: The file.
        id: What it is for.
        env_kwargs: Arguments of the id that it is for.
        arguments: Constructor arguments that it sets.
        notes: JSON-able; how it came about.

    Raises:
        OSError: The file cannot be written.
    """
    document = {
        "id": id,
        "env_kwargs": encode(dict(env_kwargs), set()),
        "arguments": encode(dict(arguments), set()),
        **notes,
    }
    with atomic_file(path) as stream:
        stream.write(f"{json.dumps(document, indent=2)}\n".encode())


def read(
    path: str | os.PathLike[str], id: str | None, env_kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments that the preset of a file sets.

    Args:
        path: The file.
        id: What is to be trained on; it must be the preset's. None takes any.
        env_kwargs: Arguments of the id, which must be the preset's too.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no preset, or one for something else.
    """
    try:
        document = json.loads(Path(path).read_bytes())
        arguments = decode(document["arguments"])
        theirs = document["id"], decode(document.get("env_kwargs", {}))
        if not isinstance(arguments, dict) or not isinstance(theirs[1], dict):
            raise TypeError("arguments and env_kwargs are objects")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} holds no preset ({error!r}); it is JSON with id, env_kwargs and arguments"
        ) from error
    if id is not None and _whole(*theirs) != _whole(id, env_kwargs):
        raise ValueError(
            f"{path} is a preset for {theirs[0]} with {theirs[1]}, not for {id} with "
            f"{dict(env_kwargs)}"
        )
    # written by hand, a schedule is a list
    return {
        key: tuple(value) if isinstance(value, list) and value[:1] == ["linear"] else value
        for key, value in arguments.items()
    }


def _whole(id: str, env_kwargs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return an id without the module that registers it, and all its arguments."""
    name = id.rpartition(":")[2]
    return name, {**(gym.registry[name].kwargs if name in gym.registry else {}), **env_kwargs}
