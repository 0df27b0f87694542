"""Registering task distributions: one table row makes both entry points and the card."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import gymnasium as gym
from gymnasium.vector import AutoresetMode

from .single import BatchOfOne, MetaEnv
from .sync import SyncRows
from .vector import MetaVectorEnv

_EXTRAS = {
    **{name: name for name in ("mujoco", "metaworld", "ray")},
    **{"ale_py": "atari", "Box2D": "box2d"},
}


@dataclass(frozen=True)
class Card:
    """What is known about an id without importing its family."""

    id: str
    family: str  # "module:Class"
    max_episode_steps: int | None
    episodes_per_trial: int
    summary: str
    source: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)


_CARDS: dict[str, Card] = {}


def register(
    id: str,
    family: str,
    *,
    max_episode_steps: int | None = None,
    episodes_per_trial: int,
    summary: str,
    source: str,
    kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Register a task distribution with Gymnasium, for `gym.make` and `gym.make_vec`.

    Args:
        id: E.g. `"meta/BernoulliBandit-v0"` or `"mine/X-v0"`.
        family: `"package.module:Class"`, a `MetaVectorEnv` or a `MetaEnv`.
        max_episode_steps: Horizon that only truncates; None if episodes end by themselves.
        episodes_per_trial: K, which agents, `TrialWrapper` and `evaluate` use unless told
            otherwise.
        summary: One line for listings.
        source: Paper or code it comes from.
        kwargs: JSON-able constructor arguments of this id.

    Raises:
        ValueError: If `family` does not have that form.
    """
    if family.count(":") != 1:
        raise ValueError(f"family={family!r} must be 'package.module:Class'")
    given = dict(kwargs or {})
    _CARDS[id] = Card(id, family, max_episode_steps, episodes_per_trial, summary, source, given)
    gym.register(
        id=id,
        entry_point=f"{__name__}:make_single",
        vector_entry_point=f"{__name__}:make_batch",
        max_episode_steps=max_episode_steps,
        # not the family: keyword arguments may come from users or files, and would import it
        kwargs={"registered_id": id, "episodes_per_trial": episodes_per_trial, **given},
    )


def list_distributions() -> tuple[str, ...]:
    """Return every registered id, in order."""
    return tuple(sorted(_CARDS))


def card(id: str) -> Card:
    """Return the card of an id.

    Raises:
        gymnasium.error.NameNotFound: If no such id is registered; suggests the nearest.
    """
    if id not in _CARDS:
        near = get_close_matches(id, _CARDS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise gym.error.NameNotFound(
            f"no task distribution {id!r}; {hint}`metazoo list` shows all of them"
        )
    return _CARDS[id]


def make_single(registered_id: str, render_mode: str | None = None, **kwargs: Any) -> gym.Env:
    """Make one environment of a family (Gymnasium's entry point).

    Args:
        registered_id: The id passed to `register`; its card names the family.
        render_mode: `"rgb_array"`, `"human"` or None.
        **kwargs: Keyword arguments of the family.

    Raises:
        TypeError: If a keyword argument is unknown; names the ones the family takes.
    """
    made = load_family(card(registered_id).family)
    drawn = "rgb_array" if render_mode == "human" else render_mode
    arguments = _known_arguments(made, {**kwargs, "render_mode": drawn})
    env = BatchOfOne(made(**arguments)) if issubclass(made, MetaVectorEnv) else made(**arguments)
    return gym.wrappers.HumanRendering(env) if render_mode == "human" else env


def make_batch(
    registered_id: str,
    num_envs: int = 1,
    max_episode_steps: int | None = None,
    rows: str | None = None,
    autoreset_mode: AutoresetMode | str | None = None,
    **kwargs: Any,
) -> MetaVectorEnv:
    """Make a vector environment of a family (Gymnasium's vector entry point).

    Args:
        registered_id: The id passed to `register`; its card names the family.
        num_envs: N.
        max_episode_steps: Steps after which an episode is truncated; None or -1 for never.
        rows: How rows of a scalar family run: None or `"sync"`, in this process; batched families
            that wrap third-party environments may offer other values.
        autoreset_mode: Gymnasium's mode, or its value; None means `SAME_STEP`.
        **kwargs: Keyword arguments of the family.

    Raises:
        TypeError: If a keyword argument is unknown; names the ones the family takes.
        ValueError: If `rows` or the mode is unknown.
    """
    if max_episode_steps == -1:  # Gymnasium's value for no horizon
        max_episode_steps = None
    made = load_family(card(registered_id).family)
    if "rows" in inspect.signature(made).parameters:
        kwargs["rows"] = rows
    elif rows not in (None, "sync"):
        raise ValueError(f"rows={rows!r} is unknown; allowed is 'sync'")
    arguments = _known_arguments(made, kwargs)
    if autoreset_mode is not None:
        arguments["autoreset_mode"] = autoreset_mode
    if issubclass(made, MetaVectorEnv):
        return made(num_envs=num_envs, max_episode_steps=max_episode_steps, **arguments)
    return SyncRows(made, num_envs, max_episode_steps, **arguments)


def load_family(family: str) -> type[MetaVectorEnv] | type[MetaEnv]:
    """Import a family.

    Raises:
        ImportError: If a dependency is not installed; names the extra to install.
        TypeError: If it is neither a `MetaVectorEnv` nor a `MetaEnv`.
    """
    module, _, name = family.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package in _EXTRAS:
            raise ImportError(
                f"{family} needs {package}, which is not installed: "
                f'pip install "metazoo[{_EXTRAS[package]}]"'
            ) from missing
        raise
    if not (isinstance(made, type) and issubclass(made, MetaVectorEnv | MetaEnv)):
        raise TypeError(f"{family} is {made!r}; a family is a MetaVectorEnv or a MetaEnv class")
    return made


def _known_arguments(made: type, kwargs: dict[str, Any]) -> dict[str, Any]:
    own = inspect.signature(made).parameters
    core = inspect.signature(MetaEnv).parameters
    inner = {"task_space", "observation_space", "action_space"}
    takes = [name for name, one in own.items() if one.kind is not one.VAR_KEYWORD]
    if any(one.kind is one.VAR_KEYWORD for one in own.values()):
        takes += [name for name in core if name not in takes and name not in inner]
        takes += getattr(made, "more_arguments", ())
    takes = [name for name in takes if name not in ("num_envs", "max_episode_steps")]
    for name in kwargs:
        if name not in takes:
            near = get_close_matches(name, takes, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            # Python's own words come first: clients look for them
            raise TypeError(
                f"{made.__name__}() got an unexpected keyword argument {name!r}; it takes "
                f"{takes}{hint}"
            )
    return kwargs
