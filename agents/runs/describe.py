"""What there is to know about a task distribution: `metazoo describe`."""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

import meta_envs
from meta_envs.core.registration import load_family

from .. import ALGORITHMS
from ..core.base.presets import find_preset
from ..core.base.shown import short
from ..core.base.venv import trial_length
from . import references

_WIDTH = 100  # columns
_SEED = 0  # of the task in the picture
# Not for users of an id: what every family takes, and what the constructor says of itself
_LEFT_OUT = ("Args", "Raises", "Versions")


@dataclass(frozen=True)
class Description:
    """A task distribution in words; `str` gives all of it.

    Args:
        id: Its id.
        sections: Text by heading, in order.
        env_kwargs: Arguments that change it.
    """

    id: str
    sections: Mapping[str, str]
    env_kwargs: Mapping[str, Any]

    def picture(self) -> np.ndarray:
        """Draw the start of a task: uint8 [height, width, 3].

        Raises:
            Exception: The family cannot draw here, e.g. without a display.
        """
        venv = gym.make_vec(self.id, num_envs=1, render_mode="rgb_array", **self.env_kwargs)
        venv.reset(seed=_SEED)
        pictures: Any = venv.render()
        venv.close()
        return pictures[0]

    def __str__(self) -> str:
        """Return every section, wrapped."""
        lines = []
        for head, text in self.sections.items():
            lines += [head]
            for line in text.splitlines():
                lines.append(
                    textwrap.fill(
                        line,
                        _WIDTH,
                        initial_indent="  ",
                        subsequent_indent="    ",
                        break_long_words=False,
                        break_on_hyphens=False,
                    )  # fmt: skip
                )
            lines.append("")
        return "\n".join(lines).rstrip()


def describe(id: str, *, env_kwargs: Mapping[str, Any] | None = None) -> Description:
    """Describe a task distribution: tasks, spaces, splits, reward, presets, chance and oracle.

    Numbers that the docstring names by arguments are filled in as they are for this id.

    Args:
        id: The id.
        env_kwargs: Arguments that change it.

    Raises:
        gymnasium.error.NameNotFound: There is no such id; names the nearest.
        ImportError: What it needs is not installed.
        ValueError: An argument is out of range.
    """
    kwargs = dict(env_kwargs or {})
    card = meta_envs.card(id.rpartition(":")[2])
    family = load_family(card.family)
    venv: Any = gym.make_vec(id, num_envs=1, **kwargs)
    try:
        changed = {**card.kwargs, **kwargs}
        given = ", ".join(f"{key}={value!r}" for key, value in changed.items())
        about = inspect.cleandoc(family.__doc__ or "")
        head, parts = _parts(about)
        sections = {
            card.id: "\n".join(
                [
                    card.summary,
                    *([head] if head[:-1] != card.summary else []),
                    f"Arguments here: {given or 'none'}",
                ]
            )
        }
        sections |= {
            name: _with_numbers(text, venv) for name, text in parts.items() if name not in _LEFT_OUT
        }
        goal = inspect.getdoc(type(getattr(venv, "goal", None)))
        if "Reward" in sections and goal and hasattr(venv, "goal"):
            sections["Reward"] += f"\nThe goal here: {goal.splitlines()[0]}"
        sections["Spaces"] = _spaces(venv)
        sections["In numbers"] = _numbers(venv)
        sections["Presets"] = _presets(id, kwargs)
        sections["Chance and oracle"] = _references(card.id, venv, kwargs)
        sections["Registered"] = f"{card.source}; {card.family}"
    finally:
        venv.close()
    return Description(id, sections, kwargs)


def _parts(docstring: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what comes before its headings, and the text of each, unwrapped."""
    pieces = re.split(r"^([A-Z][A-Za-z ]*):\n(?=    )", docstring, flags=re.MULTILINE)
    texts = [_unwrapped(inspect.cleandoc(text)) for text in pieces]
    return texts[0], dict(zip(pieces[1::2], texts[2::2], strict=True))


def _unwrapped(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _with_numbers(text: str, venv: Any) -> str:
    """Write behind each argument named in backticks what it is here, if it is a number or flag."""

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        for place in (getattr(venv, "settings", None), venv):
            value = getattr(place, name, None)
            if isinstance(value, bool | int | float | np.number):
                return (
                    f"{name} (here {value:g})"
                    if not isinstance(value, bool)
                    else (f"{name} (here {value})")
                )
        return name

    return re.sub(r"`([a-z_0-9]+)`", filled, text).replace("`", "")


def _spaces(venv: Any) -> str:
    lines = [
        f"observation: {venv.single_observation_space}",
        f"action: {venv.single_action_space}",
        "task:",
    ]
    lines += [f"    {key}: {_range(space)}" for key, space in venv.single_task_space.items()]
    return "\n".join(lines)


def _range(space: spaces.Space) -> str:
    if not isinstance(space, spaces.Box):
        return str(space)
    low, high = np.unique(space.low), np.unique(space.high)
    if len(low) == 1 and len(high) == 1:
        shape = f" each of {space.shape}" if space.shape else ""
        return f"{low[0]:.6g} to {high[0]:.6g}{shape}"
    ends = zip(np.ravel(space.low), np.ravel(space.high), strict=True)
    return ", ".join(f"{a:.6g} to {b:.6g}" for a, b in list(ends)[:8])


def _numbers(venv: Any) -> str:
    finite = venv.tasks_in_split
    count = "" if finite is None else f", {len(finite)} tasks in {venv.split!r}"
    steps = trial_length(venv)
    lines = [
        f"splits: {', '.join(venv.splits)} (default: {venv.split}{count})",
        f"episodes a trial: {venv.episodes_per_trial}",
        "steps of an episode, at most: "
        + ("until it terminates" if steps is None else str(steps // venv.episodes_per_trial)),
    ]
    return "\n".join(lines)


def _presets(id: str, env_kwargs: Mapping[str, Any]) -> str:
    """Return the presets of each algorithm for an id with these arguments."""
    lines = []
    for name, place in ALGORITHMS.items():
        module, _, class_name = place.partition(":")
        cls = getattr(importlib.import_module(module), class_name)
        found = find_preset(cls.presets, id, env_kwargs)
        if found is not None:
            told = ", ".join(f"{key}={short(value)}" for key, value in found.items())
            lines.append(f"{name}: {told}")
    return "\n".join(lines) or "none"


def _references(id: str, venv: Any, env_kwargs: Mapping[str, Any]) -> str:
    if env_kwargs:
        return "not measured with these arguments"
    lines = []
    for (one, split), kinds in references.table().items():
        for kind, row in kinds.items() if one == id else ():
            lines.append(
                f"{kind} ({row['agent'].removesuffix('()')}): {row['mean']:.4g} "
                f"+- {row['standard_error']:.2g} an episode, split {split}, "
                f"{row['num_tasks']:,} tasks"
            )
    return "\n".join(lines) or "not measured"
