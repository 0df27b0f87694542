"""Any Gymnasium environment as rows of a `MetaVectorEnv`, with a single, empty task."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from .trial_clock import positive
from .vector import MetaVectorEnv


class ForeignRows(MetaVectorEnv):
    """N environments of an id that is not a task distribution, stepped in this process.

    Row i of `reset(seed=s)` is `gymnasium.make(id).reset(seed=s + i)`. The task space is empty, the
    only split is `"all"`, and there is no `get_state`.

    Args:
        id: An id registered with Gymnasium.
        num_envs: N.
        episodes_per_trial: As in `MetaVectorEnv`.
        split: `"all"` or None.
        render_mode: `"rgb_array"` or None.
        **kwargs: Keyword arguments of each environment, as in `gymnasium.make`.
    """

    splits = ("all",)

    def __init__(
        self,
        id: str,
        num_envs: int = 1,
        episodes_per_trial: int = 1,
        split: str | None = None,
        render_mode: str | None = None,
        **kwargs: Any,
    ):
        if render_mode is not None:
            kwargs["render_mode"] = render_mode
        make = [partial(gym.make, id, **kwargs)] * positive("num_envs", num_envs)
        self.inner = SyncVectorEnv(make, autoreset_mode=AutoresetMode.DISABLED)
        self._pending: dict[int, int] = {}  # seeds of rows, for their next reset
        super().__init__(
            task_space=spaces.Dict({}),
            observation_space=self.inner.single_observation_space,
            action_space=self.inner.single_action_space,
            num_envs=num_envs,
            split=split,
            episodes_per_trial=episodes_per_trial,
            render_mode=render_mode,
        )
        inner = {**self.inner.metadata, "autoreset_mode": self.metadata["autoreset_mode"]}
        self.metadata = {**self.metadata, **inner}
        self.id = id
        spec = copy.deepcopy(gym.spec(id.rpartition(":")[2]))  # make has imported the module
        spec.kwargs.update(kwargs)
        self.spec = spec

    def get_state(self) -> dict[str, np.ndarray]:
        """Raise: the internal state of these environments is not accessible."""
        raise NotImplementedError(
            f"{self.id} is an environment of Gymnasium, whose state cannot be read; only "
            "natively batched families have get_state and set_state"
        )

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Raise, as `get_state` does."""
        self.get_state()

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the only task, which is empty."""
        return {}

    def begin_episodes(self, rows: np.ndarray) -> Any:
        """Begin an episode in each of `rows`."""
        mask = np.zeros(self.num_envs, dtype=bool)
        mask[rows] = True
        seeds = [
            self._pending.pop(row, None) if mask[row] else None for row in range(self.num_envs)
        ]
        # Before the first reset Gymnasium accepts no mask.
        options = None if mask.all() else {"reset_mask": mask}
        observations, _ = self.inner.reset(seed=seeds, options=options)
        return _take(self.single_observation_space, observations, rows)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        """Not used: environments also return `truncated`; see `_step_and_cut`."""
        observations, rewards, terminated, _, infos = self._step_and_cut(actions)
        return observations, rewards, terminated, infos

    def render_row(self, row: int) -> np.ndarray:
        """Draw one row: uint8 [height, width, 3]."""
        picture = self.inner.envs[row].render()
        assert isinstance(picture, np.ndarray)
        return picture

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments; there are none if the constructor failed."""
        if "inner" in vars(self):
            self.inner.close()

    def _step_and_cut(self, actions: np.ndarray) -> tuple[Any, ...]:
        observations, rewards, terminated, truncated, infos = self.inner.step(actions)
        arrays = {
            name: part
            for name, part in infos.items()
            if isinstance(part, np.ndarray) and part.dtype != object
        }
        return observations, np.asarray(rewards, np.float64), terminated, truncated, arrays

    def _seed(self, rows: np.ndarray, seeds: Sequence[int | None]) -> np.ndarray:
        for row, seed in zip(rows.tolist(), seeds, strict=True):
            if seed is not None:  # Gymnasium's own generators take 32 bits or more, but no negative
                self._pending[row] = int(seed)
        return super()._seed(rows, seeds)


def _take(space: spaces.Space, batch: Any, rows: np.ndarray) -> Any:
    if isinstance(batch, dict):
        assert isinstance(space, spaces.Dict)
        return {key: _take(space[key], part, rows) for key, part in batch.items()}
    return batch[rows]
