"""Wrappers between an environment and a Stable-Baselines3 model: found, repeated or refused."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces, vector
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecCheckNan,
    VecMonitor,
    VecNormalize,
    VecTransposeImage,
    VecVideoRecorder,
)
from stable_baselines3.common.vec_env.base_vec_env import VecEnvWrapper

from ..core.base.vec_bridge import SB3VecEnv

_HARMLESS = (VecMonitor, VecVideoRecorder, VecCheckNan)  # the model sees and does the same
_CHANGING = (
    *(gym.ObservationWrapper, gym.ActionWrapper),
    *(vector.VectorObservationWrapper, vector.VectorActionWrapper),
)


class ModelEyes:
    """How a model sees the observations of an environment.

    Args:
        model: A Stable-Baselines3 model.
        vec_normalize: A `VecNormalize`; False if there is none; None takes the one of
            the model's environment.

    Raises:
        TypeError: If `vec_normalize` is something else.
        ValueError: If the model's environment changes observations or actions in another way, or
            its normalisation is lost.
    """

    def __init__(self, model: Any, vec_normalize: Any = None):
        if vec_normalize not in (None, False) and not isinstance(vec_normalize, VecNormalize):
            raise TypeError(
                f"vec_normalize={vec_normalize!r} is not a VecNormalize; load one with "
                "VecNormalize.load(path, venv), or give False for none"
            )
        wrappers, base = _chain(model.get_env())
        _refuse_others(wrappers, base)
        if base is None and vec_normalize is None:
            _warn_of_the_unknown(model)
        # the space of the environment itself; a model without an environment knows only its own
        self.space = model.observation_space if base is None else base.observation_space
        self.known = base is not None
        changing = [one for one in wrappers if isinstance(one, VecNormalize | VecTransposeImage)]
        if vec_normalize is not None:
            changing = [one for one in changing if isinstance(one, VecTransposeImage)]
        if isinstance(vec_normalize, VecNormalize):
            changing.insert(0, vec_normalize)
        self._changing = changing  # innermost first

    @property
    def normalizes(self) -> bool:
        """Whether observations are normalised."""
        return any(isinstance(one, VecNormalize) and one.norm_obs for one in self._changing)

    def take(self, space: spaces.Space) -> bool:
        """Tell whether the model can see observations of a space."""
        if _alike(self.space, space):
            return True
        return not self.known and _is_picture(space) and _alike(self.space, _transposed(space))

    def shown(self, observation: Any) -> Any:
        """Return a batch of observations as the model sees them.

        A model without an environment transposes images itself.
        """
        for one in self._changing:
            if isinstance(one, VecNormalize):
                observation = one.normalize_obs(observation)
            else:
                observation = one.transpose_observations(observation)
        return observation


def _chain(env: Any) -> tuple[list[Any], Any]:
    """Return the wrappers of a model's environment, innermost first, and what they wrap."""
    wrappers = []
    while isinstance(env, VecEnvWrapper):
        wrappers.append(env)
        env = env.venv
    return wrappers[::-1], env


def _refuse_others(wrappers: list[Any], base: Any) -> None:
    known = (*_HARMLESS, VecNormalize, VecTransposeImage)
    inside: Any = base.venv if isinstance(base, SB3VecEnv) else None
    if isinstance(base, DummyVecEnv):
        inside = base.envs[0]
    lost = [type(one).__name__ for one in wrappers if not isinstance(one, known)]
    while isinstance(inside, gym.Wrapper | vector.VectorWrapper):
        if isinstance(inside, _CHANGING):
            lost.append(type(inside).__name__)
        inside = inside.env
    if lost:
        raise ValueError(
            f"the model sees and acts through {lost}, which an evaluation would leave out; train "
            "on an environment of your own that has it inside (meta_envs.register), or load the "
            "model without its environment if it changes nothing that matters"
        )


def _warn_of_the_unknown(model: Any) -> None:
    """Warn that a model without an environment may lack its VecNormalize; refuse if it does."""
    space, last = model.observation_space, getattr(model, "_last_obs", None)
    if not isinstance(space, spaces.Box) or _is_picture(space):
        return
    cure = "give StableBaselines(model, vec_normalize=VecNormalize.load(path, venv))"
    if last is not None and np.shape(last)[1:] == space.shape:
        if ((last < space.low) | (last > space.high)).any():
            raise ValueError(
                f"the model's last observations lie outside its space {space}, so they were "
                f"normalised, and it was loaded without the statistics; {cure}, or "
                "vec_normalize=False to play without"
            )
    warnings.warn(
        "the model was loaded without its environment and is played on plain observations; if a "
        f"VecNormalize was around it, {cure}; if not, vec_normalize=False says so",
        stacklevel=4,
    )


def _alike(one: spaces.Space, other: spaces.Space) -> bool:
    """Whether spaces are equal, or Boxes of one shape: bounds do not matter to a network."""
    if isinstance(one, spaces.Box) and isinstance(other, spaces.Box):
        return one.shape == other.shape
    if isinstance(one, spaces.Dict) and isinstance(other, spaces.Dict):
        same = one.spaces.keys() == other.spaces.keys()
        return same and all(_alike(one[key], other[key]) for key in one.spaces)
    return one == other


def _is_picture(space: spaces.Space) -> bool:
    if isinstance(space, spaces.Dict):
        return any(_is_picture(part) for part in space.spaces.values())
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3


def _transposed(space: spaces.Space) -> spaces.Space:
    """Return a space with the channels of its images first."""
    if isinstance(space, spaces.Dict):
        return spaces.Dict({key: _transposed(part) for key, part in space.spaces.items()})
    if not _is_picture(space):
        return space
    assert isinstance(space, spaces.Box)
    return spaces.Box(space.low.transpose(2, 0, 1), space.high.transpose(2, 0, 1), dtype=np.uint8)
