"""The vector base: N rows of one family stepped as one batch; R is some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import error, spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from . import autoreset, batches, snapshot
from . import rng as _rng
from . import tasks as _tasks
from .actions import valid_actions
from .arguments import drawable, positive
from .memory import refuse_rows, refuse_tasks
from .row_family import RowFamily
from .rows import masked_rows, row_seeds, valid_options, valid_rows
from .tasks import Tasks
from .trial_clock import TrialClock

_OPTIONS = ("task", "tasks", "keep_task", "reset_mask")


class MetaVectorEnv(RowFamily, VectorEnv):
    """N rows of a task distribution, each in a task of its own, stepped together.

    A family writes `draw_task`, `begin_episodes` and `step_rows`; it keeps what changes in
    `self.state` (arrays [N, ...]) and reads `self.tasks`, `self.elapsed` (the step's number within
    the episode, from 1) and `self.random` (one generator per row). Autoreset is `SAME_STEP` unless
    told otherwise: where an episode ends, `infos["final_obs"]` holds its last observation,
    `infos["final_info"]` its last infos, and the returned one is the next episode's first.

    Args:
        task_space: The support: a Dict of float64 Boxes and integer spaces.
        observation_space: Space of one row's observations.
        action_space: Space of one row's actions.
        num_envs: N.
        split: Which tasks to draw; None is `"train"` where there is one, else `"all"`.
        episodes_per_trial: Episodes that share a task, K.
        max_episode_steps: Steps after which an episode is truncated; None for never.
        render_mode: `"rgb_array"` or None.
        autoreset_mode: Gymnasium's mode or its value: `"SameStep"`, `"NextStep"` or
            `"Disabled"`, which Gymnasium's vector wrappers require; agents and `evaluate` take
            `"SameStep"` only.

    Raises:
        ValueError: If an argument is out of range, or the split or the mode is unknown.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array", "human"],
        "render_fps": 4,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        *,
        task_space: spaces.Dict,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        num_envs: int = 1,
        split: str | None = None,
        episodes_per_trial: int = 1,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    ):
        self._declare(task_space, split)
        self.num_envs = positive("num_envs", num_envs)
        seen = (task_space, observation_space, action_space)
        refuse_rows(self.num_envs, type(self).__name__, self.row_bytes, *seen)
        self.single_task_space = task_space
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.task_space = batch_space(task_space, self.num_envs)
        self.observation_space = batch_space(observation_space, self.num_envs)
        self.action_space = batch_space(action_space, self.num_envs)
        cut = max_episode_steps
        self.max_episode_steps = None if cut is None else positive("max_episode_steps", cut)
        draws = "a vector environment draws 'rgb_array' (for 'human' use gymnasium.make)"
        self.render_mode = drawable(render_mode, draws)
        self.autoreset_mode = autoreset.known_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.state: dict[str, np.ndarray] = {}
        self.elapsed = np.zeros(self.num_envs, dtype=np.int64)
        self.every_row = np.arange(self.num_envs)
        self._clock = TrialClock(self.num_envs, self.distribution, episodes_per_trial)
        self.random = _rng.RowRandom(self._clock._seeds)
        self._observations: Any = None
        self._ended = np.zeros(self.num_envs, dtype=bool)
        self.resting: np.ndarray | None = None  # see `rest`, bool [N]; None where no row does

    # ---- the task API ---------------------------------------------------------------------------

    @property
    def episodes_per_trial(self) -> int:
        """K, the episodes that share a task."""
        return self._clock.episodes_per_trial

    @property
    def tasks(self) -> Any:
        """The tasks in force, a dict of arrays [N, ...]; None before the first reset.

        The arrays change as trials start: copy what you keep, and do not write into them.
        """
        return self._clock.tasks

    def sample_tasks(self, n: int, seed: int | None = None) -> Tasks:
        """Draw n tasks of the split, arrays [n, ...], without disturbing play.

        Args:
            n: Number of tasks.
            seed: Draw the first n tasks of this seed's stream; None continues the
                environment's own.
        """
        refuse_tasks(positive("n", n), self.single_task_space)
        draw = self._clock.sample(seed)
        drawn = [draw() for _ in range(n)]
        return _tasks.as_tasks(self.single_task_space, drawn, n)

    def set_tasks(
        self, tasks: Tasks | Sequence[Any] | None, rows: Sequence[int] | np.ndarray | None = None
    ) -> None:
        """Pin rows to tasks from their next reset (or autoreset) on, or unpin them.

        Args:
            tasks: A dict of arrays [R, ...] or a list of R tasks, one per row; None unpins.
            rows: Indices [R]; None is all rows.

        Raises:
            TypeError: If a task is of the wrong type.
            ValueError: If a task is out of range, the number of tasks is wrong, or a row unknown.
        """
        where = self.every_row if rows is None else valid_rows(rows, self.num_envs)
        if tasks is not None:
            tasks = _tasks.as_tasks(self.single_task_space, tasks, len(where))
            for index in range(len(where)):
                self.check_task(_tasks.at(tasks, index))
        self._clock.pin(tasks, where)

    def rest(self, rows: np.ndarray) -> None:
        """Mark `rows` [R], whose steps mean nothing and whose trials stand still until a `reset`.

        Families may skip work for them (`self.resting`); `keep_task` then repeats that episode.
        """
        if len(rows):
            resting = self._mask(rows)
            self.resting = resting if self.resting is None else self.resting | resting

    # ---- Gymnasium's API ------------------------------------------------------------------------

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every row, or in those of `options["reset_mask"]`.

        Args:
            seed: Row i is seeded with `seed + i`; or one seed (or None) per row.
            options: `task` (one task for all these rows) or `tasks` (one per row) pin them, None
                unpins; `keep_task` True keeps the trial going beyond K episodes, False starts a
                new one; `reset_mask` bool [N] names the rows.

        Returns:
            Observations [N, ...] and infos: `task` (dict of arrays [N, ...]) and `trial_start`
            bool [N].

        Raises:
            InvalidSeed: If a seed is not an integer, is negative or too large.
            TypeError: If an option or a task is of the wrong type.
            ValueError: If an option is unknown, or a task, mask or number of seeds is wrong.
            ResetNeeded: If `reset_mask` leaves rows out of the first reset.
        """
        options = valid_options(options, _OPTIONS)
        mask = options.get("reset_mask")
        rows = self.every_row if mask is None else masked_rows(mask, self.num_envs)
        if self._observations is None and len(rows) < self.num_envs:
            raise error.ResetNeeded("the first reset takes every row; reset_mask leaves some out")
        # Everything is checked before anything changes: a refused reset leaves no trace.
        seeds = row_seeds(seed, rows, self.num_envs)
        if "task" in options:
            task = options["task"]
            self.set_tasks(None if task is None else [task] * len(rows), rows)
        elif "tasks" in options:
            self.set_tasks(options["tasks"], rows)
        if isinstance(seed, int | np.integer):
            super().reset(seed=int(seed))
        keep, again = options.get("keep_task"), None
        if self.resting is not None:
            again = self.resting[rows] & ~self._ended[rows] if keep else None
            resting = self.resting & ~self._mask(rows)
            self.resting = resting if resting.any() else None
        observations, started = self._begin(rows, keep, self._seed(rows, seeds), again)
        if len(rows) < self.num_envs:
            observations = batches.written(self._observations, rows, observations)
        self._observations = observations
        infos = {"task": {key: values.copy() for key, values in self.tasks.items()}}
        return self._observations, {**infos, "trial_start": self._mask(started)}

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row, and begin the next episode where one ended, as `autoreset_mode` says.

        Args:
            actions: One action per row; Box actions are clipped to the bounds.

        Returns:
            Observations [N, ...], rewards [N], terminated [N], truncated [N], infos.

        Raises:
            ResetNeeded: If called before `reset`, or after an end where autoreset is disabled.
            InvalidAction: If an action has the wrong shape, is NaN, or a discrete one is out of
                range.
        """
        return autoreset.STEPS[self.autoreset_mode](self, actions)

    def advance(
        self, actions: Any
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row without autoreset."""
        if self._observations is None:
            raise error.ResetNeeded("step was called before reset; call reset first")
        space, batch = self.single_action_space, self.action_space
        actions = valid_actions(space, actions, self.num_envs, batch)
        self.elapsed += 1
        observations, rewards, terminated, truncated, infos = self._step_and_cut(actions)
        self._ended = terminated | truncated
        return observations, rewards, terminated, truncated, infos

    def get_state(self) -> dict[str, np.ndarray]:
        """Return everything that play depends on, as copies: arrays by name.

        Pictures are not part of it: paths and counts that they show start again.

        Raises:
            ResetNeeded: If called before `reset`.
            NotImplementedError: If the rows are third-party environments.
        """
        if self._observations is None:
            raise error.ResetNeeded("get_state was called before reset; call reset first")
        return snapshot.get_state(self)

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Resume from a result of `get_state`, of this or an identically made environment.

        Args:
            state: A result of `get_state`.

        Raises:
            NotImplementedError: If the rows are third-party environments.
            TypeError: If it is not a dict.
            ValueError: If it is not a state of this environment and number of rows; the message
                names the part, and nothing has changed.
        """
        snapshot.set_state(self, state)

    # ---- inside ---------------------------------------------------------------------------------

    def _step_and_cut(self, actions: np.ndarray) -> tuple[Any, ...]:
        observations, rewards, terminated, infos = self.step_rows(actions)
        if self.max_episode_steps is None:
            truncated = np.zeros(self.num_envs, dtype=bool)
        else:
            # Also where the episode terminates in that step, as Gymnasium's TimeLimit does.
            truncated = self.elapsed >= self.max_episode_steps
        return observations, rewards, terminated, truncated, infos

    def _advance_without(self, rows: np.ndarray, actions: Any) -> autoreset.Outcome:
        """Step every row except `rows`, which wait for their reset."""
        return autoreset.advance_without(self, rows, actions)

    def _begin(
        self, rows: np.ndarray, keep: bool | None, seeded: np.ndarray, again: Any = None
    ) -> tuple[Any, np.ndarray]:
        """Begin an episode in `rows`; `again` [R] bool says where it is the one begun last."""
        again = self.resting[rows] if again is None and self.resting is not None else again
        on = slice(None) if again is None else ~again | seeded | self._clock.is_pending(rows)
        started, changed = self._clock.begin(rows[on], keep, seeded[on], self.random.generator)
        if changed.size:
            self.apply_tasks(changed)
        self.elapsed[rows], self._ended[rows] = 0, False
        return self.begin_episodes(rows), started

    def _seed(self, rows: np.ndarray, seeds: Sequence[int | None]) -> np.ndarray:
        """Seed those of `rows` that are given a seed; return which, bool [R]."""
        given = np.array([one is not None for one in seeds], dtype=bool)
        numbers = [int(one) for one in seeds if one is not None]
        self._clock.seed(rows[given], numbers)
        self.random.seed(rows[given], numbers)
        return given

    def _mask(self, rows: np.ndarray) -> np.ndarray:
        mask = np.zeros(self.num_envs, dtype=bool)
        mask[rows] = True
        return mask
