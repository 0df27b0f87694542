"""Demonstrations: episodes that somebody played, to learn from. T steps of an episode."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from gymnasium import spaces

from meta_envs.core import batches

from ..saving.checkpoint import read_checkpoint, write_checkpoint
from ..saving.encoding import decode, encode
from ..saving.stored import reading
from . import episode_arrays as arrays
from .step import Step

_KIND = "demonstrations"  # what such a file says that it is


@dataclass(frozen=True)
class Demonstration:
    """One episode. Actions, rewards and the task may be unknown: None."""

    observations: Any  # what was seen, then the last step's true successor, [T + 1, ...]
    actions: np.ndarray | None = None  # [T, ...]
    rewards: np.ndarray | None = None  # [T]
    terminated: bool = True  # at its end; otherwise it was cut
    task: Mapping[str, Any] | None = None

    def __len__(self) -> int:
        """T."""
        return len(arrays.first_part(self.observations)) - 1

    def steps(self) -> list[Step]:
        """Return the steps of one row, each [1, ...], as `InnerLoop.condition` takes them."""
        found = []
        for t in range(len(self)):
            last = np.array([t == len(self) - 1])
            found.append(
                Step(
                    observation=batches.take(self.observations, np.array([t])),
                    action=None if self.actions is None else self.actions[[t]],  # type: ignore[arg-type]
                    reward=None if self.rewards is None else self.rewards[[t]],  # type: ignore[arg-type]
                    terminated=last & self.terminated,
                    truncated=last & (not self.terminated),
                    next_observation=batches.take(self.observations, np.array([t + 1])),
                )
            )
        return found


@dataclass(frozen=True)
class DemonstrationSet:
    """Episodes of one environment's spaces, which can be saved without pickle.

    Args:
        episodes: At least one.
        observation_space: Space of one observation.
        action_space: Space of one action.
        about: Anything else to remember that JSON can hold, e.g. the id.

    Raises:
        TypeError: If an episode is not a `Demonstration`.
        ValueError: If there is none, one has no steps, or its shapes are those of other spaces; the
            message names it.
    """

    episodes: Sequence[Demonstration]
    observation_space: spaces.Space
    action_space: spaces.Space
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every episode."""
        object.__setattr__(self, "episodes", tuple(self.episodes))
        if not self.episodes:
            raise ValueError("a DemonstrationSet needs at least one episode")
        for index, one in enumerate(self.episodes):
            _check(one, f"episode {index}", self.observation_space, self.action_space)

    def __len__(self) -> int:
        """Return the number of episodes."""
        return len(self.episodes)

    def __iter__(self) -> Iterator[Demonstration]:
        """Go through the episodes."""
        return iter(self.episodes)

    @property
    def hash(self) -> str:
        """Identifies what the episodes hold (not `about`)."""
        digest = hashlib.sha256()
        for name, part in sorted(self._tensors().items()):
            digest.update(f"{name}{part.dtype}{part.shape}".encode() + part.tobytes())
        return digest.hexdigest()[:16]

    def without(self, *, actions: bool = False, rewards: bool = False) -> DemonstrationSet:
        """Return the same episodes as if they had only been watched.

        Args:
            actions: Leave out the actions.
            rewards: Leave out the rewards.
        """
        left: dict[str, Any] = {"actions": None} if actions else {}
        left |= {"rewards": None} if rewards else {}
        return replace(self, episodes=[replace(one, **left) for one in self.episodes])

    def pairs(self) -> tuple[Any, np.ndarray]:
        """Return what was seen, [S, ...], and what was done then, [S, ...], of all S steps.

        Raises:
            ValueError: If an episode has no actions.
        """
        self.require_actions()
        seen = [batches.take(one.observations, np.arange(len(one))) for one in self.episodes]
        return arrays.joined(seen), np.concatenate(
            [np.asarray(one.actions) for one in self.episodes]
        )

    def require_actions(self) -> None:
        """Refuse episodes that were only watched.

        Raises:
            ValueError: If an episode has no actions; the message names it.
        """
        for index, one in enumerate(self.episodes):
            if one.actions is None:
                raise ValueError(
                    f"episode {index} has no actions, and there is nothing to imitate; record "
                    "episodes with their actions"
                )

    # ---- files ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike) -> None:
        """Write a zip of JSON and safetensors.

        Args:
            path: `.zip` is added if there is no suffix.

        Raises:
            OSError: If it cannot be written; an older file of that name survives.
        """
        data = {
            "kind": _KIND,
            "observation_space": encode(self.observation_space, set()),
            "action_space": encode(self.action_space, set()),
            "about": encode(dict(self.about), set()),
        }
        write_checkpoint(path, data, {_KIND: self._tensors()})

    @classmethod
    def load(cls, path: str | os.PathLike) -> DemonstrationSet:
        """Read what `save` wrote.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is damaged, or something else.
        """
        data, groups = read_checkpoint(path)
        if data.get("kind") != _KIND:
            raise ValueError(f"{path} holds no demonstrations; DemonstrationSet.save writes such")
        tensors = {name: part.numpy() for name, part in groups.get(_KIND, {}).items()}
        with reading(str(path), _KIND):
            spaces_ = decode(data["observation_space"]), decode(data["action_space"])
            episodes = [Demonstration(**one) for one in arrays.episodes(tensors)]
            return cls(episodes, *spaces_, decode(data["about"]))

    @classmethod
    def from_minari(cls, dataset: Any) -> DemonstrationSet:
        """Return the episodes of a Minari dataset.

        Args:
            dataset: A `minari.MinariDataset`, e.g. `minari.load_dataset(...)`; anything with its
                `iterate_episodes`, `observation_space` and `action_space`.

        Raises:
            TypeError: If it is not a dataset.
        """
        if not callable(getattr(dataset, "iterate_episodes", None)):
            raise TypeError(
                f"{dataset!r} is not a Minari dataset; use minari.load_dataset(name), which needs "
                "pip install minari"
            )
        episodes = [
            Demonstration(
                observations=one.observations,
                actions=np.asarray(one.actions),
                rewards=np.asarray(one.rewards, dtype=np.float64),
                terminated=bool(np.asarray(one.terminations)[-1]),
            )
            for one in dataset.iterate_episodes()
        ]
        name = getattr(getattr(dataset, "spec", None), "dataset_id", None)
        return cls(episodes, dataset.observation_space, dataset.action_space, {"minari": name})

    def _tensors(self) -> dict[str, np.ndarray]:
        """Return all episodes as arrays, one after the other, by name."""
        return arrays.flat([vars(one) for one in self.episodes])


