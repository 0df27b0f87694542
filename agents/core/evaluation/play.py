"""Playing assigned episodes. N rows, task-major; R rows a task; K episodes, T steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..play.player import OnStep, Player, Step

_MOST_STEP_REWARDS = 20_000_000  # numbers; beyond it rewards are kept per episode only
_HIDDEN = (  # what tells the task, or plays
    *("unwrapped", "env", "envs", "task", "sample_tasks", "set_tasks", "state", "random"),
    *("reset", "step", "advance", "begin_episodes", "step_rows", "render", "render_row"),
)


class RowsView:
    """What an inner loop sees of the environment: spaces and rows, and tasks only if it may."""

    def __init__(self, venv: Any):
        self._venv = venv
        self.tasks_are_visible = False

    def __getattr__(self, name: str) -> Any:
        """Read an attribute of the environment."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("_") or name in _HIDDEN:
            raise AttributeError(f"an inner loop may not use {name!r} of the environment")
        return getattr(self._venv, name)

    @property
    def tasks(self) -> Any:
        """The tasks in force, for oracles.

        Raises:
            PermissionError: If the inner loop's class has not `reads_task = True`.
        """
        if not self.tasks_are_visible:
            raise PermissionError("only inner loops with reads_task = True may see tasks")
        return self._venv.tasks


@dataclass
class Played:
    """What the rows of one chunk played."""

    returns: np.ndarray  # [N, K]
    lengths: np.ndarray  # [N, K]
    success: np.ndarray | None  # any step of the episode, [N, K]
    expected: np.ndarray | None  # sums of expected rewards, [N, K]
    step_rewards: list[np.ndarray] = field(default_factory=list)  # T of [N]
    step_expected: list[np.ndarray] = field(default_factory=list)
    aligned: bool = True  # all rows played all steps
    frozen: Played | None = None
    figures: dict[str, np.ndarray] = field(default_factory=dict)  # of a lifetime's parts, [M, K]

    @classmethod
    def nothing(cls, num_rows: int, columns: int) -> Played:
        """Return what N rows have played before their first step."""
        shape = (num_rows, columns)
        return cls(np.zeros(shape), np.zeros(shape, np.int64), None, np.zeros(shape))


class Play:
    """Plays one chunk of rows with one inner loop.

    Args:
        venv: Pinned to its tasks.
        loop: The inner loop.
        rows_per_task: R.
        deterministic: Act without sampling.
        on_step: Called after every step; False stops by a `StoppedError`.
        checked: As of `Player`.
    """

    def __init__(
        self,
        venv: Any,
        loop: Any,
        rows_per_task: int,
        deterministic: bool,
        on_step: OnStep | None = None,
        checked: tuple[str, ...] = (),
    ):
        self.venv = venv
        self.loop = loop
        self.rows_per_task = rows_per_task
        self.player = Player(venv, loop, deterministic, on_step, checked)

    def episodes(self, seed: int, count: int, new: bool = True) -> Played:
        """Play `count` episodes in every row.

        Args:
            seed: Of row 0.
            count: K.
            new: Whether the learner starts anew.

        Raises:
            NotFiniteError: If a reward or an observation is not finite.
        """
        num_rows = self.venv.num_envs
        self.player.reset(seed)
        if new:
            self.loop.reset()
        played = Played.nothing(num_rows, count)
        ended = np.zeros(num_rows, dtype=np.int64)  # episodes
        waiting = np.zeros(num_rows, dtype=bool)
        while (playing := (ended < count) & ~waiting).any():
            rows = np.flatnonzero(playing)
            step = self.player.step(None if len(rows) == num_rows else rows)
            self._count(played, rows, ended[rows], step)
            over = rows[step.ended]
            ended[over] += 1
            together = self.rows_per_task > 1  # then they wait for the others of their task
            self.venv.unwrapped.rest(over if together else over[ended[over] >= count])
            if together and over.size:
                waiting[over] = True
                self._next_round(waiting, ended, count)
        return played

    def lifetime(self, seed: int, steps: int, bins: int) -> Played:
        """Play `steps` steps in every row; `returns` and `lengths` are of `bins` equal parts."""
        self.player.reset(seed)
        self.loop.reset()
        played = Played.nothing(self.venv.num_envs, bins)
        rows = np.arange(self.venv.num_envs)
        for step in range(steps):
            part = step * bins // steps
            self._count(played, rows, np.full(len(rows), part), self.player.step())
            if (step + 1) * bins // steps > part:
                self._read_figures(played, part, bins)
        return played

    def _read_figures(self, played: Played, part: int, bins: int) -> None:
        """Keep what the learners say of themselves at the end of a part."""
        for name, values in self.loop.figures.items():
            if name not in played.figures:
                played.figures[name] = np.full((len(values), bins), np.nan)
            played.figures[name][:, part] = values

    def _next_round(self, waiting: np.ndarray, ended: np.ndarray, count: int) -> None:
        """Begin the next episode of the tasks whose rows have all ended theirs."""
        by_task = waiting.reshape(-1, self.rows_per_task)
        ready = np.repeat(by_task.all(axis=1), self.rows_per_task) & (ended < count)
        if not ready.any():
            return
        options = {"reset_mask": ready.copy(), "keep_task": True}
        self.player.reset(options=options)
        waiting[ready] = False

    def _count(self, played: Played, rows: np.ndarray, column: np.ndarray, step: Step) -> None:
        """Add a step of `rows` [R] to the columns [R] that it belongs to."""
        played.returns[rows, column] += step.reward
        played.lengths[rows, column] += 1
        success, expected = step.infos.get("success"), step.infos.get("expected_reward")
        if success is not None:
            if played.success is None:
                played.success = np.zeros(played.returns.shape)
            played.success[rows, column] = np.maximum(played.success[rows, column], success)
        if expected is None:  # of some steps alone it would be no sum
            played.expected = None
        elif played.expected is not None:
            played.expected[rows, column] += expected
        num_rows = len(played.returns)
        played.aligned &= len(rows) == num_rows
        if played.aligned and (len(played.step_rewards) + 1) * num_rows < _MOST_STEP_REWARDS:
            played.step_rewards.append(step.reward.copy())  # it may be used again
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

    def rows(arrays: Sequence[np.ndarray]) -> np.ndarray:
        whole = np.concatenate(arrays)
        return whole.reshape(-1, rows_per_task, *whole.shape[1:])

    def mean(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
        present = [array for array in arrays if array is not None]
        return rows(present).mean(axis=1) if len(present) == len(parts) else None

    names = [name for name in parts[0].figures if all(name in part.figures for part in parts)]
    row_returns = rows([part.returns for part in parts])
    fields: dict[str, Any] = {
        "row_returns": row_returns,
        "returns": row_returns.mean(axis=1),
        "lengths": rows([part.lengths for part in parts]),
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
