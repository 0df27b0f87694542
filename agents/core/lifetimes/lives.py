"""Whole trainings, side by side, of learners that are born with what is to be judged.

M learners of R rows each, N = M R; E episodes of each row; P numbers that are judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..play.members import Played
from ..play.player import OnStep, Player
from ..play.rounds import rounds
from ..play.unrolls import unroll
from .loop import LifetimeLoop
from .rule import Learners, Rule

FOUND = "found"  # what is judged, among a learner's arrays: [M, P]


@dataclass(frozen=True)
class Lived(Played):
    """What learners earned in the episodes after their training, each [M, R E].

    NaN where a learner's parameters were not finite at some time.
    """

    trained: int = 0  # steps of all rows before

    @property
    def steps(self) -> int:
        """Steps of all learners."""
        return self.trained + super().steps

    @staticmethod
    def joined(parts: Sequence[Played]) -> Lived:
        """Return the results of jobs as one, [sum of M, R E]."""
        whole = Played.joined(parts)
        trained = sum(part.trained for part in parts if isinstance(part, Lived))
        return Lived(whole.returns, whole.lengths, whole.success, trained)


def live(
    venv: Any,
    rule: Rule,
    found: torch.Tensor,
    seeds: Sequence[int],
    rows_per_task: int,
    steps: int,
    episodes: int,
    tasks: Sequence[Any] | None = None,
    on_step: OnStep | None = None,
) -> Lived:
    """Train new learners, and let them play when they have learnt.

    Learners with equal seeds begin alike, and meet the same episodes and noise.

    Args:
        venv: A batch of N rows.
        rule: How learners learn; they have an array `FOUND`.
        found: What each of them is born with, [M, P].
        seeds: One for each learner.
        rows_per_task: R.
        steps: Steps of a row in training.
        episodes: E, of each row afterwards, in which nobody learns.
        tasks: One for each learner; None for environments without tasks.
        on_step: Called after every step; False stops.

    Raises:
        NotFiniteError: If a reward or an observation is not finite.
        StoppedError: If `on_step` returned False.
    """
    each = _by_row(seeds, rows_per_task)
    loop = LifetimeLoop(rule, venv, rows_per_task, each)
    loop.learners = {**loop.learners, FOUND: found}
    player = Player(venv, loop, on_step=on_step)
    options = _begun(tasks, rows_per_task)
    player.reset([fold(seed, "episodes") for seed in each], options)
    lost = np.zeros(len(seeds), dtype=bool)
    newest = loop.learners
    for _ in unroll(player, steps):
        if loop.learners is not newest:
            lost |= _mend(loop)
            newest = loop.learners
    loop.freeze()
    player.reset([fold(seed, "judged") for seed in each], {"keep_task": True})
    played = _judged(player, episodes, len(seeds))
    played.returns[lost] = np.nan
    return Lived(played.returns, played.lengths, played.success, steps * venv.num_envs)


def judge(
    venv: Any,
    rule: Rule,
    learners: Learners,
    seeds: Sequence[int],
    rows_per_task: int,
    episodes: int,
    tasks: Sequence[Any] | None = None,
) -> Played:
    """Let learners play as they are, in the episodes in which `live` would judge them.

    Args:
        venv: A batch of N rows.
        rule: How they act.
        learners: [M, ...].
        seeds: One for each learner.
        rows_per_task: R.
        episodes: E, of each row.
        tasks: One for each learner; None for environments without tasks.
    """
    each = _by_row(seeds, rows_per_task)
    loop = LifetimeLoop(rule, venv, rows_per_task, each)
    loop.learners = learners
    loop.freeze()
    player = Player(venv, loop)
    player.reset([fold(seed, "judged") for seed in each], _begun(tasks, rows_per_task))
    return _judged(player, episodes, len(seeds))


def _by_row(seeds: Sequence[int], rows_per_task: int) -> list[int]:
    return [fold(seed, "row", row) for seed in seeds for row in range(rows_per_task)]


def _begun(tasks: Sequence[Any] | None, rows_per_task: int) -> dict[str, Any]:
    """Return options with which new trials begin, in the learners' tasks."""
    options: dict[str, Any] = {"keep_task": False}
    if tasks is not None:
        options["tasks"] = [task for task in tasks for _ in range(rows_per_task)]
    return options


def _mend(loop: LifetimeLoop) -> np.ndarray:
    """Return which learners have parameters that are not finite; these become 0, and go on."""
    policy = loop.learners["policy"]
    fine = torch.isfinite(policy).all(dim=1)
    if fine.all():
        return np.zeros(len(fine), dtype=bool)

    def mended(part: torch.Tensor) -> torch.Tensor:
        if not part.is_floating_point():
            return part
        return torch.where(fine.reshape(-1, *(1,) * (part.ndim - 1)), part, 0.0)

    loop.learners = {
        name: part if name == FOUND else mended(part) for name, part in loop.learners.items()
    }
    return ~fine.numpy()


def _judged(player: Player, episodes: int, learners: int) -> Played:
    """Play `episodes` episodes in every row."""
    rows_in_all = player.venv.num_envs
    returns = np.zeros((rows_in_all, episodes))
    lengths = np.zeros((rows_in_all, episodes), dtype=np.int64)
    success = np.zeros((rows_in_all, episodes), dtype=bool)
    speaks = False
    for step, rows, number in rounds(player, episodes):
        returns[rows, number] += step.reward
        lengths[rows, number] += 1
        if "success" in step.infos:
            speaks = True
            success[rows, number] |= step.infos["success"] > 0
    shape = (learners, -1)
    told = success.reshape(shape) if speaks else None
    return Played(returns.reshape(shape), lengths.reshape(shape), told)
