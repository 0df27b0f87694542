"""From names on the command line to what they stand for: algorithms and agents."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meta_envs.core.names import names_module

from .. import ALGORITHMS
from ..core.saving.allowed import check_named, names_in
from . import trust
from .baselines import UsageError, baseline, class_of_baseline, nearest
from .ids import import_package


def algorithm_name(text: str) -> str:
    """Return the name of an algorithm as `ALGORITHMS` has it, or `"module:Name"` as it is.

    Raises:
        UsageError: There is no such algorithm; names the nearest.
    """
    if names_module(text):
        return text
    if text.lower() not in ALGORITHMS:
        raise UsageError(
            f"no algorithm {text!r}; {nearest(text, ALGORITHMS)}there are {sorted(ALGORITHMS)}, "
            "and my_agents:Mine names a class of your own"
        )
    return text.lower()


def algorithm(name: str, typed: bool = True) -> Any:
    """Return an algorithm's class by its name on the command line (imports torch).

    Args:
        name: A name of `ALGORITHMS`, or `"module:Name"`.
        typed: As in `distribution`.

    Raises:
        UsageError: There is no such algorithm; names the nearest.
    """
    from ..core.base.algorithm import MetaAlgorithm

    name = algorithm_name(name)
    cls = class_named(ALGORITHMS.get(name, name), typed and name not in ALGORITHMS)
    if not issubclass(cls, MetaAlgorithm):
        raise UsageError(
            f"{name} has no learn() of ours: it is not a subclass of MetaAlgorithm, e.g. of "
            "agents.TrialAlgorithm"
        )
    return cls


def class_named(name: str, typed: bool = True) -> type:
    """Return the class of an agent by `"module:Name"`, importing the module.

    Args:
        name: The class's.
        typed: As in `distribution`.

    Raises:
        UsageError: The module cannot be imported or has no such agent; names the nearest.
    """
    module, _, class_name = name.partition(":")
    import_package(module, name)
    if typed:
        trust.remember(module)
    held = vars(sys.modules[module])
    found: Any = getattr(sys.modules[module], class_name, None)
    if not is_agent(found):
        known = [key for key, one in held.items() if is_agent(one) and one.__module__ == module]
        raise UsageError(
            f"{module} has no agent {class_name!r} (a class with inner_loop); "
            f"{nearest(class_name, known)}there are {known}"
        )
    return found


def is_agent(found: Any) -> bool:
    """Tell whether something is the class of an agent."""
    return isinstance(found, type) and callable(getattr(found, "inner_loop", None))


def checkpoint(path: str | os.PathLike, device: str = "auto") -> Any:
    """Load the agent of a checkpoint file, whichever algorithm wrote it.

    Args:
        path: The file.
        device: Where the networks go.

    Raises:
        OSError: The file cannot be read.
        ModuleRefusedError: It names a module that was neither typed nor allowed.
        ValueError: It is not a checkpoint, or one of an unknown algorithm.
    """
    from ..core.saving.checkpoint import read_checkpoint
    from ..core.saving.stored import check_data

    data = read_checkpoint(path)[0]
    check_data(data, str(path))
    name = data["algorithm"]
    named = [name, str(data["env"]["id"]), *names_in(data["env"]), *names_in(data["settings"])]
    allowed = trust.allowed_of(*named)
    if names_module(name):
        check_named(name, f"{path}: algorithm", allowed)
        return algorithm(name, typed=False).load(path, device=device, allow_modules=allowed)
    from ..runs.train import known_class

    return known_class(name, path).load(path, device=device, allow_modules=allowed)


def agent(text: str) -> Any:
    """Return an agent: of a run's folder, of a checkpoint, a baseline by name, or by its class.

    Args:
        text: E.g. `"runs/last"`, `"rl2.zip"`, `"ucb1"`, `"ucb1:c=0.3"` or `"my_agents:WinStay"`.

    Raises:
        OSError: A file cannot be read.
        ValueError: There is no such agent; names the nearest.
    """
    from ..core.saving.run import Run

    path = Path(text)
    if path.suffix == ".zip":
        return checkpoint(path)
    is_place = path.name == "last" or len(path.parts) > 1
    if is_place or (path.exists() and class_of_baseline(text) is None):
        return checkpoint(Run.open(path).checkpoint)
    if names_module(text) and class_of_baseline(text.partition(":")[0]) is None:
        return _of_module(text)
    return baseline(text)


def _of_module(name: str) -> Any:
    """Return an agent, an object with `predict`, or a function, of somebody's module."""
    module, _, attribute = name.partition(":")
    import_package(module, name)
    trust.remember(module)
    found: Any = getattr(sys.modules[module], attribute, None)
    plays = callable(getattr(found, "predict", None)) or callable(found)
    if not plays or is_agent(found):
        return _untrained(name)
    if not isinstance(found, type):
        return found
    return found() if hasattr(found, "predict") else _untrained(name)


def _untrained(name: str) -> Any:
    """Make an agent of somebody's that needs no training."""
    cls: Any = class_named(name)
    if hasattr(cls, "load"):
        raise UsageError(
            f"{name} is trained first: metazoo train {name} ID; then give its run, e.g. runs/last"
        )
    return cls()


def name_of(agent: Any) -> str:
    """Return a baseline with its parameters, or the name of an agent's class."""
    has_own = type(agent).__repr__ is not object.__repr__
    return repr(agent) if has_own else type(agent).__name__


def setting(
    agent: Any, text: str, id: str | None, env_kwargs: Mapping[str, Any] | None
) -> tuple[str, dict[str, Any]]:
    """Return where an agent is to play: the id and its arguments, or what it was trained on.

    Args:
        agent: The agent.
        text: What stands for it on the command line.
        id: As given, with `env_kwargs` alone as its arguments; None is the agent's own.
        env_kwargs: As given; beside no id they change the agent's own.

    Raises:
        UsageError: No id was given, and the agent has none of its own.
    """
    if id is not None:
        return id, dict(env_kwargs or {})
    own = getattr(agent, "env_id", None)
    if own is None:
        raise UsageError(f"say where {text} is to play, e.g. meta/BernoulliBandit-v0")
    return own, {**agent.env_kwargs, **(env_kwargs or {})}
