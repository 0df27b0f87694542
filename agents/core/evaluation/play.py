"""Plays assigned episodes. N rows, task-major; R rows a task; K episodes, T steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..play.demonstrations import Demonstration
from ..play.player import OnStep, Player
from ..play.rounds import rounds
from ..play.step import Step
from ..play.unrolls import unroll

_MOST_STEP_REWARDS = 20_000_000  # numbers; beyond this, rewards are kept per episode only


@dataclass
class Played:
    """What the rows of one chunk played."""

    returns: np.ndarray  # [N, K]
    lengths: np.ndarray  # [N, K]
    success: np.ndarray | None  # success at any step of the episode, [N, K]
    expected: np.ndarray | None  # sums of expected rewards, [N, K]
    step_rewards: list[np.ndarray] = field(default_factory=list)  # T of [N]
    step_expected: list[np.ndarray] = field(default_factory=list)
    aligned: bool = True  # all rows played all steps
    frozen: Played | None = None
    figures: dict[str, np.ndarray] = field(default_factory=dict)  # by part of a lifetime, [M, K]

    @classmethod
    def nothing(cls, num_rows: int, columns: int) -> Played:
        """Return the record of N rows before their first step."""
        shape = (num_rows, columns)
        return cls(np.zeros(shape), np.zeros(shape, np.int64), None, np.zeros(shape))


class Play:
    """Plays one chunk of rows with one inner loop.

    Args:
        venv: The environment, pinned to its tasks.
        loop: The inner loop.
        rows_per_task: R.
        deterministic: Act without sampling.
        on_step: Called after every step; False stops with a `StoppedError`.
        checked: As in `Player`.
        shown: Demonstrations of each task, which new learners begin with.
    """

    def __init__(
        self,
        venv: Any,
        loop: Any,
        rows_per_task: int,
        deterministic: bool,
        on_step: OnStep | None = None,
        checked: tuple[str, ...] = (),
        shown: Sequence[Sequence[Demonstration]] = (),
    ):
        self.venv = venv
        self.loop = loop
        self.rows_per_task = rows_per_task
        self.shown = shown
        self.player = Player(venv, loop, deterministic, on_step, checked)

    def episodes(self, seed: int, count: int, new: bool = True) -> Played:
        """Play `count` episodes in every row.

        Args:
            seed: Seed of row 0.
            count: K.
            new: Whether the learner starts afresh.

        Raises:
            NotFiniteError: If a reward or an observation is not finite.
        """
        self.player.reset(seed)
        if new:
            self._begin()
        played = Played.nothing(self.venv.num_envs, count)
        for step, rows, episode in rounds(self.player, count, self.rows_per_task):
            self._count(played, rows, episode, step)
        return played

    def lifetime(self, seed: int, steps: int, bins: int) -> Played:
        """Play `steps` steps in every row; `returns` and `lengths` cover `bins` equal parts."""
        self.player.reset(seed)
        self._begin()
        played = Played.nothing(self.venv.num_envs, bins)
        rows = np.arange(self.venv.num_envs)
        for index, step in enumerate(unroll(self.player, steps)):
            part = index * bins // steps
            self._count(played, rows, np.full(len(rows), part), step)
            if (index + 1) * bins // steps > part:
                self._read_figures(played, part, bins)
        return played

    def _begin(self) -> None:
        """Begin with new learners, and show each the demonstrations of its task."""
        self.loop.reset()
        for count in range(max((len(one) for one in self.shown), default=0)):
            tasks = [task for task, one in enumerate(self.shown) if len(one) > count]
            rows = np.array(tasks).repeat(self.rows_per_task) * self.rows_per_task
            rows += np.tile(np.arange(self.rows_per_task), len(tasks))
            steps = [self.shown[task][count].steps() for task in tasks]
            each = [one for one in steps for _ in range(self.rows_per_task)]
            self.loop.condition(each, rows)

    def _read_figures(self, played: Played, part: int, bins: int) -> None:
        """Keep what the learners report about themselves at the end of a part."""
        for name, values in self.loop.figures.items():
            if name not in played.figures:
                played.figures[name] = np.full((len(values), bins), np.nan)
            played.figures[name][:, part] = values

    def _count(self, played: Played, rows: np.ndarray, column: np.ndarray, step: Step) -> None:
        """Add a step of `rows` [R] to the columns [R] that they belong to."""
        played.returns[rows, column] += step.reward
        played.lengths[rows, column] += 1
        success, expected = step.infos.get("success"), step.infos.get("expected_reward")
        if success is not None:
            if played.success is None:
                played.success = np.zeros(played.returns.shape)
            played.success[rows, column] = np.maximum(played.success[rows, column], success)
        if expected is None:  # without every step it would not be a sum
            played.expected = None
        elif played.expected is not None:
            played.expected[rows, column] += expected
        num_rows = len(played.returns)
        played.aligned &= len(rows) == num_rows
        if played.aligned and (len(played.step_rewards) + 1) * num_rows < _MOST_STEP_REWARDS:
            played.step_rewards.append(step.reward.copy())  # the environment may reuse the array
            if expected is not None:
                played.step_expected.append(expected.copy())
        else:
            played.aligned = False


def joined(parts: Sequence[Played], rows_per_task: int) -> dict[str, Any]:
    """Join chunks into the arguments of an `AdaptationCurve`.

    Args:
        parts: In the order of their tasks.
        rows_per_task: R.
    """

    def by_task(arrays: Sequence[np.ndarray]) -> np.ndarray:
        whole = np.concatenate(arrays)
        return whole.reshape(-1, rows_per_task, *whole.shape[1:])

    def mean(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
        present = [array for array in arrays if array is not None]
        return by_task(present).mean(axis=1) if len(present) == len(parts) else None

    names = [name for name in parts[0].figures if all(name in part.figures for part in parts)]
    row_returns = by_task([part.returns for part in parts])
    fields: dict[str, Any] = {
        "row_returns": row_returns,
        "returns": row_returns.mean(axis=1),
        "lengths": by_task([part.lengths for part in parts]),
        "success": mean([part.success for part in parts]),
        "expected_returns": mean([part.expected for part in parts]),
        "figures": {name: np.concatenate([part.figures[name] for part in parts]) for name in names}
        or None,
    }
    lengths = {len(part.step_rewards) for part in parts}
    if len(lengths) == 1 and all(part.aligned for part in parts):
        fields["rewards"] = mean([np.stack(part.step_rewards, axis=1) for part in parts])
        if fields["expected_returns"] is not None:
            fields["expected_rewards"] = mean(
                [np.stack(part.step_expected, axis=1) for part in parts]
            )
    frozen = [part.frozen for part in parts if part.frozen is not None]
    if frozen:
        fields["frozen_returns"] = mean([part.returns for part in frozen])
        fields["frozen_success"] = mean([part.success for part in frozen])
    return fields
