"""Collects rounds of episodes with an inner loop. N rows, K rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.base.training_log import record_update
from ..core.evaluation.play import Play, Played
from ..core.play.balance import balanced_tasks
from ..core.play.player import OnStep
from .inner_loop import GradientInnerLoop


@dataclass
class Round:
    """The result of a collection: figures of its episodes, and the loop that kept them."""

    played: Played
    loop: GradientInnerLoop


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
        number, base = self.venv.num_envs // self.rows_per_task, self.venv.unwrapped
        if self.balance is None:
            tasks = base.sample_tasks(number, seed=tasks_seed)
        else:
            tasks = balanced_tasks(self.venv, self.balance, number, tasks_seed)
        base.set_tasks(
            {key: values.repeat(self.rows_per_task, axis=0) for key, values in tasks.items()}
        )
        try:
            return Round(self.episodes(episodes_seed, count), self.loop)
        finally:
            base.set_tasks(None)


def record_rounds(
    agent: Any, collected: Round, figures: dict[str, float], seconds: dict[str, float], dump: bool
) -> None:
    """Record one iteration; episode k was played after k - 1 gradient steps.

    Args:
        agent: The agent whose logger is written to.
        collected: The round collected in this iteration.
        figures: Figures of the update.
        seconds: Time spent collecting and training.
        dump: Write a row now.
    """
    log, played = agent.logger.record, collected.played
    by_round = played.returns.mean(axis=0)
    for episode, value in enumerate(by_round.tolist(), start=1):
        log(f"rollout/ep{episode}_rew_mean", value)
    if played.success is not None:
        log("rollout/success_rate", float(played.success[:, -1].mean()))
    agent.latest = {f"ep{i}_rew_mean": value for i, value in enumerate(by_round.tolist(), start=1)}
    agent.latest["trial_rew_mean"] = float(by_round[-1])
    record_update(agent, figures, seconds, dump)
