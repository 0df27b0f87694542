"""Players that are told the task: what a learner could reach once it knows everything.

They read `venv.tasks` each time they choose an action, because tasks change at trial starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from meta_envs.core import batches

from ..core.play.inner_loop import Rows
from .base import Baseline, BaselineLoop, discrete
from .tabular import PlanningLoop


def task_values(venv: Any, key: str, baseline: object) -> np.ndarray:
    """Return `venv.tasks[key]`, leading axis `num_envs`.

    Raises:
        ValueError: If there are no tasks yet, or none with such a key; the message lists the keys.
    """
    tasks = venv.tasks
    if not tasks:
        raise ValueError(f"{baseline} reads the tasks of {venv}, which has none; call reset first")
    if key not in tasks:
        raise ValueError(f"tasks have no key {key!r} for {baseline}; they have {sorted(tasks)}")
    return np.asarray(tasks[key])


class _BanditOracleLoop(BaselineLoop):
    reads_task = True

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        self.first = int(discrete(venv.single_action_space, "action", baseline).start)

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose the best arm, [R]."""
        best = task_values(self.venv, self.baseline.key, self.baseline)[self.rows(rows)]
        return (best if best.ndim == 1 else best.argmax(axis=1)) + self.first


@dataclass(frozen=True)
class BanditOracle(Baseline):
    """Play the best arm.

    Args:
        key: Key in the task of the arms' mean rewards, [A], or of the best arm's number (from 0).
    """

    key: str = "means"
    loop = _BanditOracleLoop


class _MDPOracleLoop(PlanningLoop):
    reads_task = True

    def models(self, rows: np.ndarray, deterministic: bool) -> tuple[np.ndarray, np.ndarray]:
        baseline = self.baseline
        transitions = task_values(self.venv, baseline.transitions, baseline)[rows]
        return transitions, task_values(self.venv, baseline.rewards, baseline)[rows]


@dataclass(frozen=True)
class MDPOracle(Baseline):
    """Follow the optimal plan of a known tabular MDP.

    Args:
        horizon: Steps per episode.
        transitions: Key of the task's transition probabilities [S, A, S].
        rewards: Key of the task's mean rewards [S, A].
    """

    horizon: int = 10
    transitions: str = "transitions"
    rewards: str = "rewards"
    loop = _MDPOracleLoop

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.horizon < 1:
            raise ValueError(f"horizon={self.horizon} must be at least 1 step")


class _ExpertLoop(BaselineLoop):
    reads_task = True

    def __init__(
        self, baseline: Any, venv: Any, rows_per_task: int = 1, seed: int | None = None
    ) -> None:
        super().__init__(baseline, venv, rows_per_task, seed)
        expert = getattr(venv, "expert", None)
        if not callable(expert):
            raise ValueError(
                f"{baseline} plays by a family's expert(observation, task), which {venv} has not; "
                "another oracle is an SB3 model trained on OracleObservation"
            )
        self.expert = expert

    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose the expert's actions [R, ...]; none is drawn at random."""
        rows = self.rows(rows)
        tasks = self.venv.tasks
        if not tasks:
            raise ValueError(f"{self.baseline} reads tasks, and there are none; call reset first")
        return np.asarray(
            self.actions(observation, {key: part[rows] for key, part in tasks.items()}),
            dtype=self.venv.single_action_space.dtype,
        )

    def actions(self, observations: Any, tasks: dict[str, np.ndarray]) -> np.ndarray:
        """Ask the expert row by row; override for an expert that takes a batch or has a memory.

        Args:
            observations: [R, ...].
            tasks: The current tasks, arrays [R, ...].
        """
        count = len(next(iter(tasks.values())))
        each = [
            self.expert(batches.take(observations, row), {k: v[row] for k, v in tasks.items()})
            for row in range(count)
        ]
        return np.stack([np.asarray(action) for action in each])


@dataclass(frozen=True)
class Expert(Baseline):
    """Act by the environment's own `expert(observation, task)`, told the task.

    Navigation, the sinusoids and Meta-World's scripted policies have one. It draws nothing at
    random, so `deterministic` makes no difference.
    """

    loop: ClassVar[type[BaselineLoop]] = _ExpertLoop
