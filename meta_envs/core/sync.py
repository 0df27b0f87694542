"""Scalar environments as rows of a vector environment, in this process (`rows="sync"`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import concatenate, create_empty_array

from . import batches
from .arguments import positive
from .autoreset import Outcome
from .borrowed import BorrowedTasks
from .memory import refuse_rows
from .single import MetaEnv
from .vector import MetaVectorEnv

_ENV_BYTES = 4000  # size of an environment's objects: spaces, a clock, generators


class SyncRows(BorrowedTasks, MetaVectorEnv):
    """N scalar `MetaEnv`s as rows; the vector core keeps trials, pins and streams.

    Args:
        make_env: Makes one environment, given its keyword arguments.
        num_envs: N.
        max_episode_steps: Steps after which an episode is truncated; None for never.
        autoreset_mode: As in `MetaVectorEnv`.
        **kwargs: Keyword arguments of each environment.
    """

    def __init__(
        self,
        make_env: Callable[..., MetaEnv],
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        **kwargs: Any,
    ):
        more = positive("num_envs", num_envs) - 1
        first = make_env(**kwargs)
        seen = (first.observation_space, first.action_space)
        refuse_rows(num_envs, type(first).__name__, _ENV_BYTES, first.task_space, *seen)
        self.envs = [first, *(make_env(**kwargs) for _ in range(more))]
        for env in self.envs:
            env._hold(first.distribution)
        self._borrow(first.distribution)
        super().__init__(
            task_space=first.task_space,
            observation_space=first.observation_space,
            action_space=first.action_space,
            num_envs=num_envs,
            split=first.split,
            episodes_per_trial=first.episodes_per_trial,
            max_episode_steps=max_episode_steps,
            render_mode=first.render_mode,
            autoreset_mode=autoreset_mode,
        )
        self.metadata = {**first.metadata, "autoreset_mode": self.autoreset_mode}
        self._waiting: set[int] = set()  # rows that are not stepped

    def __getattr__(self, name: str) -> Any:
        """Return attributes that only the environments have, from the first one."""
        if name.startswith("_") or name == "envs":
            raise AttributeError(name)
        return getattr(self.envs[0], name)

    def get_state(self) -> dict[str, np.ndarray]:
        """Raise: the internal state of these environments is not accessible."""
        raise NotImplementedError(
            f"{type(self.envs[0]).__name__} is a scalar environment, whose state cannot be read; "
            "only natively batched families have get_state and set_state"
        )

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Raise, as `get_state` does."""
        self.get_state()

    def begin_episodes(self, rows: np.ndarray) -> Any:
        """Begin an episode in each of `rows`."""
        observations = []
        for row in rows.tolist():
            env = self.envs[row]
            env.np_random = self.random.generator(row)
            env._clock.follow(self._clock, row)
            observations.append(env.begin_episode())
        return self._batch(observations)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        """Not used: scalar steps also return `truncated`; see `_step_and_cut`."""
        observations, rewards, terminated, _, infos = self._step_and_cut(actions)
        return observations, rewards, terminated, infos

    def _step_and_cut(self, actions: np.ndarray) -> tuple[Any, ...]:
        observations: list[Any] = []
        rewards = np.zeros(self.num_envs)
        terminated = np.zeros(self.num_envs, dtype=bool)
        truncated = np.zeros(self.num_envs, dtype=bool)
        infos: dict[str, Any] = {}
        for row, env in enumerate(self.envs):
            if row in self._waiting:
                observations.append(batches.take(self._observations, row))
                continue
            action = batches.take(actions, row)
            observation, rewards[row], terminated[row], truncated[row], info = env.step(action)
            observations.append(observation)
            infos = self._add_info(infos, info, row)
        if self.max_episode_steps is not None:
            truncated |= self.elapsed >= self.max_episode_steps
        return self._batch(observations), rewards, terminated, truncated, infos

    def _advance_without(self, rows: np.ndarray, actions: Any) -> Outcome:
        self._waiting = set(rows.tolist())
        try:
            return self.advance(actions)
        finally:
            self._waiting = set()

    def render_row(self, row: int) -> np.ndarray:
        """Draw one row: uint8 [height, width, 3]."""
        picture = self.envs[row].render()
        assert isinstance(picture, np.ndarray)
        return picture

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments."""
        for env in self.envs:
            env.close()

    def _batch(self, observations: list[Any]) -> Any:
        space = self.single_observation_space
        room: Any = create_empty_array(space, len(observations))
        return concatenate(space, observations, room)
