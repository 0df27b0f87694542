"""Rounds of experience: one episode of every row. M tasks, R rows of a task, T steps; task-major.

B = M * R rows, D numbers of an observation, P distribution parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..core.losses.linear_baseline import features, fit_linear_baseline
from ..core.losses.returns import gae
from .losses import task_weights

if TYPE_CHECKING:
    from typing_extensions import Self

# Padded with zeros; all others with the episode's first step, which is always valid, as 0 may not
# be a valid action.
_ZERO = ("rewards", "mask", "log_prob", "advantages", "returns", "targets")
_FLAT = 1e-6  # relative difference of rewards that counts as rounding error


@dataclass
class Episodes:
    """One round of some tasks, padded to the longest episode."""

    inputs: torch.Tensor  # [M, R, T, D]
    actions: torch.Tensor  # [M, R, T, ...]
    params: torch.Tensor  # of the acting distribution, [M, R, T, P]
    log_prob: torch.Tensor  # of the actions under that distribution, [M, R, T]
    rewards: torch.Tensor  # raw, [M, R, T]
    mask: torch.Tensor  # 1 where a step was played, [M, R, T]
    advantages: torch.Tensor  # [M, R, T]

    @property
    def num_tasks(self) -> int:
        """M."""
        return len(self.mask)

    @property
    def weights(self) -> torch.Tensor:
        """Weights of the steps, which sum to 1 in every task, [M, R, T]."""
        return task_weights(self.mask)

    def tasks(self, index: Any) -> Self:
        """Return some of the tasks."""
        return type(self)(**{name: part[index] for name, part in vars(self).items()})

    def to(self, device: torch.device) -> Self:
        """Return the same on a device."""
        return type(self)(**{name: part.to(device) for name, part in vars(self).items()})

    def with_advantages(
        self, gamma: float, gae_lambda: float, standardise: bool = True
    ) -> Episodes:
        """Return the same with advantages over a linear baseline of each task.

        Args:
            gamma: Discount.
            gae_lambda: Lambda of generalised advantage estimation; no bootstrap past the end.
            standardise: Standardise to mean 0 and deviation 1 within each task.
        """
        advantages = linear_advantages(self.inputs, self.rewards, self.mask, gamma, gae_lambda)
        if standardise:
            advantages = standardised(advantages, self.rewards, self.mask)
        return replace(self, advantages=advantages)


def linear_advantages(
    inputs: torch.Tensor,
    rewards: torch.Tensor,
    mask: torch.Tensor,
    gamma: float,
    gae_lambda: float,
) -> torch.Tensor:
    """Return advantages over a linear baseline that is fitted to each task's discounted returns.

    Args:
        inputs: [M, R, T, D].
        rewards: [M, R, T].
        mask: [M, R, T].
        gamma: Discount.
        gae_lambda: Lambda.

    Returns:
        Advantages, 0 where nothing was played, [M, R, T].
    """
    tasks, rows, steps = rewards.shape
    _, returns = episode_gae(rewards, torch.zeros_like(rewards), mask, gamma, 1.0)
    time = torch.arange(steps).expand(tasks, rows, steps)
    seen = features(inputs, time).reshape(tasks, rows * steps, -1)
    values = fit_linear_baseline(seen, returns.reshape(tasks, -1), mask.reshape(tasks, -1))
    advantages, _ = episode_gae(rewards, values.reshape(rewards.shape), mask, gamma, gae_lambda)
    return advantages * mask


def episode_gae(
    rewards: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    gamma: float,
    gae_lambda: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return generalised advantages and the returns they imply; nothing follows an end.

    Args:
        rewards: [M, R, T].
        values: Of the states before each step, [M, R, T].
        mask: [M, R, T].
        gamma: Discount.
        gae_lambda: Lambda.
    """
    steps = rewards.shape[2]
    after = torch.zeros_like(mask)
    after[:, :, :-1] = mask[:, :, 1:]
    by_time = [part.reshape(-1, steps).t() for part in (rewards * mask, values, after)]
    found = gae(by_time[0], by_time[1], by_time[2], gamma, gae_lambda)
    advantages, returns = (part.t().reshape(rewards.shape) for part in found)
    return advantages, returns


