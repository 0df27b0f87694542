"""What may be given to an agent as `env`, and how it becomes a `MetaVectorEnv`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium import spaces
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.wrappers import HumanRendering, OrderEnforcing, PassiveEnvChecker, TimeLimit
from gymnasium.wrappers.vector import DictInfoToList
from stable_baselines3.common.vec_env import VecEnv

import meta_envs
from meta_envs.core import tasks as _tasks
from meta_envs.core.arguments import positive
from meta_envs.core.autoreset import require_same_step
from meta_envs.core.foreign import ForeignRows
from meta_envs.core.rng import fold
from meta_envs.wrappers import VectorTrialWrapper

from .vec_bridge import SB3VecEnv

ENDLESS = 2**53  # episodes of a trial that lasts a whole lifetime
_OF_MAKE = (PassiveEnvChecker, OrderEnforcing, TimeLimit, HumanRendering)  # wrappers of gym.make,
# which does not change what is played
_NOT_KWARGS = ("num_envs", "vectorization_mode", "render_mode", "autoreset_mode")
_ENDS = ("pulls", "steps", "horizon")  # attributes of families whose episodes end by themselves
_HIDING = (DictInfoToList,)  # batches' wrappers that agents cannot play through


def env_identity(
    env: Any, env_kwargs: Mapping[str, Any] | None, more: Mapping[str, Any] | None = None
) -> tuple[str | None, dict]:
    """Return the id and keyword arguments that make `env` again; the id is None if unknown.

    Args:
        env: As in `make_venv`.
        env_kwargs: The agent's argument, which goes with an id.
        more: As in `make_venv`: a made batch whose arguments differ from these has its own.

    Raises:
        ValueError: If `env_kwargs` are given beside a made environment, or set the number of rows.
    """
    if isinstance(env, str):
        kwargs = dict(env_kwargs or {})
        if "num_envs" in kwargs:
            raise ValueError("env_kwargs has 'num_envs'; the agent's own argument is n_envs")
        return env, kwargs
    if env_kwargs:
        raise ValueError(f"env_kwargs={dict(env_kwargs)} belong to an id, but env is {env}")
    if isinstance(env, SB3VecEnv):
        env = env.venv
    spec = getattr(env, "spec", None)
    if spec is None or isinstance(env, VecEnv) or _lost_wrappers(env):
        return None, {}
    known = {**gym.spec(spec.id).kwargs, "max_episode_steps": gym.spec(spec.id).max_episode_steps}
    known |= more if more and isinstance(env, VectorEnv) else {}
    given = {**spec.kwargs, "max_episode_steps": _horizon(env, spec.max_episode_steps)}
    changed = {
        key: value
        for key, value in given.items()
        if key not in _NOT_KWARGS and (key not in known or known[key] != value)
    }
    return spec.id, changed


def is_foreign(identity: str) -> bool:
    """Tell whether an id is not a task distribution, however it is registered."""
    module, _, name = identity.rpartition(":")
    if module:  # import what registers it, as gymnasium.make does
        importlib.import_module(module)
    spec = gym.spec(name)
    if spec.id in meta_envs.list_distributions():
        return False
    made: Any = spec.vector_entry_point
    made = load_env_creator(made) if isinstance(made, str) else made
    return not (isinstance(made, type) and issubclass(made, meta_envs.MetaVectorEnv))


def make_rows(identity: str, num_envs: int, kwargs: Mapping[str, Any]) -> VectorEnv:
    """Make rows of any id: a task distribution's batch, or `ForeignRows`."""
    if is_foreign(identity):
        return ForeignRows(identity, num_envs=num_envs, **kwargs)
    return gym.make_vec(identity, num_envs=num_envs, **kwargs)


def first_tasks(venv: Any, num_tasks: int, seed: int) -> dict[str, Any]:
    """Return the first tasks that `evaluate` uses: from a stream, or a finite split in order.

    Args:
        venv: Any batch of the distribution; its own episodes are not disturbed.
        num_tasks: Number of tasks.
        seed: Seed of the evaluation.
    """
    members = venv.tasks_in_split
    if members is None:
        return venv.sample_tasks(num_tasks, seed=fold(seed, "tasks"))
    return _tasks.stack([members[i % len(members)] for i in range(num_tasks)])


