"""What a family of the vector base writes: how rows begin, step and are drawn. R of N rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from . import snapshot_check
from .distribution import TaskFamily


class RowFamily(TaskFamily):
    """The methods by which a family plays its rows, with their defaults.

    A family writes `begin_episodes` and `step_rows`, besides what it says of its tasks. What
    changes while it plays is in `self.state`, arrays [N, ...].
    """

    row_bytes: int = 0  # rough size of a row in a family beyond task, observation and action
    state: dict[str, np.ndarray]
    num_envs: int
    render_mode: str | None

    @abstractmethod
    def begin_episodes(self, rows: np.ndarray) -> Any:
        """Begin an episode in each of `rows` [R] and return their first observations [R, ...]."""

    @abstractmethod
    def step_rows(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row.

        Args:
            actions: Checked (and clipped) actions [N, ...].

        Returns:
            New arrays: observations [N, ...], rewards float64 [N], terminated bool [N], and infos,
            a dict of arrays [N, ...].
        """

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Write the tasks of `rows` into a model, when trials start or `next_task` changed them."""

    def render_row(self, row: int) -> np.ndarray:
        """Draw one row: uint8 [height, width, 3]."""
        raise NotImplementedError(f"{type(self).__name__} draws no picture")

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Draw every row: N pictures, uint8 [height, width, 3]."""
        rows = range(self.num_envs)
        return None if self.render_mode is None else tuple(self.render_row(row) for row in rows)

    def more_state(self) -> dict[str, np.ndarray]:
        """Return what steps depend on besides `self.state`, for `get_state` to keep."""
        return {}

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore what `more_state` returned; tasks have been applied already."""

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Raise ValueError if a state with the right names, shapes and types is impossible.

        `set_state` calls it before anything changes. Here every float of `self.state` must be
        finite; a family whose numbers have a meaning, such as array indices, checks more.

        Args:
            state: As `get_state` gives it: `"state.position"`, `"clock.tasks.goal"`, ...
        """
        snapshot_check.check_finite(state, snapshot_check.named("state", self.state))
