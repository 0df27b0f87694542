"""One environment with the task API: the scalar base, and a batch of one row."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import error, spaces
from gymnasium.vector import VectorEnv

from . import batches
from . import rng as _rng
from . import tasks as _tasks
from .actions import valid_actions
from .arguments import drawable
from .borrowed import BorrowedTasks
from .distribution import TaskFamily
from .rows import valid_options
from .tasks import Task
from .trial_clock import TrialClock
from .vector import MetaVectorEnv

_ROW = np.zeros(1, dtype=np.int64)
_OPTIONS = ("task", "keep_task")


class MetaEnv(TaskFamily, gym.Env):
    """A Gymnasium environment with the task API.

    Subclass it if you have an ordinary environment: write `draw_task(rng)`, `begin_episode()` and
    `step(action)`; read `self.task` and `self.np_random`. (Families that can step many rows as one
    batch subclass `MetaVectorEnv` instead; `gym.make` gives those as a `MetaEnv` too.)

    Args:
        task_space: The support: a Dict of float64 Boxes and integer spaces.
        observation_space: As in Gymnasium.
        action_space: As in Gymnasium.
        split: Which tasks to draw; None is `"train"` where there is one, else `"all"`.
        episodes_per_trial: Episodes that share a task, K.
        render_mode: `"rgb_array"` or None.

    Raises:
        ValueError: If an argument is out of range or the split is unknown.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "human"], "render_fps": 4}

    def __init__(
        self,
        *,
        task_space: spaces.Dict,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        split: str | None = None,
        episodes_per_trial: int = 1,
        render_mode: str | None = None,
    ):
        self._declare(task_space, split)
        self.metadata = dict(self.metadata)  # Gymnasium 1.1's SyncVectorEnv writes into it
        self.task_space = task_space
        self.observation_space = observation_space
        self.action_space = action_space
        self.render_mode = drawable(render_mode, "allowed are 'rgb_array', 'human' and None")
        self._clock = TrialClock(1, self.distribution, episodes_per_trial)

    @abstractmethod
    def begin_episode(self) -> Any:
        """Begin an episode of `self.task` and return its first observation."""

    @property
    def episodes_per_trial(self) -> int:
        """K, the episodes that share a task."""
        return self._clock.episodes_per_trial

    @property
    def task(self) -> Task | None:
        """The task in force; None before the first reset."""
        tasks = self._clock.tasks
        return None if tasks is None else _tasks.at(tasks, 0)

    @task.setter
    def task(self, task: Any) -> None:
        self.set_task(task)

    def sample_task(self, seed: int | None = None) -> Task:
        """Draw a task of the split without disturbing play.

        Args:
            seed: Draw the first task of this seed's stream; None continues the
                environment's own.
        """
        return _tasks.as_task(self.task_space, self._clock.sample(seed)())

    def set_task(self, task: Any) -> None:
        """Pin a task from the next reset on; None unpins.

        Raises:
            TypeError: If it is of the wrong type.
            ValueError: If it is out of range (the message names key, value and bounds).
        """
        if task is None:
            self._clock.pin(None, _ROW)
        else:
            checked = self.distribution.checked(task)
            self._clock.pin({key: value[None] for key, value in checked.items()}, _ROW)

    def valid_action(self, action: Any) -> Any:
        """Check an action, clipping a Box action to its bounds; call it first in `step`.

        Raises:
            InvalidAction: If it has the wrong shape, is NaN, or a discrete one is out of range.
        """
        checked = valid_actions(self.action_space, np.asarray(action)[None], 1)[0]
        return int(checked) if isinstance(self.action_space, spaces.Discrete) else checked

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, in a new trial where one is due.

        Args:
            seed: Seeds the task, episode and sampling streams, and starts a trial.
            options: `task` pins a task (None unpins); `keep_task` True keeps the trial going
                beyond K episodes, False starts a new one.

        Returns:
            The first observation, and infos `task` and `trial_start`.

        Raises:
            InvalidSeed: If the seed is not an integer, is negative or too large.
            TypeError: If an option or a task is of the wrong type.
            ValueError: If an option is unknown, or a task out of range.
        """
        # Everything is checked before anything changes: a refused reset leaves no trace.
        options = valid_options(options, _OPTIONS)
        seed = None if seed is None else _rng.valid_seed(seed)
        if "task" in options:
            self.set_task(options["task"])
        return self._begin(seed, options.get("keep_task"))

    def _begin(self, seed: int | None, keep_task: bool | None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self._clock.seed(_ROW, [seed])
            self._np_random = _rng.generator(seed, _rng.EPISODES)
        seeded = np.array([seed is not None])
        started, _ = self._clock.begin(_ROW, keep_task, seeded, lambda row: self.np_random)
        observation = self.begin_episode()
        return observation, {"task": self.task, "trial_start": bool(started.size)}


# What clients recognise vector environments by, and what only batches have.
_OF_BATCHES = frozenset(VectorEnv.__annotations__) | {
    *("every_row", "resting", "rest", "autoreset_mode"),
    *("single_task_space", "tasks", "sample_tasks", "set_tasks"),
}


class BatchOfOne(BorrowedTasks, MetaEnv):
    """A `MetaVectorEnv` of one row as a Gymnasium environment: `gym.make` of a batched family.

    Args:
        rows: The vector environment, of one row.
    """

    def __init__(self, rows: MetaVectorEnv):
        self.rows = rows
        self.__doc__ = type(rows).__doc__  # for `help` on what `make` returned
        self.metadata = {
            key: value for key, value in rows.metadata.items() if key != "autoreset_mode"
        }
        self._borrow(rows.distribution)
        self.task_space = rows.single_task_space
        self.observation_space = rows.single_observation_space
        self.action_space = rows.single_action_space
        self.render_mode = rows.render_mode
        self._clock = rows._clock

    def __getattr__(self, name: str) -> Any:
        """Return attributes that only the family has (`arms`, `state`, `model`, ...)."""
        if name.startswith("_") or name == "rows" or name in _OF_BATCHES:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.rows, name)

    def begin_episode(self) -> Any:
        """Begin an episode, ignoring trials; users call `reset` instead."""
        return batches.take(self.rows.begin_episodes(_ROW), 0)

    def _begin(self, seed: int | None, keep_task: bool | None) -> tuple[Any, dict[str, Any]]:
        options = {} if keep_task is None else {"keep_task": keep_task}
        observations, infos = self.rows.reset(seed=seed, options=options)
        if seed is not None:
            self._np_random_seed = seed
        self._np_random = self.rows.random.generator(0)
        trial_start = bool(infos["trial_start"][0])
        return batches.take(observations, 0), {"task": self.task, "trial_start": trial_start}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step the row; call `reset` after an episode ends.

        Raises:
            ResetNeeded: If called before `reset`, or after the episode has ended.
            InvalidAction: If the action has the wrong shape, is NaN, or a discrete one is out of
                range.
        """
        if self.rows._ended[0]:
            raise error.ResetNeeded("the episode has ended; call reset before step")
        observations, rewards, terminated, truncated, infos = self.rows.advance(
            np.asarray(action)[None]
        )
        info = {key: batches.take(values, 0) for key, values in infos.items()}
        observation = batches.take(observations, 0)
        return observation, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), info

    def render(self) -> np.ndarray | None:
        """Draw the row: uint8 [height, width, 3]; None without a render mode."""
        return None if self.render_mode is None else self.rows.render_row(0)

    def close(self) -> None:
        """Close the row."""
        self.rows.close()
