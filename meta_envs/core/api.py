"""Access to an environment's task API through any wrappers."""

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
    """Return `env.unwrapped` typed as having the task API, for type checkers and clear errors.

    Args:
        env: The result of `gymnasium.make` or `gymnasium.make_vec`, wrapped or not.

    Raises:
        TypeError: If the environment is not a task distribution.
    """
    inside = env.unwrapped
    if not isinstance(inside, MetaEnv | MetaVectorEnv):
        raise TypeError(
            f"{env} has no task API; task distributions are the ids of `metazoo list` and those "
            "that meta_envs.register made"
        )
    return inside
