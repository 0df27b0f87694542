"""What may be given to an agent as `env`, and how it becomes a `MetaVectorEnv`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import HumanRendering, OrderEnforcing, PassiveEnvChecker, TimeLimit
from stable_baselines3.common.vec_env import VecEnv

import meta_envs
from meta_envs.wrappers import VectorTrialWrapper

from .vec_bridge import SB3VecEnv

_OF_MAKE = (PassiveEnvChecker, OrderEnforcing, TimeLimit, HumanRendering)  # what gym.make puts on


def env_identity(env: Any, env_kwargs: Mapping[str, Any] | None) -> tuple[str | None, dict]:
    """Return the id and keyword arguments that make `env` again; the id is None if unknown.

    Args:
        env: As in `make_venv`.
        env_kwargs: The agent's argument, which belongs to an id.

    Raises:
        ValueError: If `env_kwargs` are given beside a made environment.
    """
    if isinstance(env, str):
        return env, dict(env_kwargs or {})
    if env_kwargs:
        raise ValueError(f"env_kwargs={dict(env_kwargs)} belong to an id, but env is {env}")
    if isinstance(env, SB3VecEnv):
        env = env.venv
    spec = getattr(env, "spec", None)
    if spec is None or (isinstance(env, VectorEnv) and env is not env.unwrapped):
        return None, {}
    given = {**spec.kwargs, "max_episode_steps": spec.max_episode_steps}
    known = {**gym.spec(spec.id).kwargs, "max_episode_steps": gym.spec(spec.id).max_episode_steps}
    own = ("num_envs", "vectorization_mode", "render_mode")
    changed = {
        key: value
        for key, value in given.items()
        if key not in own and (key not in known or known[key] != value)
    }
    return spec.id, changed


def make_venv(env: Any, n_envs: int, env_kwargs: Mapping[str, Any] | None = None) -> Any:
    """Make the vector environment of a meta-agent.

    Args:
        env: An id, a `gym.make` environment (made again from its spec), a `MetaVectorEnv`, or an
            `SB3VecEnv` over one.
        n_envs: Rows, where it is made here.
        env_kwargs: Keyword arguments, where `env` is an id.

    Raises:
        TypeError: If `env` is something else, or has no task API.
        ValueError: If a wrapper would be lost.
    """
    if isinstance(env, SB3VecEnv):
        env = env.venv
    if isinstance(env, str):
        return _with_task_api(gym.make_vec(env, num_envs=n_envs, **(env_kwargs or {})), env)
    if isinstance(env, VectorEnv):
        if isinstance(env, VectorTrialWrapper):
            raise TypeError("meta-agents play trials themselves; give the env inside it")
        return _with_task_api(env, str(env))
    if isinstance(env, VecEnv):
        raise TypeError(
            f"{type(env).__name__} has no task API; give the id, or SB3VecEnv("
            "gymnasium.make_vec(id, num_envs=...))"
        )
    if isinstance(env, gym.Env):
        _refuse_wrappers(env)
        identity, kwargs = env_identity(env, None)
        if identity is None:
            raise TypeError(f"{env} was not made by gymnasium.make; give an id or a MetaVectorEnv")
        return _with_task_api(gym.make_vec(identity, num_envs=n_envs, **kwargs), identity)
    raise TypeError(f"env={env!r}; give an id, a gymnasium.make environment or a MetaVectorEnv")


def check_spaces(venv: Any, observation_space: spaces.Space, action_space: spaces.Space) -> None:
    """Refuse an environment whose spaces are not those of training.

    Raises:
        ValueError: Naming both.
    """
    for name, trained in (("observation", observation_space), ("action", action_space)):
        given = getattr(venv, f"single_{name}_space")
        if given != trained:
            raise ValueError(f"the {name} space is {given}; the agent was trained on {trained}")


def _with_task_api(venv: VectorEnv, name: str) -> VectorEnv:
    if isinstance(venv.unwrapped, meta_envs.MetaVectorEnv):
        return venv
    raise TypeError(
        f"{name} has no task API; meta-agents take task distributions, e.g. "
        'gymnasium.make_vec("meta/DependentBandit-v0", num_envs=8) (`metazoo list` shows all; '
        "meta_envs.register makes your own)"
    )


def _refuse_wrappers(env: gym.Env) -> None:
    lost = []
    while isinstance(env, gym.Wrapper):
        if not isinstance(env, _OF_MAKE):
            lost.append(type(env).__name__)
        env = env.env
    if lost:
        raise ValueError(
            f"the env is made again as a batch, and {lost} would be lost; wrap a "
            "gymnasium.make_vec environment instead, or give the id"
        )
