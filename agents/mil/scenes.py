"""Demonstrations by task, as tensors to draw meta-batches from.

G tasks in all, M of a meta-batch; E episodes, T steps of the longest; N = episodes x T of a task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core import batches

from ..core.losses.finite import check_tensors
from ..core.play.demonstrations import Demonstration, DemonstrationSet
from ..core.play.shown_tasks import by_task
from .answers import Answers


@dataclass(frozen=True)
class Shown:
    """Episodes of M tasks; shorter ones are filled up, and masked."""

    inputs: torch.Tensor  # [M, N, D]
    targets: torch.Tensor | None  # what was done, [M, N, A] or [M, N]; None if that is unknown
    mask: torch.Tensor  # 1 at steps that were played, [M, N]
    ends: torch.Tensor  # the number of steps of each episode, [M, episodes]

    def to(self, device: torch.device) -> Shown:
        """Move to a device."""
        targets = None if self.targets is None else self.targets.to(device)
        return Shown(self.inputs.to(device), targets, self.mask.to(device), self.ends.to(device))

    def tasks(self, index: Any) -> Shown:
        """Return some of the tasks."""
        targets = None if self.targets is None else self.targets[index]
        return Shown(self.inputs[index], targets, self.mask[index], self.ends[index])


def shown(
    episodes: Sequence[Sequence[Demonstration]],
    make_inputs: Callable[[Any], torch.Tensor],
    answers: Answers,
) -> Shown:
    """Return equally many episodes of each of M tasks.

    Args:
        episodes: By task.
        make_inputs: Makes rows [R, D] of observations [R, ...].
        answers: Makes targets of actions.
    """
    whole = Scenes([one for task in episodes for one in task], make_inputs, answers)
    count = len(episodes[0])
    return whole.take(np.arange(len(episodes) * count).reshape(len(episodes), count))


class Scenes:
    """Episodes, filled up to the longest, from which meta-batches are drawn.

    Args:
        episodes: E of them.
        make_inputs: Makes rows [R, D] of observations [R, ...].
        answers: Makes targets of actions.
    """

    def __init__(
        self,
        episodes: Sequence[Demonstration],
        make_inputs: Callable[[Any], torch.Tensor],
        answers: Answers,
    ):
        lengths = np.array([len(one) for one in episodes])
        steps = int(lengths.max())
        self.mask = torch.from_numpy(np.arange(steps) < lengths[:, None]).float()
        self.ends = torch.from_numpy(lengths)
        done = None
        for index, one in enumerate(episodes):
            rows = make_inputs(batches.take(one.observations, np.arange(len(one))))
            if not index:
                self.inputs = torch.zeros((len(episodes), steps, rows.shape[1]), dtype=rows.dtype)
            self.inputs[index, : len(one)] = rows
            if one.actions is None:
                continue
            targets = torch.from_numpy(answers.targets(one.actions))
            if done is None:
                done = torch.zeros((len(episodes), steps, *targets.shape[1:]), dtype=targets.dtype)
            done[index, : len(one)] = targets
        known = all(one.actions is not None for one in episodes)
        self.targets = done if known else None
        if self.inputs.is_floating_point():
            check_tensors("demonstrated", [("inputs", self.inputs)], "correct the demonstrations")

    def take(self, index: np.ndarray) -> Shown:
        """Return episodes `index` [M, episodes]."""
        where = torch.from_numpy(index)
        targets = None if self.targets is None else self.targets[where].flatten(1, 2)
        inputs, mask = self.inputs[where].flatten(1, 2), self.mask[where].flatten(1, 2)
        return Shown(inputs, targets, mask, self.ends[where])


class TaskScenes:
    """The episodes of G tasks.

    Args:
        demonstrations: With tasks and actions.
        least: Episodes that each task needs.
        make_inputs: As in `Scenes`.
        answers: As in `Scenes`.

    Raises:
        ValueError: If an episode has no task or no actions, or a task has too few episodes.
    """

    def __init__(
        self,
        demonstrations: DemonstrationSet,
        least: int,
        make_inputs: Callable[[Any], torch.Tensor],
        answers: Answers,
    ):
        demonstrations.require_actions()
        self.groups = [index for _, index in by_task(demonstrations)]
        for number, group in enumerate(self.groups):
            if len(group) < least:
                raise ValueError(
                    f"task {number} of the demonstrations has {len(group)} episodes; shots + "
                    f"queries = {least} of each task are needed, of which some are shown and "
                    "others asked for"
                )
        self.scenes = Scenes(demonstrations.episodes, make_inputs, answers)

    def draw(self, random: np.random.Generator, tasks: int, episodes: int) -> np.ndarray:
        """Return the indices of different episodes of some tasks, [M, episodes].

        Args:
            random: Draws them.
            tasks: M; tasks are different while there are enough.
            episodes: Number of each task.
        """
        chosen = random.permutation(len(self.groups))[:tasks]
        if len(chosen) < tasks:
            more = random.integers(len(self.groups), size=tasks - len(chosen))
            chosen = np.concatenate([chosen, more])
        return np.stack(
            [random.choice(self.groups[one], episodes, replace=False) for one in chosen]
        )
