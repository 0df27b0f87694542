"""Stable-Baselines3's `VecEnv` over a `MetaVectorEnv`, so that its algorithms train on every id."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from stable_baselines3.common.vec_env import VecEnv

from meta_envs import MetaVectorEnv
from meta_envs.core import batches
from meta_envs.core import tasks as _tasks
from meta_envs.core.autoreset import require_same_step
from meta_envs.core.rng import fold

_NOT_PER_ROW = ("final_obs", "_final_obs", "final_info", "_final_info", "task")


class SB3VecEnv(VecEnv):
    """An SB3 `VecEnv` over any `MetaVectorEnv` (or a vector wrapper of one).

    Ends are SB3's: `terminal_observation` and `TimeLimit.truncated` in the row's info, and
    `episode` (return, length, seconds) as its Monitor gives it. `env_method("set_task", task,
    indices=[i])` pins.

    Args:
        venv: The environment.

    Raises:
        TypeError: If it is something else.
        ValueError: If its autoreset mode is not `SAME_STEP`.
    """

    def __init__(self, venv: Any):
        if not isinstance(venv, VectorEnv) or not isinstance(venv.unwrapped, MetaVectorEnv):
            raise TypeError(f"{venv!r} is no MetaVectorEnv; make one with gymnasium.make_vec")
        require_same_step(venv, "SB3VecEnv")
        self.venv: Any = venv
        self._actions: Any = None
        self._returns = np.zeros(venv.num_envs)
        self._lengths = np.zeros(venv.num_envs, dtype=np.int64)
        self._start = time.time()
        super().__init__(venv.num_envs, venv.single_observation_space, venv.single_action_space)

    def reset(self) -> Any:
        """Begin an episode in every row and return the observations [N, ...]."""
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, infos = self.venv.reset(seed=seeds)
        tasks = infos["task"]
        self.reset_infos = [{"task": _tasks.at(tasks, row)} for row in range(self.num_envs)]
        self._returns[:], self._lengths[:] = 0.0, 0
        self._reset_seeds()
        self._reset_options()
        return observations

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed the next reset, row i with `fold(seed, "rows") + i`."""
        if seed is None:
            return super().seed(None)
        first = fold(seed, "rows")
        self._seeds = [first + row for row in range(self.num_envs)]
        return self._seeds

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions [N, ...] of the next `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step every row: observations, rewards float32 [N], dones [N], a list of N infos."""
        observations, rewards, terminated, truncated, batch = self.venv.step(self._actions)
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        shared = {
            key: values
            for key, values in batch.items()
            if key not in _NOT_PER_ROW and isinstance(values, np.ndarray)
        }
        infos = [
            {key: values[row] for key, values in shared.items()} for row in range(self.num_envs)
        ]
        for row in np.flatnonzero(dones).tolist():
            infos[row]["terminal_observation"] = batches.take(batch["final_obs"], row)
            infos[row]["TimeLimit.truncated"] = bool(truncated[row] and not terminated[row])
            if "success" in infos[row]:
                infos[row]["is_success"] = bool(infos[row]["success"])
            infos[row]["episode"] = {
                "r": float(self._returns[row]),
                "l": int(self._lengths[row]),
                "t": round(time.time() - self._start, 6),
            }
        self._returns[dones], self._lengths[dones] = 0.0, 0
        return observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Close the environment."""
        self.venv.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Draw every row."""
        frames = self.venv.render()
        return [None] * self.num_envs if frames is None else list(frames)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Read an attribute of the environment, once a row; `task` is the row's own."""
        rows = self._get_indices(indices)
        if attr_name == "task":
            tasks = self.venv.unwrapped.tasks
            if tasks is None:
                return [None for _ in rows]
            return [_tasks.at(tasks, row) for row in rows]  # copies: the arrays change in place
        value = getattr(self.venv, attr_name)
        return [value for _ in rows]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Pin tasks (`task`), or set an attribute of the whole environment."""
        if attr_name == "task":
            self.env_method("set_task", value, indices=indices)
        else:
            setattr(self.venv.unwrapped, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call `set_task` or `sample_task` for rows, or another method of the environment once."""
        rows = list(self._get_indices(indices))
        base = self.venv.unwrapped
        if method_name == "set_task":
            (task,) = method_args
            base.set_tasks(None if task is None else [task] * len(rows), rows)
            return [None] * len(rows)
        if method_name == "sample_task":
            tasks = base.sample_tasks(len(rows), *method_args, **method_kwargs)
            return [_tasks.at(tasks, index) for index in range(len(rows))]
        result = getattr(self.venv, method_name)(*method_args, **method_kwargs)
        return [result for _ in rows]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No scalar wrapper is on any row."""
        return [False for _ in self._get_indices(indices)]

    def _get_indices(self, indices: Any) -> Iterable[int]:
        return super()._get_indices(indices)
