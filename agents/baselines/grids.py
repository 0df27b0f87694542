"""Players of GridNavi: one that knows the goal, and one that samples a posterior.

Shapes: R rows of one call, M learners, G possible goals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from ..core.play.inner_loop import Rows
from ..core.play.step import Step
from .base import Baseline, BaselineLoop
from .oracles import task_values

_STAY, _UP, _RIGHT, _DOWN, _LEFT = range(5)  # GridNavi's actions; up is y + 1, right is x + 1


class _GridLoop(BaselineLoop):
    """Walks to a cell on a shortest path, and stays there."""

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        actions, cells = venv.single_action_space, venv.single_observation_space
        five = isinstance(actions, spaces.Discrete) and (actions.n, actions.start) == (5, 0)
        if not five or cells.shape != (2,):
            raise ValueError(
                f"{baseline} needs actions Discrete(5) (stay, up, right, down, left) and "
                f"observations (x, y), not {actions} and {cells}"
            )

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose moves [R] from cells `observation` [R, 2]: first along x, then along y."""
        target = self.targets(self.rows(rows), deterministic)
        x, y = np.rint(target - np.asarray(observation)).astype(int).T
        vertical = np.select([y > 0, y < 0], [_UP, _DOWN], _STAY)
        return np.select([x > 0, x < 0], [_RIGHT, _LEFT], vertical)

    def targets(self, rows: np.ndarray, deterministic: bool) -> np.ndarray:
        """Return the cells to go to, [R, 2]."""
        raise NotImplementedError


class _GridOracleLoop(_GridLoop):
    reads_task = True

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        self.opened = np.full(self.num_rows, not baseline.gate)
        self.far = farthest(baseline, venv.single_observation_space) if baseline.gate else 0

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: the gate, if there is one, is closed."""
        super().reset(rows)
        self.opened[self.rows(rows)] = not self.baseline.gate

    def targets(self, rows: np.ndarray, deterministic: bool) -> np.ndarray:
        goals = task_values(self.venv, self.baseline.key, self.baseline)[rows]
        return np.where(self.opened[rows, None], goals, self.far)

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Remember who has been in the farthest corner."""
        self.opened[self.rows(rows)] |= (np.rint(step.next_observation) == self.far).all(axis=1)


@dataclass(frozen=True)
class GridOracle(Baseline):
    """Walk to the goal of a GridNavi task on a shortest path and stay there.

    Args:
        key: Key of the goal's cell (x, y) in the task.
        gate: Walk to the corner farthest from the start first, once a trial, as `GridNavi` with
            `gate=True` demands.
    """

    key: str = "goal"
    gate: bool = False
    loop: ClassVar[type[BaselineLoop]] = _GridOracleLoop


def farthest(baseline: Any, space: spaces.Space) -> int:
    """Return x, which is also y, of the corner farthest from the start.

    Raises:
        ValueError: If the space does not tell how large the grid is.
    """
    if not isinstance(space, spaces.Box) or not space.is_bounded():
        raise ValueError(f"{baseline} needs a bounded Box of cells (x, y), not {space}")
    return int(np.max(space.high))


class _GridSamplingLoop(_GridLoop):
    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        size = farthest(baseline, venv.single_observation_space) + 1
        cells = np.stack(np.divmod(np.arange(size**2), size), axis=1)
        self.goals = cells[cells.max(axis=1) > 1]  # [G, 2]
        self.possible = np.ones((len(self.frozen), len(self.goals)), dtype=bool)  # [M, G]
        self.target = np.zeros((self.num_rows, 2), dtype=self.goals.dtype)
        self._due = np.ones(self.num_rows, dtype=bool)  # whether a row must sample a new target

    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: every goal is possible."""
        super().reset(rows)
        self.possible[self.learners(rows)] = True
        self._due[self.rows(rows)] = True

    def targets(self, rows: np.ndarray, deterministic: bool) -> np.ndarray:
        fresh = rows[self._due[rows]]
        if len(fresh):
            noise = None if deterministic else self.random.uniform(fresh, len(self.goals))
            drawn = self.break_ties(self.possible[self.learners(fresh)].astype(float), noise)
            self.target[fresh], self._due[fresh] = self.goals[drawn], False
        return self.target[rows]

    def observe(self, step: Step, rows: Rows = None) -> None:
        """Rule out the cells that did not pay, and all others where one did."""
        where = self.rows(rows)
        self._due[where] |= step.ended
        here = (self.goals == np.rint(step.next_observation)[:, None]).all(axis=2)  # [R, G]
        learners = self.learners(rows)
        for learner, cell, paid in zip(learners, here, np.asarray(step.reward) > 0, strict=True):
            if not self.frozen[learner]:
                self.possible[learner] &= cell == paid
        self._due[where] |= self.possible[learners].sum(axis=1) == 1


@dataclass(frozen=True)
class GridPosteriorSampling(Baseline):
    """Go to a cell of GridNavi drawn from the posterior over goals once an episode, and stay there.

    The posterior is exact on the split `all`: uniform over the cells that nothing has ruled out, of
    all but the four around the start. PEARL approximates this player. A Bayes-optimal player does
    far better (37.2 against 12 in the four episodes of the 5 by 5 grid), because this one never
    explores on purpose. A goal that it comes across on its way is known from then on.

    Source: Strens (2000); Zintgraf et al. 2020 (VariBAD), figure 1.
    """

    loop: ClassVar[type[BaselineLoop]] = _GridSamplingLoop
