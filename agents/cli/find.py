"""From names on the command line to what they stand for: ids, algorithms, agents."""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .. import ALGORITHMS
from ..core.saving.allowed import check_named
from . import trust

_NOT_BY_NAME = ("StableBaselines",)  # takes a model, which has no name


class UsageError(ValueError):
    """A command line that cannot be carried out; its message says what to do."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `"did you mean ...? "` where one of `names` is near, else nothing."""
    folded = {other.lower(): other for other in names}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    return f"did you mean {folded[near[0]]!r}? " if near else ""


def distribution(id: str, typed: bool = True) -> Any:
    """Return the card of an id that was typed, importing the package that it names.

    Args:
        id: E.g. `mypkg:mine/X-v0`.
        typed: The user typed it, so its package is trusted from now on; one that stands in a file
            goes through `named_by_a_file`.

    Raises:
        UsageError: The package cannot be imported, or the id has no task API.
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
    """
    import gymnasium as gym

    import meta_envs

    package, colon, name = id.rpartition(":")
    if colon:
        _import_package(package, id)
        if typed:
            trust.remember(package)
    try:
        return meta_envs.card(name)
    except gym.error.NameNotFound:
        if name in gym.registry:
            raise UsageError(
                f"{name} has no task API; `metazoo list` shows the task distributions, and "
                "meta_envs.register makes your own"
            ) from None
        raise


def named_by_a_file(id: str, place: str | os.PathLike) -> Any:
    """Return the card of an id that stands in a file, whose package may be imported or not.

    Raises:
        ModuleRefusedError: The package was neither typed nor allowed.
        UsageError: As `distribution`.
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
    """
    check_named(id, f"{place}: env_id", trust.allowed_of(id))
    return distribution(id, typed=False)


def _import_package(package: str, id: str) -> None:
    trust.search_this_folder()
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name is not None and not f"{package}.".startswith(f"{missing.name}."):
            raise
        raise UsageError(
            f"{id} asks for the package {package!r}, which cannot be imported from here; install "
            "it, or start metazoo in its folder"
        ) from missing


def algorithm_name(text: str) -> str:
    """Return the name of an algorithm as `ALGORITHMS` has it.

    Raises:
        UsageError: There is no such algorithm; names the nearest.
    """
    if text.lower() not in ALGORITHMS:
        raise UsageError(
            f"no algorithm {text!r}; {nearest(text, ALGORITHMS)}there are {sorted(ALGORITHMS)}"
        )
    return text.lower()


def algorithm(name: str) -> type:
    """Return an algorithm's class by its name on the command line (imports torch).

    Raises:
        UsageError: There is no such algorithm; names the nearest.
    """
    module, _, class_name = ALGORITHMS[algorithm_name(name)].partition(":")
    return getattr(importlib.import_module(module), class_name)


def checkpoint(path: str | os.PathLike, device: str = "auto") -> Any:
    """Load the agent of a checkpoint file, whichever algorithm wrote it.

    Args:
        path: The file.
        device: Where the networks go.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no checkpoint, or one of an unknown algorithm.
    """
    from ..core.saving.checkpoint import read_checkpoint
    from ..core.saving.stored import check_data

    data = read_checkpoint(path)[0]
    check_data(data, str(path))
    class_name = data["algorithm"]
    allowed = trust.allowed_of(str(data["env"]["id"]))
    for name, place in ALGORITHMS.items():
        if place.rpartition(":")[2] == class_name:
            cls: Any = algorithm(name)
            return cls.load(path, device=device, allow_modules=allowed)
    raise UsageError(
        f"{path} is a checkpoint of {class_name}, which this metazoo does not have; it has "
        f"{sorted(ALGORITHMS)}"
    )


def agent(text: str) -> Any:
    """Return an agent: of a run's folder, of a checkpoint, or a baseline by name.

    Args:
        text: E.g. `"runs/last"`, `"rl2.zip"`, `"ucb1"` or `"ucb1:c=0.3"`.

    Raises:
        OSError: A file cannot be read.
        ValueError: There is no such agent; names the nearest.
    """
    from ..core.saving.run import Run

    path = Path(text)
    if path.suffix == ".zip":
        return checkpoint(path)
    is_place = path.name == "last" or len(path.parts) > 1
    if is_place or (path.exists() and _baseline_class(text) is None):
        return checkpoint(Run.open(path).checkpoint)
    return baseline(text)


def baseline(text: str) -> Any:
    """Return a baseline by name, with parameters: `"ucb1:c=0.3"`, `"thompson:model=gaussian"`.

    Raises:
        UsageError: There is no such baseline or parameter; names the nearest.
        ValueError: A parameter is out of range.
    """
    from .. import baselines
    from .values import pairs

    name, _, rest = text.partition(":")
    class_name = _baseline_class(name)
    if class_name is None:
        known = sorted(baseline_names())
        raise UsageError(
            f"no agent {name!r}; {nearest(name, known)}give a run's folder, a checkpoint (.zip) or "
            f"a baseline: {', '.join(known)}"
        )
    cls = getattr(baselines, class_name)
    given = pairs([part for part in rest.split(",") if part])
    takes = [one.name for one in dataclasses.fields(cls) if one.init]
    for key in given:
        if key not in takes:
            raise UsageError(
                f"{name} has no parameter {key!r}; {nearest(key, takes)}it takes {takes}"
            )
    return cls(**given)


def baseline_names() -> dict[str, str]:
    """Return the class names of the baselines by the names one types."""
    from .. import baselines

    return {kebab(one): one for one in baselines.__all__ if one not in _NOT_BY_NAME}


def _baseline_class(name: str) -> str | None:
    folded = {typed.replace("-", ""): one for typed, one in baseline_names().items()}
    return folded.get(re.sub("[-_]", "", name).lower())


def kebab(class_name: str) -> str:
    """Return a class's name as one types it: `EpsilonGreedyMDP` as `epsilon-greedy-mdp`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", class_name).lower()


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
