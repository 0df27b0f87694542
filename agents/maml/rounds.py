"""Collects rounds of episodes with an inner loop. N rows, K rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.evaluation.play import Play, Played
from ..core.play.balance import balanced_tasks
from ..core.play.player import OnStep
from .inner_loop import GradientInnerLoop


@dataclass
class Round:
    """The result of a collection: figures of its episodes, and the loop that kept them."""

    played: Played
    loop: GradientInnerLoop

    def figures(self) -> dict[str, float]:
        """Return mean returns by episode, each after one gradient step more, and final success."""
        returns, success = self.played.returns.mean(axis=0).tolist(), self.played.success
        found = {f"ep{episode}_rew_mean": value for episode, value in enumerate(returns, 1)}
        return found if success is None else {**found, "success_rate": float(success[:, -1].mean())}


class RoundCollector(Play):
    """Plays rounds as `evaluate` does, in newly drawn tasks.

    Args:
        venv: A `MetaVectorEnv`; its rows are pinned while it collects.
        loop: The inner loop, which keeps the rounds.
        rows_per_task: Rows of one task.
        on_step: Called after every step; False stops.
        balance: A quantity of the task; each of its values appears equally often in a collection.
    """

    def __init__(
        self,
        venv: Any,
        loop: GradientInnerLoop,
        rows_per_task: int,
        on_step: OnStep,
        balance: str | None = None,
    ):
        super().__init__(venv, loop, rows_per_task, deterministic=False, on_step=on_step)
        self.balance = balance

    def collect(self, tasks_seed: int, episodes_seed: int, count: int) -> Round:
        """Play `count` rounds in new tasks.

        Args:
            tasks_seed: Seed of the tasks.
            episodes_seed: Seed of row 0's episodes.
            count: Number of rounds.

        Raises:
            StoppedError: If `on_step` returned False.
        """
        return self.play(self.draw(tasks_seed), episodes_seed, count)

    def play(self, tasks: dict[str, np.ndarray], episodes_seed: int, count: int) -> Round:
        """Play `count` rounds in tasks [M, ...]; otherwise as `collect`."""
        self.pin(tasks)
        try:
            return Round(self.episodes(episodes_seed, count), self.loop)
        finally:
            self.venv.unwrapped.set_tasks(None)

    def draw(self, seed: int) -> dict[str, np.ndarray]:
        """Draw the tasks of a collection, [M, ...]."""
        number = self.venv.num_envs // self.rows_per_task
        if self.balance is not None:
            return balanced_tasks(self.venv, self.balance, number, seed)
        return self.venv.unwrapped.sample_tasks(number, seed=seed)

    def pin(self, tasks: dict[str, np.ndarray]) -> None:
        """Pin every row to the task, of those [M, ...], that it belongs to."""
        self.venv.unwrapped.set_tasks(
            {key: values.repeat(self.rows_per_task, axis=0) for key, values in tasks.items()}
        )
