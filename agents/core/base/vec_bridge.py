"""Stable-Baselines3's `VecEnv` over a `MetaVectorEnv`, for training its algorithms on every id."""

from __future__ import annotations

import operator
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from meta_envs import MetaVectorEnv
from meta_envs.core import batches
from meta_envs.core import tasks as _tasks
from meta_envs.core.autoreset import require_same_step
from meta_envs.core.rng import fold, fresh_seed

from ..play.player import check_infos

_NOT_PER_ROW = ("final_obs", "task")
_OF_A_ROW = ("observation_space", "action_space", "task_space")  # a batch calls them `single_...`
_OF_ALL_ROWS = ("reset", "step", "advance", "close", "rest", "set_tasks", "set_state")


class SB3VecEnv(VecEnv):
    """An SB3 `VecEnv` over any `MetaVectorEnv` (or a vector wrapper of one).

    Ends are reported as in SB3: `terminal_observation` and `TimeLimit.truncated` in the row's info,
    and `episode` (return, length, seconds) as from its Monitor. `env_method("set_task", task,
    indices=[i])` pins. `reset_infos`, `seed`, `set_options` and `indices` work as in
    `DummyVecEnv`.

    Args:
        venv: The environment.

    Raises:
        TypeError: If it is something else.
        ValueError: If its autoreset mode is not `SAME_STEP`.
    """

    def __init__(self, venv: Any):
        if not isinstance(venv, VectorEnv) or not isinstance(venv.unwrapped, MetaVectorEnv):
            raise TypeError(f"{venv!r} is not a MetaVectorEnv; make one with gymnasium.make_vec")
        require_same_step(venv, "SB3VecEnv")
        self.venv: Any = venv
        self._actions: Any = None
        self._returns = np.zeros(venv.num_envs)
        self._lengths = np.zeros(venv.num_envs, dtype=np.int64)
        self._start = time.time()
        super().__init__(venv.num_envs, venv.single_observation_space, venv.single_action_space)
        self.metadata = {k: v for k, v in venv.metadata.items() if k != "autoreset_mode"}

    def reset(self) -> Any:
        """Begin an episode in every row and return the observations [N, ...].

        Raises:
            TypeError: If an option's task is of the wrong type, or a wrapper hides infos.
            ValueError: If an option is unknown or out of range.
        """
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, infos = self.venv.reset(seed=seeds, options=self._batch_options())
        check_infos(self.venv, infos)
        starts = infos["trial_start"]
        self.reset_infos = [self._reset_info(row, starts) for row in range(self.num_envs)]
        self._returns[:], self._lengths[:] = 0.0, 0
        self._reset_seeds()
        self._reset_options()
        return observations

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed the next reset, row i with `fold(seed, "rows") + i`; None draws a seed.

        Raises:
            ValueError: If it is not an integer from 0 to 2**64 - 1.
        """
        first = fold(fresh_seed() if seed is None else seed, "rows")
        self._seeds = [first + row for row in range(self.num_envs)]
        return self._seeds

    def set_options(self, options: Any = None) -> None:
        """Give the next reset options: one dict for all rows, or a list with one per row.

        Args:
            options: `task` and `keep_task`, as `reset` of one environment takes them.

        Raises:
            TypeError: If they are not dicts.
            ValueError: If their number differs from the number of rows.
        """
        each = [options or {}] * self.num_envs if isinstance(options, dict | None) else options
        if not isinstance(each, list | tuple) or not all(isinstance(one, dict) for one in each):
            raise TypeError(f"options={options!r}; give a dict, or a list of one a row")
        if len(each) != self.num_envs:
            raise ValueError(f"options are {len(each)} dicts; there are {self.num_envs} rows")
        super().set_options(list(each))

    def _batch_options(self) -> dict[str, Any]:
        """Return the rows' options merged for one reset of the batch; tasks are pinned first."""
        given = list(self._options)
        if unknown := sorted({key for one in given for key in one} - {"task", "keep_task"}):
            raise ValueError(
                f"reset options {unknown} are unknown; allowed are ['task', 'keep_task']"
            )
        keep = [one.get("keep_task") for one in given]
        if any(one is not keep[0] for one in keep):
            raise ValueError("keep_task must be the same in the options of every row")
        pinned = [row for row, one in enumerate(given) if one.get("task") is not None]
        if pinned:
            self.venv.unwrapped.set_tasks([given[row]["task"] for row in pinned], pinned)
        released = [row for row, one in enumerate(given) if one.get("task", self) is None]
        if released:
            self.venv.unwrapped.set_tasks(None, released)
        return {} if keep[0] is None else {"keep_task": keep[0]}

    def _reset_info(self, row: int, starts: np.ndarray) -> dict[str, Any]:
        task = _tasks.at(self.venv.unwrapped.tasks, row)
        return {"task": task, "trial_start": bool(starts[row])}

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
            if key not in _NOT_PER_ROW and key[0] != "_" and isinstance(values, np.ndarray)
        }
        masks = {key: batch[f"_{key}"] for key in shared if f"_{key}" in batch}
        infos = [
            {key: _own(values[row]) for key, values in shared.items()}
            for row in range(self.num_envs)
        ]
        for key, mask in masks.items():  # Gymnasium's masks tell which rows have an info
            for row in np.flatnonzero(~mask).tolist():
                del infos[row][key]
        for row in np.flatnonzero(dones).tolist():
            self.reset_infos[row] = self._reset_info(row, batch["trial_start"])
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
        """Read an attribute, once per row, from the outermost wrapper that has it.

        `task` is the row's own.

        Raises:
            AttributeError: If there is none.
            IndexError: If a row is unknown.
        """
        rows = self._get_indices(indices)
        if attr_name == "task":
            tasks = self.venv.unwrapped.tasks
            if tasks is None:
                return [None for _ in rows]
            return [_tasks.at(tasks, row) for row in rows]  # copies: the arrays change in place
        name = f"single_{attr_name}" if attr_name in _OF_A_ROW else attr_name
        value = getattr(self._holder(name), name)
        return [value for _ in rows]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Pin tasks (`task`), or set an attribute of the whole environment where it is defined.

        Raises:
            IndexError: If a row is unknown.
            ValueError: If an attribute that all rows share is to be set for some.
        """
        if attr_name == "task":
            self.env_method("set_task", value, indices=indices)
            return
        self._refuse_some(attr_name, self._get_indices(indices))
        try:
            holder = self._holder(attr_name)
        except AttributeError:
            holder = self.venv.unwrapped  # as in Python, a new attribute
        setattr(holder, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call `set_task` or `sample_task` for rows, or another method of the environment once.

        Raises:
            AttributeError: If there is no such method.
            IndexError: If a row is unknown.
            ValueError: If a method that changes all rows is called for some.
        """
        rows = self._get_indices(indices)
        base = self.venv.unwrapped
        if method_name == "set_task":
            (task,) = (*method_args, *method_kwargs.values())
            base.set_tasks(None if task is None else [task] * len(rows), rows)
            return [None] * len(rows)
        if method_name == "sample_task":
            tasks = base.sample_tasks(len(rows), *method_args, **method_kwargs)
            return [_tasks.at(tasks, index) for index in range(len(rows))]
        if method_name in _OF_ALL_ROWS:
            self._refuse_some(method_name, rows)
        method = getattr(self._holder(method_name), method_name)
        result = method(*method_args, **method_kwargs)
        if method_name == "render" and result is not None:
            return [result[row] for row in rows]
        return [result for _ in rows]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Tell whether a vector wrapper is in place; SB3's `Monitor` counts as present."""
        found = issubclass(wrapper_class, Monitor) or any(
            isinstance(one, wrapper_class) for one in self._chain()
        )
        return [found for _ in self._get_indices(indices)]

    def _chain(self) -> list[Any]:
        """Return the environment with its wrappers, from the outermost to the innermost."""
        chain = [self.venv]
        while isinstance(chain[-1], VectorWrapper):
            chain.append(chain[-1].env)
        return chain

    def _holder(self, name: str) -> Any:
        for one in self._chain():
            if hasattr(one, name):
                return one
        raise AttributeError(f"{self.venv.unwrapped!r} has no attribute {name!r}", name=name)

    def _refuse_some(self, name: str, rows: list[int]) -> None:
        if set(rows) != set(range(self.num_envs)):
            raise ValueError(f"{name!r} is of all {self.num_envs} rows; leave out indices={rows}")

    def _get_indices(self, indices: Any) -> list[int]:
        if indices is None:
            return list(range(self.num_envs))
        single = isinstance(indices, int | np.integer)
        rows = [operator.index(one) for one in ([indices] if single else indices)]
        for row in rows:
            if not -self.num_envs <= row < self.num_envs:
                raise IndexError(f"there is no row {row}; there are {self.num_envs}")
        return [row % self.num_envs for row in rows]


def _own(value: Any) -> Any:
    """Return a row's value as a copy: a family may overwrite its arrays."""
    return value.copy() if isinstance(value, np.ndarray) else value
