"""Wrappers over the task API: trials as episodes, and the task in the observation."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorWrapper
from gymnasium.vector.utils import batch_space

from ..core.single import MetaEnv
from ..core.vector import MetaVectorEnv
from .trial import TrialObservation, TrialWrapper, VectorTrialWrapper

__all__ = [
    "OracleObservation",
    "TrialObservation",
    "TrialWrapper",
    "VectorOracleObservation",
    "VectorTrialWrapper",
]


class OracleObservation(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """Appends the flattened task to the flattened observation: the informed upper bound.

    Args:
        env: A `gym.make` environment with the task API.

    Raises:
        TypeError: If it lacks the task API.
    """

    def __init__(self, env: gym.Env):
        gym.utils.RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        if not isinstance(env.unwrapped, MetaEnv):
            raise TypeError(f"{env} has no task API; OracleObservation takes those of meta_envs")
        self._task_space = env.unwrapped.task_space
        self.observation_space = observation_with_task(env.observation_space, self._task_space)

    def reset(self, **kwargs: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset; the observation includes the current task."""
        observation, info = self.env.reset(**kwargs)
        return self._shown(observation), info

    def step(self, action: Any) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Step; the observation includes the current task."""
        observation, *rest = self.env.step(action)
        return (self._shown(observation), *rest)  # type: ignore[return-value]

    def _shown(self, observation: Any) -> np.ndarray:
        env = self.env.unwrapped
        assert isinstance(env, MetaEnv)
        flat = spaces.flatten(self.env.observation_space, observation)
        task = spaces.flatten(self._task_space, env.task)
        return np.concatenate([flat, task]).astype(np.float32)


class VectorOracleObservation(VectorWrapper):
    """The batched twin of `OracleObservation`.

    Args:
        env: A `MetaVectorEnv`.

    Raises:
        TypeError: If it is something else.
    """

    env: Any

    def __init__(self, env: Any):
        super().__init__(env)
        if not isinstance(env.unwrapped, MetaVectorEnv):
            raise TypeError(f"{env} is not a MetaVectorEnv; make one with gymnasium.make_vec")
        self.single_observation_space = observation_with_task(
            env.single_observation_space, env.unwrapped.single_task_space
        )
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._flat_tasks = np.zeros((self.num_envs, 0), dtype=np.float32)

    def reset(self, **kwargs: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset; observations include the current tasks."""
        observations, infos = self.env.reset(**kwargs)
        self._flat_tasks = self._flattened(range(self.num_envs))
        return self._shown(observations, self._flat_tasks), infos

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step; observations include the current tasks."""
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        if "final_obs" in infos:
            infos = {**infos, "final_obs": self._shown(infos["final_obs"], self._flat_tasks)}
        if self.env.unwrapped.distribution.changes:  # within trials too
            rows = self.env.unwrapped.every_row
        else:
            rows = np.flatnonzero(infos["trial_start"])
        if rows.size:
            self._flat_tasks = self._flat_tasks.copy()
            self._flat_tasks[rows] = self._flattened(rows.tolist())
        return self._shown(observations, self._flat_tasks), rewards, terminated, truncated, infos

    def _flattened(self, rows: Any) -> np.ndarray:
        return flat_tasks(self.env.unwrapped, rows)

    def _shown(self, observations: Any, tasks: np.ndarray) -> np.ndarray:
        space = self.env.single_observation_space
        if isinstance(space, spaces.Box):
            flat = np.asarray(observations).reshape(self.num_envs, -1)
        else:
            rows = range(self.num_envs)
            each = [spaces.flatten(space, _row(observations, row)) for row in rows]
            flat = np.stack([np.asarray(one) for one in each])
        return np.concatenate([flat, tasks], axis=1).astype(np.float32)


def flat_tasks(venv: Any, rows: Any) -> np.ndarray:
    """Return the tasks in force of some rows as flat vectors, float32 [R, ...]."""
    space, tasks = venv.single_task_space, venv.tasks
    each = [{key: part[row] for key, part in tasks.items()} for row in rows]
    return np.stack([np.asarray(spaces.flatten(space, one), np.float32) for one in each])


def _row(batch: Any, row: int) -> Any:
    if isinstance(batch, dict):
        return {key: _row(part, row) for key, part in batch.items()}
    return batch[row]


def observation_with_task(observation_space: spaces.Space, task_space: spaces.Dict) -> spaces.Box:
    """Return the space of a flat observation followed by the flat task.

    Raises:
        TypeError: If one of them cannot be flattened to a vector.
    """
    flat = [spaces.flatten_space(part) for part in (observation_space, task_space)]
    boxes = [part for part in flat if isinstance(part, spaces.Box)]
    if len(boxes) < len(flat):
        raise TypeError(f"{observation_space} cannot be flattened to a vector")
    low = np.concatenate([box.low for box in boxes]).astype(np.float32)
    high = np.concatenate([box.high for box in boxes]).astype(np.float32)
    return spaces.Box(low, high, dtype=np.float32)
