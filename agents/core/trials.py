"""Collecting whole trials. N rows, T steps, B trials (one a column), D inputs; time-major."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core import batches
from meta_envs.core.rng import fold
from meta_envs.wrappers import flat_tasks

from .balance import balanced_tasks
from .recurrent import RecurrentInnerLoop

_PER_STEP = (
    *("inputs", "actions", "params", "values", "rewards", "ends"),
    *("successes", "successors", "tasks"),
)


@dataclass
class Trials:
    """Whole trials, one a column, padded to the longest."""

    inputs: torch.Tensor  # [T, B, D]
    actions: torch.Tensor  # [T, B, ...]
    params: torch.Tensor  # of the acting distribution, [T, B, P]
    values: torch.Tensor  # [T, B]
    rewards: torch.Tensor  # raw, [T, B]
    ends: torch.Tensor  # an episode ended, bool [T, B]
    mask: torch.Tensor  # 1 where a step was played, 0 where padded, [T, B]
    successes: torch.Tensor | None  # [T, B], where the environment says so
    successors: torch.Tensor | None = None  # flat true ones, [T, B, O], where the loop keeps them
    tasks: torch.Tensor | None = None  # flat ones in force, [T, B, ...], where they are asked for

    @property
    def num_steps(self) -> int:
        """Steps played."""
        return int(self.mask.sum())

    @property
    def continues(self) -> torch.Tensor:
        """1 where the trial goes on after the step, 0 at its last one and where padded, [T, B]."""
        after = torch.zeros_like(self.mask)
        after[:-1] = self.mask[1:]
        return after * self.mask

    def episode_returns(self, episodes: int) -> torch.Tensor:
        """Sum the raw rewards of each episode, [K, B]."""
        began = torch.cumsum(self.ends.long(), dim=0) - self.ends.long()
        index = began.clamp(max=episodes - 1)
        returns = torch.zeros(episodes, self.mask.shape[1], dtype=self.rewards.dtype)
        return returns.scatter_add(0, index, self.rewards * self.mask)


@dataclass
class Batch:
    """What a loss sees: trials or parts of them, and what was computed before the update."""

    inputs: torch.Tensor  # [T, B, D]
    actions: torch.Tensor  # [T, B, ...]
    old_log_prob: torch.Tensor  # [T, B]
    old_values: torch.Tensor  # [T, B]
    advantages: torch.Tensor  # [T, B]
    returns: torch.Tensor  # targets of the value, [T, B]
    mask: torch.Tensor  # 1 where a step counts, [T, B]
    state: torch.Tensor | None = None  # of the memory before, [B, S]; None at a trial's start

    @property
    def steps(self) -> dict[str, torch.Tensor]:
        """What there is of each step, [T, B, ...] by name: all but the state."""
        return {name: part for name, part in vars(self).items() if name != "state"}

    def columns(self, index: torch.Tensor) -> Batch:
        """Return some of the trials."""
        state = None if self.state is None else self.state[index]
        return Batch(**{name: part[:, index] for name, part in self.steps.items()}, state=state)

    def to(self, device: torch.device) -> Batch:
        """Return the same on a device."""
        state = None if self.state is None else self.state.to(device)
        return Batch(**{name: part.to(device) for name, part in self.steps.items()}, state=state)


class TrialCollector:
    """Plays `n_trials` whole trials in every row.

    A row that has played its own is masked out and never restarted early, which would favour short
    trials. Each collection begins with a seeded reset, so that no state of the environment is kept
    between collections.

    Args:
        venv: A `MetaVectorEnv`.
        n_trials: Trials a row and collection.
        with_tasks: Record the tasks too, for losses that are told them; the loop never is.
        balance: A quantity of the task, of which a collection has every value equally often.
    """

    def __init__(
        self, venv: Any, n_trials: int, with_tasks: bool = False, balance: str | None = None
    ):
        self.venv = venv
        self.n_trials = n_trials
        self.with_tasks = with_tasks
        self.balance = balance

    def collect(
        self, loop: RecurrentInnerLoop, seed: int, on_step: Callable[[int], bool]
    ) -> Trials | None:
        """Play the trials.

        Args:
            loop: The inner loop that acts; reset here.
            seed: Of the environment's reset; row i gets `seed + i`.
            on_step: Called after every step with the number of rows that played; False stops.

        Returns:
            The trials; None if stopped.
        """
        if self.balance is None:
            return self._collect(loop, seed, on_step)
        seed_of_tasks = fold(seed, "balance")
        self.venv.set_tasks(
            balanced_tasks(self.venv, self.balance, self.venv.num_envs, seed_of_tasks)
        )
        try:
            return self._collect(loop, seed, on_step)
        finally:
            self.venv.set_tasks(None)

    def _collect(
        self, loop: RecurrentInnerLoop, seed: int, on_step: Callable[[int], bool]
    ) -> Trials | None:
        num_rows = self.venv.num_envs
        observations, _ = self.venv.reset(seed=seed)
        loop.reset()
        trial = np.zeros(num_rows, dtype=np.int64)
        record: dict[str, list[Any]] = {key: [] for key in (*_PER_STEP, "trial")}
        while (playing := trial < self.n_trials).any():
            rows = None if playing.all() else np.flatnonzero(playing)
            shown = observations if rows is None else batches.take(observations, rows)
            acted = loop.act(shown, rows)
            actions = acted if rows is None else self._filled(acted, rows)
            tasks = flat_tasks(self.venv, range(num_rows)) if self.with_tasks else None
            observations, rewards, terminated, truncated, infos = self.venv.step(actions)
            where: Any = slice(None) if rows is None else rows
            successors = infos.get("final_obs", observations)
            if rows is not None:
                successors = batches.take(successors, rows)
            ends = terminated[where], truncated[where]
            loop.observe(shown, acted, rewards[where], *ends, successors, infos, rows)
            step = {**loop.last, "rewards": rewards, "ends": terminated | truncated}
            if "success" in infos:
                step["successes"] = infos["success"]
            if tasks is not None:
                step["tasks"] = tasks
            self._append(record, step, rows, trial)
            started = np.flatnonzero(infos["trial_start"])
            if started.size:
                trial[started] += 1
                loop.reset(started)
                self.venv.unwrapped.rest(started[trial[started] >= self.n_trials])
            if not on_step(num_rows if rows is None else len(rows)):
                return None
        return _columns(record, num_rows, self.n_trials)

    def _filled(self, acted: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Put actions of some rows beside valid ones for the rows that are done."""
        actions = np.zeros((self.venv.num_envs, *acted.shape[1:]), dtype=acted.dtype)
        actions[:] = getattr(self.venv.single_action_space, "start", 0)
        actions[rows] = acted
        return actions

    def _append(
        self, record: dict[str, list], step: dict[str, Any], rows: np.ndarray | None, trial: Any
    ) -> None:
        for key, values in step.items():
            values = torch.as_tensor(values)
            if rows is not None and len(values) == len(rows) and len(rows) < self.venv.num_envs:
                whole = torch.zeros((self.venv.num_envs, *values.shape[1:]), dtype=values.dtype)
                whole[rows] = values
                values = whole
            record[key].append(values)
        record["trial"].append(trial.copy())


def _columns(record: dict[str, list], num_rows: int, n_trials: int) -> Trials:
    """Cut the rows' streams into trials, one a column, padded to the longest."""
    trial = np.stack(record.pop("trial"))  # [T_all, N]
    streams: dict[str, Any] = {
        key: torch.stack(steps) if steps else None for key, steps in record.items()
    }
    steps = np.stack([(trial == j).sum(axis=0) for j in range(n_trials)])  # [n_trials, N]
    longest = int(steps.max())
    if n_trials == 1 and (steps == longest).all():
        mask = torch.ones(longest, num_rows)
        parts = streams
    else:
        first = np.cumsum(steps, axis=0) - steps
        time = np.arange(longest)[:, None, None]
        valid = time < steps[None]
        index = np.where(valid, first[None] + time, 0).reshape(longest, -1)
        column_row = np.tile(np.arange(num_rows), n_trials)
        mask = torch.from_numpy(valid.reshape(longest, -1).astype(np.float32))
        parts = {
            key: None if stream is None else stream[index, column_row]
            for key, stream in streams.items()
        }
    parts["rewards"] = parts["rewards"].float() * mask
    parts["ends"] = parts["ends"] & (mask > 0)
    return Trials(mask=mask, **parts)
