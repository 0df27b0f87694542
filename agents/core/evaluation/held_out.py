"""A callback that measures an agent on held-out tasks while it trains, and keeps the best state."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from meta_envs.core.arguments import whole

from ..saving.writers import AppendingCSV, cut_back
from .acting import as_trained
from .curve import AdaptationCurve
from .evaluate import evaluate

COLUMNS = ("timesteps", "return", "standard_error", "first_episode", "last_episode", "num_tasks")
SEED = 1  # of these evaluations; final curves take 0, and so other tasks where there are enough


class HeldOutCallback(BaseCallback):
    """Evaluate at the first iteration boundary at or after each multiple of `eval_freq` steps.

    Training is the same, bit for bit, with this callback or without. The log gets
    `eval/trial_rew_mean` (a trial's return, the mean over tasks) and `eval/last_ep_rew_mean`.

    Args:
        eval_freq: Environment steps between evaluations.
        num_tasks: Tasks of an evaluation.
        log: A CSV file with a line an evaluation; lines beyond the agent's present timesteps are
            removed at the start, so that a resumed training continues it. None writes none.
        best: Where the agent is saved whenever its return is the highest so far; None for nowhere.
        on_score: Called with timesteps and return after each evaluation; False stops training.
        seed: Seed of the tasks, the episodes and the actions.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        eval_freq: int,
        *,
        num_tasks: int = 100,
        log: str | os.PathLike[str] | None = None,
        best: str | os.PathLike[str] | None = None,
        on_score: Callable[[int, float], bool] | None = None,
        seed: int = SEED,
    ):
        super().__init__()
        self.eval_freq = whole("eval_freq", eval_freq, 1)
        self.num_tasks = whole("num_tasks", num_tasks, 1)
        self.log = None if log is None else Path(log)
        self.best = None if best is None else Path(best)
        self.on_score = on_score
        self.seed = seed
        self.evaluations: list[dict[str, float]] = []
        self.stopped = False

    def _on_training_start(self) -> None:
        if self.log is not None:
            cut_back(self.log, COLUMNS[0], self.model.num_timesteps)
            self.evaluations = _rows(self.log)
        if self.evaluations and self.evaluations[-1]["timesteps"] == self.model.num_timesteps:
            self._record(self.evaluations[-1])  # the log's next line has it, as without a break

    def _on_rollout_start(self) -> None:
        now = self.model.num_timesteps
        last = self.evaluations[-1]["timesteps"] if self.evaluations else 0
        if now // self.eval_freq > last // self.eval_freq:
            self._evaluate()

    def _on_step(self) -> bool:
        return not self.stopped

    def _on_training_end(self) -> None:
        self._on_rollout_start()

    def _evaluate(self) -> None:
        curve = measure(self.model, self.num_tasks, self.seed)
        of = "returns" if curve.expected_returns is None else "expected_returns"
        mean = curve.mean(of)
        total, error = curve.total(of)
        row: dict[str, float] = dict(
            zip(
                COLUMNS,
                (self.model.num_timesteps, total, error, mean[0], mean[-1], self.num_tasks),
                strict=True,
            )
        )
        is_best = all(total > one["return"] for one in self.evaluations)
        self.evaluations.append(row)
        self._record(row)
        try:
            if is_best and self.best is not None:  # first: a kill in between evaluates again
                self.model.save(self.best)
            if self.log is not None:
                _append(self.log, row)
        except OSError as error_:
            warnings.warn(f"evaluation at {row['timesteps']} not kept: {error_}", stacklevel=2)
        if self.on_score is not None and not self.on_score(int(row["timesteps"]), total):
            self.stopped = True

    def _record(self, row: dict[str, float]) -> None:
        self.logger.record("eval/trial_rew_mean", float(row["return"]))
        self.logger.record("eval/last_ep_rew_mean", float(row["last_episode"]))


def measure(agent: Any, num_tasks: int, seed: int = 0) -> AdaptationCurve:
    """Evaluate an agent on what it was trained on, as it was trained: rows a task, arguments.

    Args:
        agent: The agent; one of a single lifetime acts with what it has learnt so far.
        num_tasks: Number of tasks.
        seed: Seed of the evaluation.
    """
    rows = agent.settings.get("rows_per_task", 1)
    drawn = vars(agent).pop("_predict_generator", None)  # evaluations begin alike, and disturb none
    try:
        return evaluate(
            as_trained(agent),
            agent.env_id,
            num_tasks=num_tasks,
            env_kwargs=agent.env_kwargs,
            rows_per_task=rows,
            num_envs=max(256, 10 * rows),
            seed=seed,
        )
    finally:
        vars(agent).pop("_predict_generator", None)
        if drawn is not None:
            agent._predict_generator = drawn


def _append(path: Path, row: dict[str, float]) -> None:
    cells = {key: float(value) for key, value in row.items()}
    for key in ("timesteps", "num_tasks"):
        cells[key] = int(cells[key])
    AppendingCSV(path).write(cells, dict.fromkeys(cells, ()))


def _rows(path: Path) -> list[dict[str, float]]:
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as stream:
        try:
            return [{key: float(row[key]) for key in COLUMNS} for row in csv.DictReader(stream)]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged ({error!r}); move it away") from error
