"""Collects whole trials. N rows, T steps, B trials (one a column), D inputs; time-major."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core import batches
from meta_envs.core.rng import fold
from meta_envs.wrappers import flat_tasks

from .balance import balanced_tasks
from .player import OnStep, PlayedStep, Player
from .recurrent import RecurrentInnerLoop

_PER_STEP = (
    *("inputs", "actions", "params", "values", "rewards", "ends"),
    *("successes", "successors", "tasks", "cut_values", "terminated"),
)


@dataclass
class Trials:
    """Whole trials, one per column, padded to the longest."""

    inputs: torch.Tensor  # [T, B, D]
    actions: torch.Tensor  # [T, B, ...]
    params: torch.Tensor  # of the acting distribution, [T, B, P]
    values: torch.Tensor  # [T, B]
    rewards: torch.Tensor  # raw, [T, B]
    ends: torch.Tensor  # an episode ended, bool [T, B]
    mask: torch.Tensor  # 1 where a step was played, 0 where padded, [T, B]
    successes: torch.Tensor | None  # [T, B], if the environment reports it
    successors: torch.Tensor | None = None  # flat true ones, [T, B, O], if the loop keeps them
    tasks: torch.Tensor | None = None  # flat current tasks, [T, B, ...], if requested
    # values of the true successors where episodes were truncated, else 0, [T, B], if requested
    cut_values: torch.Tensor | None = None
    # where an episode terminated (rather than was truncated), bool [T, B], if the loop keeps it
    terminated: torch.Tensor | None = None

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

    def figures(self) -> dict[str, float]:
        """Return means over trials of raw returns, by trial and by episode, and of success."""
        per_trial = (self.rewards * self.mask).sum(dim=0)
        found = {"trial_rew_mean": float(per_trial.mean())}
        episodes = int(self.ends.sum(dim=0).max())
        for episode, value in enumerate(self.episode_returns(episodes).mean(dim=1).tolist(), 1):
            found[f"ep{episode}_rew_mean"] = value
        if self.successes is not None:
            found["success_rate"] = float(self._count_successes() / self.ends.sum())
        return found

    def _count_successes(self) -> torch.Tensor:
        """Count the episodes with success at any step."""
        assert self.successes is not None
        episode = np.cumsum(self.ends.numpy(), axis=0) - self.ends.numpy()
        any_step = torch.zeros(int(episode.max()) + 1, self.mask.shape[1])
        found = (self.successes > 0).float() * self.mask
        return any_step.scatter_reduce(0, torch.from_numpy(episode), found, "amax").sum()

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
    state: torch.Tensor | None = None  # the memory before, [B, S]; None at a trial's start

    @property
    def steps(self) -> dict[str, torch.Tensor]:
        """All data of each step, [T, B, ...] by name: everything but the state."""
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

    A row that has finished is masked out and never restarted early, which would favour short
    trials. Each collection begins with a seeded reset, so no state of the environment is kept
    between collections.

    Args:
        venv: A `MetaVectorEnv`, or vector wrappers of one.
        n_trials: Trials per row and collection.
        with_tasks: Also record the tasks, for losses that use them; the loop never sees them.
        balance: A quantity of the task; each of its values appears equally often in a collection.
        with_cut_values: Also record what the loop expects after a truncation.
    """

    def __init__(
        self,
        venv: Any,
        n_trials: int,
        with_tasks: bool = False,
        balance: str | None = None,
        with_cut_values: bool = False,
    ):
        self.venv = venv
        self.n_trials = n_trials
        self.with_tasks = with_tasks
        self.balance = balance
        self.with_cut_values = with_cut_values

    def collect(self, loop: RecurrentInnerLoop, seed: int, on_step: OnStep) -> Trials:
        """Play the trials.

        Args:
            loop: The inner loop that acts; reset here.
            seed: Seed of the environment's reset; row i gets `seed + i`.
            on_step: Called after every step; False stops.

        Raises:
            StoppedError: If `on_step` returned False.
        """
        base = self.venv.unwrapped
        if self.balance is not None:
            count, drawn = self.venv.num_envs, fold(seed, "balance")
            base.set_tasks(balanced_tasks(self.venv, self.balance, count, drawn))
        try:
            return self._collect(loop, seed, on_step)
        finally:
            if self.balance is not None:
                base.set_tasks(None)

    def _collect(self, loop: RecurrentInnerLoop, seed: int, on_step: OnStep) -> Trials:
        num_rows, base = self.venv.num_envs, self.venv.unwrapped
        player = Player(self.venv, loop, on_step=on_step)
        player.reset(seed)
        loop.reset()
        trial = np.zeros(num_rows, dtype=np.int64)
        record = _Record(num_rows)
        while (playing := trial < self.n_trials).any():
            rows = None if playing.all() else np.flatnonzero(playing)
            tasks = flat_tasks(base, range(num_rows)) if self.with_tasks else None
            step = player.step(rows)
            last = loop.last
            if self.with_cut_values:
                last = {**last, "cut_values": _cut_values(loop, step)}
            record.add(step, last, tasks, trial)
            started = step.infos["trial_start"].nonzero()[0]
            if started.size:
                started = started if rows is None else rows[started]
                trial[started] += 1
                loop.reset(started)
                base.rest(started[trial[started] >= self.n_trials])
        return _columns(record.streams, num_rows, self.n_trials)


