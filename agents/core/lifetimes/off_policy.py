"""The loop of learners with replay buffers: act, keep, and learn from windows of what was kept.

N rows: M learners of R rows each, learner-major; T steps of a window, B windows of a learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from meta_envs.core.rng import fold

from ..play.inner_loop import Rows
from ..play.replay import TaskReplay
from .loop import LifetimeLoop
from .rule import Acted, Learners, Unroll

Windows = dict[str, torch.Tensor]  # fields of windows, [T, M, B, ...]


class OffPolicyRule(Protocol):
    """How learners act, and improve by a step on windows of steps."""

    @property
    def network(self) -> Any:
        """The network whose parameters learners have."""

    @property
    def n_steps(self) -> int:
        """Steps of a row between updates."""

    @property
    def window(self) -> int:
        """T, steps of a window."""

    @property
    def least_steps(self) -> int:
        """Steps kept of each row before the first update, at least T."""

    @property
    def batch_size(self) -> int:
        """B, windows of an update."""

    @property
    def capacity(self) -> int:
        """Steps that the buffer of a row keeps."""

    @property
    def updates_per_step(self) -> float:
        """Updates for each step that is played."""

    def begin(self, seeds: Sequence[int]) -> Learners:
        """Return new learners."""

    def room(self, learners: Learners, num_rows: int) -> Learners:
        """Return nothing: what is kept belongs to the loop."""

    def act(
        self,
        learners: Learners,
        inputs: torch.Tensor,
        memory: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> Acted:
        """Choose actions."""

    def fields(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a step's fields."""

    def steps_of(self, unroll: Unroll) -> dict[str, torch.Tensor]:
        """Return the fields of an unroll's steps, each [T, M, R, ...]."""

    def seen(self, learners: Learners, unroll: Unroll) -> Learners:
        """Return learners that have counted an unroll."""

    def improve(
        self, learners: Learners, windows: Windows, noise: torch.Tensor, number: int
    ) -> tuple[Learners, dict[str, torch.Tensor]]:
        """Return learners after one step on windows, and figures [M]."""

    def noise_size(self) -> int:
        """Return the normal numbers that each step of a window needs."""


class OffPolicyLoop(LifetimeLoop):
    """Learners with a replay buffer for each row, which the loop owns and writes in place.

    Args:
        rule: How learners act and improve.
        venv: As in `InnerLoop`.
        rows_per_task: R, rows that share a learner.
        seed: As in `InnerLoop`.

    Raises:
        MemoryError: If the buffers do not fit into memory.
    """

    rule: Any  # an `OffPolicyRule`

    def __init__(
        self, rule: OffPolicyRule, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ):
        made: Any = rule
        super().__init__(made, venv, rows_per_task, seed)
        self.replay = TaskReplay(self.num_rows, rule.capacity, rule.fields())

    def reset(self, rows: Rows = None) -> None:
        """Replace the learners of `rows` with new ones, with empty buffers."""
        super().reset(rows)
        for row in self.rows(rows):
            self.replay.written[row] = 0

    def keep(self, which: np.ndarray) -> None:
        """Put what learners `which` have played since their last update into their buffers."""
        unroll = self.unroll(which)
        index = torch.from_numpy(which).to(self.device)
        chosen = {name: part[index] for name, part in self.learners.items()}
        everyone = len(which) == self.num_learners
        self._set_learners(index, everyone, self.rule.seen(chosen, unroll))
        kept = self.rule.steps_of(unroll)
        fields = {name: part.cpu().numpy() for name, part in kept.items()}
        played = unroll.mask.cpu().numpy() > 0
        for at, learner in enumerate(which):
            for row in range(self.rows_per_task):
                steps = {name: part[played[:, at, row], at, row] for name, part in fields.items()}
                place = int(learner) * self.rows_per_task + row
                self.replay.add(place, steps, recent=False)
        self.ages[which] += len(unroll.mask)
        self.kept.clear(self._rows_of(which))

    def ready(self, which: np.ndarray) -> np.ndarray:
        """Return those of `which` whose every row has kept enough."""
        size = self.replay.size.reshape(self.num_learners, -1).min(axis=1)
        return which[size[which] >= self.rule.least_steps]

    def learn_now(self, which: np.ndarray | None = None) -> None:
        """Keep what learners have played, and improve them.

        Args:
            which: Learners, as integer indices; None takes those that are due.
        """
        which = np.flatnonzero(self.due()) if which is None else np.asarray(which)
        if not which.size:
            return
        self.keep(which)
        which = self.ready(which)
        if which.size:
            for number, (windows, noise) in enumerate(self.draw(which)):
                self.improve(which, windows, noise, number)

    def improve(
        self, which: np.ndarray, windows: Windows, noise: torch.Tensor, number: int
    ) -> None:
        """Let learners `which` take the step of this number on windows."""
        index, everyone = torch.from_numpy(which).to(self.device), len(which) == self.num_learners
        chosen = self.learners if everyone else {k: v[index] for k, v in self.learners.items()}
        improved, figures = self.rule.improve(chosen, windows, noise, number)
        self._set_learners(index, everyone, improved)
        for name, values in figures.items():
            known = self.figures.get(name, np.full(self.num_learners, np.nan))
            self.figures[name] = known.copy()
            self.figures[name][which] = values.detach().cpu().numpy()

    def draw(self, which: np.ndarray) -> list[tuple[Windows, torch.Tensor]]:
        """Draw windows for the steps that are due after an unroll, each learner by itself.

        Returns:
            For each step the fields [T, M', B, ...], and normal noise [T, M', B, size].
        """
        rule = self.rule
        count = max(round(rule.updates_per_step * rule.n_steps), 1)
        places, noises = [], []
        for learner in which:
            seed = self.seeds[int(learner) * self.rows_per_task]
            rng = np.random.default_rng(fold(seed, "draws", int(self.ages[learner])))
            rows = int(learner) * self.rows_per_task + rng.integers(
                self.rows_per_task, size=(count, rule.batch_size)
            )
            places.append(self.replay.draw_windows(rows, rule.window, rng))
            shape = (count, rule.batch_size, rule.window, rule.noise_size())
            noises.append(rng.standard_normal(shape, dtype=np.float32))
        where, noise = np.stack(places, axis=1), np.stack(noises, axis=1)  # [count, M', B, T]
        result = []

        def there(part: np.ndarray) -> torch.Tensor:
            return _by_time(torch.from_numpy(part).to(self.device))

        for step in range(count):
            taken = self.replay.take(where[step])
            result.append(({name: there(part) for name, part in taken.items()}, there(noise[step])))
        return result


def _by_time(part: torch.Tensor) -> torch.Tensor:
    """Return [T, M, B, ...] of [M, B, T, ...]."""
    return part.movedim(2, 0)