def _check(
    one: Any, name: str, observation_space: spaces.Space, action_space: spaces.Space
) -> None:
    if not isinstance(one, Demonstration):
        raise TypeError(f"{name} is {one!r}, not a Demonstration")
    if len(one) < 1:
        raise ValueError(f"{name} has no steps; an episode has at least one")
    shown = batches.take(one.observations, 0)
    if not _fits(shown, observation_space):
        raise ValueError(f"{name} has observations like {shown!r}, not of {observation_space}")
    if one.actions is not None:
        if len(one.actions) != len(one):
            raise ValueError(f"{name} has {len(one.actions)} actions for {len(one)} steps")
        if np.shape(one.actions)[1:] != (action_space.shape or ()):
            raise ValueError(
                f"{name} has actions of the shape {np.shape(one.actions)[1:]}, not of "
                f"{action_space}"
            )
    if one.rewards is not None and np.shape(one.rewards) != (len(one),):
        raise ValueError(f"{name} has rewards {np.shape(one.rewards)} for {len(one)} steps")


def _fits(observation: Any, space: spaces.Space) -> bool:
    if isinstance(space, spaces.Dict):
        named = isinstance(observation, dict) and observation.keys() == space.spaces.keys()
        return named and all(_fits(observation[key], part) for key, part in space.spaces.items())
    return not isinstance(observation, dict) and np.shape(observation) == (space.shape or ())