class _Record:
    """The steps of all rows, each field a list of [N, ...]; zeros where a row did not play.

    Everything is copied: an environment may reuse its arrays.

    Args:
        num_rows: N.
    """

    def __init__(self, num_rows: int):
        self.num_rows = num_rows
        self.streams: dict[str, list[Any]] = {key: [] for key in (*_PER_STEP, "trial")}

    def add(self, step: PlayedStep, last: dict[str, Any], tasks: Any, trial: np.ndarray) -> None:
        """Take one step.

        Args:
            step: What was played, [R, ...].
            last: What the loop computed for it, [R, ...].
            tasks: Flat tasks of the step, [N, ...], or None.
            trial: The number of each row's trial, [N].
        """
        parts = {**last, "rewards": step.reward, "ends": step.ended}
        if "success" in step.infos:
            parts["successes"] = step.infos["success"]
            self._catch_up("successes", parts["successes"])
        elif self.streams["successes"]:  # not reported: no success in this step
            self.streams["successes"].append(torch.zeros_like(self.streams["successes"][-1]))
        for key, values in parts.items():
            self.streams[key].append(self._whole(values, step.rows))
        if tasks is not None:
            self.streams["tasks"].append(torch.as_tensor(tasks))
        self.streams["trial"].append(trial.copy())

    def _catch_up(self, key: str, values: np.ndarray) -> None:
        """Fill in zeros for earlier steps that did not report `key`."""
        stream, steps = self.streams[key], len(self.streams["trial"])
        if len(stream) < steps:
            blank = torch.zeros(
                (self.num_rows, *values.shape[1:]), dtype=torch.tensor(values).dtype
            )
            stream.extend([blank] * (steps - len(stream)))

    def _whole(self, values: Any, rows: np.ndarray | None) -> torch.Tensor:
        if rows is None:
            return values if isinstance(values, torch.Tensor) else torch.tensor(values)
        values = torch.as_tensor(values)
        whole = torch.zeros((self.num_rows, *values.shape[1:]), dtype=values.dtype)
        whole[rows] = values
        return whole


def _cut_values(loop: RecurrentInnerLoop, step: PlayedStep) -> torch.Tensor:
    """Return what follows the rows' step, by the loop's values, where it was truncated, [R]."""
    values = torch.zeros(len(step.reward))
    cut = np.flatnonzero(step.truncated & ~step.terminated)
    if cut.size:
        rows = cut if step.rows is None else step.rows[cut]
        values[cut] = loop.values_after(batches.take(step.next_observation, cut), rows)
    return values


def _columns(record: dict[str, list], num_rows: int, n_trials: int) -> Trials:
    """Cut the rows' streams into trials, one per column, padded to the longest."""
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
    if parts["cut_values"] is not None:
        parts["cut_values"] = parts["cut_values"] * mask
    return Trials(mask=mask, **parts)
