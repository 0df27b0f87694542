"""The interface between agents and everything that runs them: the learnt learner inside a trial."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from meta_envs.core.rng import fresh_seed

from .step import Step

Rows = np.ndarray | None  # integer indices [R]; None is all rows


class InnerLoop(ABC):
    """What an agent does inside a trial, over a batch of rows.

    `venv.num_envs` is tasks x `rows_per_task`, task-major; rows of one task share one learner.
    Every array has the leading axis R = `len(rows)` (all rows where `rows` is None). `observe` is
    called once per `act`, with the same rows. Row i draws its randomness only from `seed + i`,
    so it plays the same in any batch.

    Args:
        venv: The visible part of a `MetaVectorEnv` (`agents.core.play.view.MAY_READ`).
        rows_per_task: Rows that share one learner.
        seed: Seed of row 0; None is fresh entropy.
    """

    reads_task: ClassVar[bool] = False  # True for oracles only: no others may look at `venv.tasks`

    # The newest figures that learners report (discount, entropy, ...), one per task.
    figures: Mapping[str, np.ndarray] = MappingProxyType({})

    def __init__(self, venv: Any, rows_per_task: int = 1, seed: int | None = None):
        if rows_per_task < 1 or venv.num_envs % rows_per_task:
            raise ValueError(
                f"rows_per_task={rows_per_task} does not divide num_envs={venv.num_envs}; "
                "rows are tasks x rows_per_task, task-major"
            )
        self.venv = venv
        self.num_rows: int = venv.num_envs
        self.rows_per_task = rows_per_task
        self.seed = fresh_seed() if seed is None else int(seed)

    def rows(self, rows: Rows) -> np.ndarray:
        """Return `rows` as indices [R]; None is all of them."""
        return np.arange(self.num_rows) if rows is None else np.asarray(rows, dtype=np.int64)

    @abstractmethod
    def reset(self, rows: Rows = None) -> None:
        """Begin a new trial in `rows`: forget all experience, and undo `freeze`."""

    @abstractmethod
    def act(self, observation: Any, rows: Rows = None, deterministic: bool = False) -> np.ndarray:
        """Choose actions [R, ...] for `observation` [R, ...]."""

    def observe(self, step: Step, rows: Rows = None) -> None:  # noqa: B027  it may learn nothing
        """Learn from one step of `rows`.

        Args:
            step: What was played, [R, ...]; the environment may reuse its arrays.
            rows: The rows that `act` was called with.
        """

    def condition(self, episodes: Sequence[Sequence[Step]], rows: Rows = None) -> None:
        """Learn from given episodes (demonstrations), one for each of `rows`.

        Args:
            episodes: R episodes, each the steps of one row; actions or rewards may be None.
            rows: Indices [R]; None is all.

        Raises:
            NotImplementedError: If this learner cannot.
        """
        raise NotImplementedError(
            "this learner learns from its own steps alone, and cannot be shown demonstrations; use "
            f"an agent that can, e.g. MIL (`condition` of {type(self).__name__} is not written)"
        )

    def freeze(self) -> None:  # noqa: B027  as above
        """Stop learning across episodes, until `reset`."""