def make_venv(
    env: Any,
    n_envs: int,
    env_kwargs: Mapping[str, Any] | None = None,
    *,
    any_id: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Any:
    """Make the vector environment of a meta-agent.

    Args:
        env: An id, a `gym.make` environment (made again from its spec), a `MetaVectorEnv`, or an
            `SB3VecEnv` over one.
        n_envs: Number of rows, if the environment is made here.
        env_kwargs: Keyword arguments, if `env` is an id.
        any_id: Also accept ids that are not task distributions, as `ForeignRows`.
        more: Keyword arguments for rows that are made here, unless given otherwise.

    Raises:
        TypeError: If `env` is something else, or has no task API.
        ValueError: If a wrapper would be lost, or `n_envs` is not a number of rows.
    """
    n_envs = positive("n_envs", n_envs)
    if isinstance(env, SB3VecEnv):
        env = env.venv
    if isinstance(env, str):
        return _made(env, n_envs, {**(more or {}), **(env_kwargs or {})}, any_id)
    if isinstance(env, VectorEnv):
        _refuse_unplayable(env)
        return _with_task_api(env, str(env))
    if isinstance(env, VecEnv):
        raise TypeError(
            f"{type(env).__name__} has no task API; give the id, or SB3VecEnv("
            "gymnasium.make_vec(id, num_envs=...))"
        )
    if isinstance(env, gym.Env):
        refuse_wrappers(env, "wrap a gymnasium.make_vec environment instead, or give the id")
        identity, kwargs = env_identity(env, None)
        if identity is None:
            raise TypeError(f"{env} was not made by gymnasium.make; give an id or a MetaVectorEnv")
        return _made(identity, n_envs, {**(more or {}), **kwargs}, any_id)
    raise TypeError(f"env={env!r}; give an id, a gymnasium.make environment or a MetaVectorEnv")


def num_rows_of(env: Any) -> int | None:
    """Return the number of rows of a made batch; None for an environment still to be made."""
    return env.num_envs if isinstance(env, VectorEnv | VecEnv) else None


def trial_length(venv: Any) -> int | None:
    """Return the steps of a trial, at most; None where episodes have no end that is known.

    Args:
        venv: A `MetaVectorEnv`, without wrappers.
    """
    ends = [getattr(venv, name, None) for name in ("max_episode_steps", *_ENDS)]
    steps = next((end for end in ends if isinstance(end, int)), None)
    return None if steps is None else steps * venv.episodes_per_trial


def check_spaces(venv: Any, observation_space: spaces.Space, action_space: spaces.Space) -> None:
    """Refuse an environment whose spaces are not those of training.

    Raises:
        ValueError: Naming both.
    """
    for name, trained in (("observation", observation_space), ("action", action_space)):
        given = getattr(venv, f"single_{name}_space")
        if given != trained:
            raise ValueError(f"the {name} space is {given}; the agent was trained on {trained}")


def refuse_wrappers(env: Any, instead: str) -> None:
    """Refuse an environment whose wrappers would be lost if it were made again from its id.

    Args:
        env: A `gym.make` or `gym.make_vec` environment.
        instead: What to do instead, for the message.

    Raises:
        ValueError: Naming the wrappers.
    """
    if lost := _lost_wrappers(env):
        raise ValueError(f"the env is made again from its id, and {lost} would be lost; {instead}")


def _made(identity: str, n_envs: int, kwargs: Mapping[str, Any], any_id: bool) -> VectorEnv:
    if any_id:
        return make_rows(identity, n_envs, kwargs)
    return _with_task_api(gym.make_vec(identity, num_envs=n_envs, **kwargs), identity)


def _refuse_unplayable(env: VectorEnv) -> None:
    """Refuse a batch with a wrapper, at any depth, that hides what collectors need."""
    while env is not env.unwrapped:
        if isinstance(env, VectorTrialWrapper):
            raise TypeError("meta-agents play trials themselves; give the env inside it")
        if isinstance(env, _HIDING):
            raise TypeError(
                f"{type(env).__name__} hides the arrays that meta-agents read (observations, "
                "infos); give the env without it"
            )
        env = env.env  # type: ignore[attr-defined]


def _with_task_api(venv: VectorEnv, name: str) -> VectorEnv:
    if isinstance(venv.unwrapped, meta_envs.MetaVectorEnv):
        require_same_step(venv, "an agent")
        return venv
    raise TypeError(
        f"{name} has no task API; meta-agents take task distributions, e.g. "
        'gymnasium.make_vec("meta/DependentBandit-v0", num_envs=8) (`metazoo list` shows all; '
        "meta_envs.register makes your own)"
    )


def _lost_wrappers(env: Any) -> list[str]:
    """Return the wrappers that making the id does not restore, outermost first."""
    return [type(one).__name__ for one in _wrappers(env) if not isinstance(one, _OF_MAKE)]


def _horizon(env: Any, registered: int | None) -> int | None:
    """Return the horizon in force: a batch's own, whatever its spec says; else the nearest one."""
    if isinstance(env, VectorEnv):
        return getattr(env, "max_episode_steps", registered)
    specs = [one.spec for one in _wrappers(env) if isinstance(one, TimeLimit)]
    steps = [spec.max_episode_steps for spec in specs if spec is not None]
    limits = [limit for limit in steps if limit is not None]
    return min(limits, default=registered)


def _wrappers(env: Any) -> list[Any]:
    found: list[Any] = []
    while isinstance(env, gym.Wrapper | VectorWrapper):
        found.append(env)
        env = env.env
    return found
