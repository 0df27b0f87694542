"""The task API of an environment, whatever stands around it."""

from __future__ import annotations

from typing import Any, overload

import gymnasium as gym
from gymnasium.vector import VectorEnv

from .single import MetaEnv
from .vector import MetaVectorEnv


@overload
def task_api(env: gym.Env[Any, Any]) -> MetaEnv: ...


@overload
def task_api(env: VectorEnv[Any, Any, Any]) -> MetaVectorEnv: ...


def task_api(env: Any) -> MetaEnv | MetaVectorEnv:
    """Return `env.unwrapped`, as what has the task API: for type checkers and clear errors.

    Args:
        env: What `gymnasium.make` or `gymnasium.make_vec` gave, wrapped or not.

    Raises:
        TypeError: If the environment is no task distribution.
    """
    inside = env.unwrapped
    if not isinstance(inside, MetaEnv | MetaVectorEnv):
        raise TypeError(
            f"{env} has no task API; task distributions are the ids of `metazoo list` and those "
            "that meta_envs.register made"
        )
    return inside