def standardised(
    advantages: torch.Tensor, rewards: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Standardise within each task; a task with equal episodes gets zeros, not noise.

    (Even then a baseline leaves a residual, which standardising would magnify.)
    """
    weights = task_weights(mask)
    mean = (advantages * weights).sum(dim=(1, 2), keepdim=True)
    centred = (advantages - mean) * mask
    deviation = (centred.square() * weights).sum(dim=(1, 2), keepdim=True).sqrt()
    # a single episode is compared with itself: rewards are equal if all its steps pay the same
    one = rewards.shape[1] == 1
    paid, played = (part[:, :, :1] if one else part[:, :1] for part in (rewards, mask))
    apart = (rewards - paid).abs() * mask
    alike = apart.amax(dim=(1, 2)) <= _FLAT * rewards.abs().amax(dim=(1, 2))
    if not one:
        alike = alike & (mask == played).all(dim=2).all(dim=1)
    return torch.where(alike[:, None, None], 0.0, centred / (deviation + 1e-8))


class EpisodeStore:
    """The episodes that rows are playing; those of a task are taken out once all have ended.

    Args:
        num_rows: B.
        rows_per_task: R.
    """

    def __init__(self, num_rows: int, rows_per_task: int):
        self.num_rows = num_rows
        self.rows_per_task = rows_per_task
        self.elapsed = np.zeros(num_rows, dtype=np.int64)
        self.ended = np.zeros(num_rows, dtype=bool)
        self._parts: dict[str, torch.Tensor] = {}

    def write(self, rows: np.ndarray, step: dict[str, torch.Tensor], over: np.ndarray) -> None:
        """Keep one step of `rows`.

        Args:
            rows: Indices [N].
            step: Tensors [N, ...] by name, the same names every time.
            over: Whether the episode ended with this step, bool [N].
        """
        time = self.elapsed[rows]
        self._make_room(step, int(time.max()) + 1)
        everywhere = len(rows) == self.num_rows and (time == time[0]).all()
        for name, values in step.items():
            if everywhere and (rows == np.arange(len(rows))).all():
                self._parts[name][:, time[0]] = values
            else:
                self._parts[name][rows, time] = values
        self.elapsed[rows] += 1
        self.ended[rows] = over

    def complete(self) -> np.ndarray:
        """Return the tasks whose rows have all ended their episode."""
        return np.flatnonzero(self.ended.reshape(-1, self.rows_per_task).all(axis=1))

    def take(self, tasks: np.ndarray) -> dict[str, torch.Tensor]:
        """Return the episodes of `tasks` and forget them: tensors [M, R, T, ...], and `mask`."""
        rows = (tasks[:, None] * self.rows_per_task + np.arange(self.rows_per_task)).ravel()
        lengths = torch.from_numpy(self.elapsed[rows])
        longest = int(lengths.max())
        mask = (torch.arange(longest) < lengths[:, None]).float()
        shape = (len(tasks), self.rows_per_task, longest)
        taken = {}
        for name, values in self._parts.items():
            part = values[rows, :longest]
            played = mask.reshape(*mask.shape, *([1] * (part.dim() - 2))) > 0
            blank = torch.zeros(()) if name in _ZERO else part[:, :1]
            padded = torch.where(played, part, blank.to(part.dtype))
            taken[name] = padded.reshape(*shape, *part.shape[2:])
        self.forget(rows)
        return {**taken, "mask": mask.reshape(shape)}

    def forget(self, rows: np.ndarray) -> None:
        """Drop what `rows` have played of their episode."""
        self.elapsed[rows] = 0
        self.ended[rows] = False

    def _make_room(self, step: dict[str, torch.Tensor], steps: int) -> None:
        for name, values in step.items():
            held = self._parts.get(name)
            room = 0 if held is None else held.shape[1]
            if room >= steps:
                return
            shape = (self.num_rows, max(2 * room, 64), *values.shape[1:])
            self._parts[name] = torch.zeros(shape, dtype=values.dtype)
            if held is not None:
                self._parts[name][:, :room] = held


def joined(pieces: Sequence[tuple[np.ndarray, Episodes]]) -> Episodes:
    """Join the pieces of one round into the episodes of all tasks, in the order of the tasks.

    Args:
        pieces: Tasks (indices) and their episodes; together they contain every task once.
    """
    if len(pieces) == 1 and (pieces[0][0] == np.arange(len(pieces[0][0]))).all():
        return pieces[0][1]
    longest = max(episodes.mask.shape[2] for _, episodes in pieces)
    order = torch.from_numpy(np.argsort(np.concatenate([tasks for tasks, _ in pieces])))
    padded = [_lengthened(episodes, longest) for _, episodes in pieces]
    return type(pieces[0][1])(
        **{name: torch.cat([one[name] for one in padded])[order] for name in padded[0]}
    )


def side_by_side(rounds: Sequence[Episodes]) -> Episodes:
    """Return several rounds of the same tasks as one round of more rows."""
    longest = max(episodes.mask.shape[2] for episodes in rounds)
    padded = [_lengthened(episodes, longest) for episodes in rounds]
    return type(rounds[0])(
        **{name: torch.cat([one[name] for one in padded], dim=1) for name in padded[0]}
    )


def _lengthened(episodes: Episodes, longest: int) -> dict[str, torch.Tensor]:
    """Return the parts of episodes, padded to `longest` steps."""

    def padded(name: str, part: torch.Tensor) -> torch.Tensor:
        blank = part[:, :, :1] if name not in _ZERO else torch.zeros_like(part[:, :, :1])
        missing = [1] * part.dim()
        missing[2] = longest - part.shape[2]
        return torch.cat([part, blank.repeat(missing)], dim=2)

    return {name: padded(name, part) for name, part in vars(episodes).items()}
