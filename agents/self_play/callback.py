"""A callback that lets an agent train against earlier versions of itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from stable_baselines3.common.callbacks import BaseCallback

from meta_envs.core.arguments import whole
from meta_envs.core.bank import Bank, read
from meta_envs.opponents.roster import MADE_AT, SELF, opponents_of

from ..core.saving.files import atomic_file
from .networks import Arrays, opponent_arrays

_LEAST = 3  # versions: the first, the newest, and one to be replaced


class SelfPlay(BaseCallback):
    """Keep the agent as a new version of its opponent, every so many steps.

    The environment is made for it, e.g. with `env_kwargs={"bank": "self"}` of `meta/Sumo-v0`. Tasks
    then name a version, and all versions are equally likely. The first is the agent as training
    begins. Once there are `keep` versions, each new one takes the place of the one whose neighbours
    are nearest to each other in time, so that they stay spread over all of training.

    Of our agents, the bank is part of the checkpoint (as the environment's argument `bank`): a
    training that was killed resumes bit for bit. Stable-Baselines3's checkpoints do not have it;
    give a `path`, from which a resumed training takes it.

    Args:
        every: Timesteps between versions, at least; versions are made where iterations begin.
        keep: Most versions; the environment must have room for them (`max_versions`).
        path: A safetensors file that has the bank after each new version; None for none. If it is
            there when training begins and the environment has no versions yet, it is read.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, every: int, keep: int = 32, path: str | os.PathLike[str] | None = None):
        super().__init__()
        self.every = whole("every", every, 1)
        self.keep = whole("keep", keep, _LEAST)
        self.path = None if path is None else Path(path)
        self.versions: Arrays = {}

    def _on_training_start(self) -> None:
        self._rows = _contests(self.training_env)
        room = int(_space(self._rows[0])["version"].n)
        opponents = int(_space(self._rows[0])["opponent"].n)
        if room < self.keep or opponents != 1:
            raise ValueError(
                f"SelfPlay keeps {self.keep} versions of one opponent; the environment's tasks "
                f"name {room} of {opponents}: make it with bank={SELF!r}, "
                f"max_versions={self.keep}"
            )
        bank = self._rows[0].bank
        self.versions = {} if bank is None or MADE_AT not in bank.arrays else dict(bank.arrays)
        if not self.versions and self.path is not None and self.path.is_file():
            self._install(read(self.path))
        self._on_rollout_start()

    def _on_rollout_start(self) -> None:
        now = self.model.num_timesteps
        if not self.versions:
            self._install({**opponent_arrays(self.model), MADE_AT: np.array([float(now)])})
        elif now - self.versions[MADE_AT][-1] >= self.every:
            made = {**opponent_arrays(self.model), MADE_AT: np.array([float(now)])}
            self._install(with_version(self.versions, made, self.keep))

    def _on_step(self) -> bool:
        return True

    def _install(self, versions: Arrays) -> None:
        """Let the environment's opponent have these versions, and the checkpoint and the file."""
        bank = opponents_of(versions)
        for rows in self._rows:
            rows.set_bank(bank)
        self.versions = dict(bank.arrays)
        kwargs = getattr(self.model, "env_kwargs", None)
        if kwargs is not None:  # our agents make their environments from these, and save them
            room = int(_space(self._rows[0])["version"].n)
            more = {"bank": self.versions, "max_versions": room, "names": [SELF]}
            model: Any = self.model
            model.env_kwargs = model.settings["env_kwargs"] = {**kwargs, **more}
        if self.path is not None:
            with atomic_file(self.path) as stream:
                stream.write(safetensors.numpy.save(self.versions))
        self.logger.record("self_play/versions", bank.size)


def with_version(versions: Arrays, made: Arrays, keep: int) -> Arrays:
    """Return versions with a new last one, without the one least missed if they are too many.

    Args:
        versions: Arrays [V, ...] by name, with `"about.made_at"` [V].
        made: Arrays [1, ...] with the same names.
        keep: Most versions.

    Raises:
        ValueError: If names differ.
    """
    if versions.keys() != made.keys():
        differ = sorted(versions.keys() ^ made.keys())
        raise ValueError(
            f"the versions that the environment has are of another policy: {differ} differ; start "
            f"with bank={SELF!r}"
        )
    joined = {name: np.concatenate([part, made[name]]) for name, part in versions.items()}
    times = joined[MADE_AT]
    if len(times) <= keep:
        return joined
    gone = 1 + int(np.argmin(times[2:] - times[:-2]))  # never the first nor the newest
    return {name: np.delete(part, gone, axis=0) for name, part in joined.items()}


def _contests(env: Any) -> list[Any]:
    """Return the task distributions that an environment of Stable-Baselines3 plays."""
    while hasattr(env, "venv") and not hasattr(env, "envs"):
        env = env.venv
    rows = [one.unwrapped for one in getattr(env, "envs", [env])]
    if not all(hasattr(one, "set_bank") and isinstance(one.bank, Bank) for one in rows):
        raise TypeError(
            f"SelfPlay needs an environment whose tasks name opponents of a bank, e.g. "
            f"meta/Sumo-v0 with bank={SELF!r}, not {env}"
        )
    return rows


def _space(rows: Any) -> Any:
    return getattr(rows, "single_task_space", None) or rows.task_space
