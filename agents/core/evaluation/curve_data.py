"""What an evaluation measured, and its statistics.

Shapes: `S` seeds, `M` tasks a seed, `N = S * M` tasks in all (seed-major), `R` rows a task, `K`
episodes a trial, `F` frozen episodes, `T` steps a trial.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import bootstrap

REQUIRED = (  # what every protocol contains
    "agent", "env", "split", "num_tasks", "episodes", "rows_per_task", "frozen_episodes", "seed",
)  # fmt: skip
SERIES = (  # what is measured at each task
    "returns", "expected_returns", "success", "rewards", "expected_rewards", "frozen_returns",
    "frozen_success", "normalised_returns",
)  # fmt: skip


class PerStep(NamedTuple):
    """Mean reward at each step of a trial, and its standard error over tasks, both [S, T]."""

    of: str  # "expected_rewards" where known, else "rewards"
    mean: np.ndarray
    standard_error: np.ndarray


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CurveData:
    """Returns per task and episode, with the protocol that produced them.

    `returns`, `expected_returns`, `success` and the others are called series; methods take one by
    name (`of`).

    Args:
        returns: Sum of raw rewards, mean over rows, [N, K].
        row_returns: The same for each row, [N, R, K].
        lengths: Steps of each episode, int [N, R, K].
        protocol: JSON-able; how the numbers arose: `agent`, `env`, `split`, `num_tasks` (M),
            `episodes` (K), `rows_per_task` (R), `frozen_episodes` (F), `seed` (of the evaluation),
            and whatever else matters: `deterministic`, `env_kwargs`, `num_envs`, `metazoo`
            (version), `training_seed`, `steps` and `bins` of a lifetime (K is then `bins`),
            `exploration_episodes` (how many of the K, the first ones, are for exploring),
            `task_labels` (names of a discrete part of the tasks, see `by`).
            `seeds`, a list, exists after `merge`.
        rewards: Mean over rows, [N, T]; only if lengths are fixed.
        success: Share of rows that succeeded, [N, K].
        frozen_returns: Returns of the episodes after `freeze()`, [N, F].
        frozen_success: Success in the episodes after `freeze()`, [N, F].
        expected_returns: Sum of the expected reward of each choice, [N, K]; varies less than
            `returns`.
        expected_rewards: Expected reward of each choice, [N, T].
        normalised_returns: `returns` on a scale on which tasks can be compared, [N, K], where the
            family has one (of Atari's games: random play has 0, the human tester 1).
        figures: What learners report at the end of each part of a lifetime (discount,
            entropy, ...), by name, [N, K]; NaN before the first report. Methods take them by name,
            as series.
        tasks: The N tasks as JSON-able dicts.
        stored_steps: The rewards as a CSV keeps them; see `per_step`.

    Raises:
        ValueError: The protocol lacks a key or is not JSON-able, or a shape does not fit it.
    """

    returns: np.ndarray
    row_returns: np.ndarray
    lengths: np.ndarray
    protocol: dict[str, Any]
    rewards: np.ndarray | None = None
    success: np.ndarray | None = None
    frozen_returns: np.ndarray | None = None
    frozen_success: np.ndarray | None = None
    expected_returns: np.ndarray | None = None
    expected_rewards: np.ndarray | None = None
    normalised_returns: np.ndarray | None = None
    figures: dict[str, np.ndarray] | None = None
    tasks: list[dict[str, Any]] | None = None
    stored_steps: PerStep | None = None

    def __post_init__(self) -> None:
        """Check the protocol, and every shape against it."""
        missing = [key for key in REQUIRED if key not in self.protocol]
        if missing:
            raise ValueError(f"protocol lacks {missing}; it needs {list(REQUIRED)}")
        try:
            json.dumps(self.protocol)
        except TypeError as error:
            raise ValueError(f"protocol must be JSON-able: {error}") from error
        tasks = self.n_seeds * self.protocol["num_tasks"]
        rows, frozen = self.protocol["rows_per_task"], self.protocol["frozen_episodes"]
        episodes = self.protocol["bins" if self.protocol.get("steps") else "episodes"]
        steps = [x.shape[-1] for x in (self.rewards, self.expected_rewards) if x is not None]
        expected: dict[str, tuple[int, ...]] = dict.fromkeys(SERIES, (tasks, episodes))
        expected |= dict.fromkeys(("row_returns", "lengths"), (tasks, rows, episodes))
        expected |= dict.fromkeys(("frozen_returns", "frozen_success"), (tasks, frozen))
        expected |= dict.fromkeys(("rewards", "expected_rewards"), (tasks, *steps[:1]))
        for name, shape in expected.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"{name} has shape {value.shape}; the protocol makes it {shape}")
        for name, value in (self.figures or {}).items():
            if value.shape != (tasks, episodes):
                raise ValueError(
                    f"figure {name!r} has shape {value.shape}; the protocol makes it "
                    f"{(tasks, episodes)}"
                )
        if self.tasks is not None and len(self.tasks) != tasks:
            raise ValueError(f"tasks has {len(self.tasks)} entries; the protocol makes it {tasks}")

    @property
    def n_seeds(self) -> int:
        """S: how many curves were merged into this one."""
        return len(self.protocol.get("seeds", [None]))

    @property
    def seed_index(self) -> np.ndarray:
        """Position in `protocol["seeds"]` of each task, [N]."""
        return np.repeat(np.arange(self.n_seeds), self.protocol["num_tasks"])

    @property
    def shared_tasks(self) -> bool:
        """Whether all seeds played the same tasks, as they do if they share an evaluation seed."""
        return self.n_seeds > 1 and not isinstance(self.protocol["seed"], list)

    def series(self, of: str = "returns") -> np.ndarray:
        """Return a series by name, [N, K], [N, F] or [N, T].

        Raises:
            ValueError: There is no such series, or this curve lacks it.
        """
        known = [name for name in SERIES if getattr(self, name) is not None]
        if self.figures is not None and of in self.figures:
            return np.asarray(self.figures[of], dtype=np.float64)
        if of not in known:
            known += list(self.figures or {})
            raise ValueError(f"this curve has no series {of!r}; it has {known}")
        return np.asarray(getattr(self, of), dtype=np.float64)

    def mean(self, of: str = "returns") -> np.ndarray:
        """Return the mean over tasks, one value per episode (or step)."""
        return self.series(of).mean(axis=0)

    def iqm(self, of: str = "returns") -> np.ndarray:
        """Return the interquartile mean over tasks, one value per episode (or step)."""
        return bootstrap.iqm(self.series(of))

    def standard_error(self, of: str = "returns") -> np.ndarray:
        """Return the standard error of `mean`; after `merge` it covers seeds and tasks."""
        return bootstrap.standard_error(self.series(of), self.n_seeds, self.shared_tasks)

    def interval(
        self,
        confidence: float = 0.95,
        statistic: str = "mean",
        n_resamples: int = 2000,
        seed: int = 0,
        of: str = "returns",
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a bootstrap interval (low, high), one value of each per episode (or step).

        Tasks are resampled; after `merge` seeds first, then tasks (once for all seeds if they
        played the same tasks). The interval holds for each episode alone, not for all at once.

        Args:
            confidence: Coverage, in (0, 1).
            statistic: `"mean"` or `"iqm"`.
            n_resamples: Bootstrap resamples.
            seed: Seed of the resampling.
            of: Name of the series.

        Raises:
            ValueError: An argument is outside what it allows.
        """
        values, seeds, shared = self.series(of), self.n_seeds, self.shared_tasks
        return bootstrap.interval(
            values, seeds, shared, confidence=confidence, statistic=statistic,
            n_resamples=n_resamples, seed=seed,
        )  # fmt: skip

    def total(self, of: str = "returns") -> tuple[float, float]:
        """Return the mean over tasks of the sum over episodes, and its standard error."""
        sums = self.series(of).sum(axis=1, keepdims=True)
        error = bootstrap.standard_error(sums, self.n_seeds, self.shared_tasks)
        return float(sums.mean()), float(error[0])

    def execution(self, of: str = "returns") -> tuple[float, float]:
        """Return the mean over tasks and the episodes that count, and its standard error.

        All count but the first `protocol["exploration_episodes"]`, which are for exploring.

        Args:
            of: Name of a series of episodes.

        Raises:
            ValueError: There is no such series, or this curve lacks it.
        """
        exploring = 0 if of.startswith("frozen") else self.protocol.get("exploration_episodes", 0)
        means = self.series(of)[:, exploring:].mean(axis=1, keepdims=True)
        error = bootstrap.standard_error(means, self.n_seeds, self.shared_tasks)
        return float(means.mean()), float(error[0])

    def per_step(self) -> PerStep | None:
        """Return the reward at each step, expected where known; None where lengths vary."""
        of = "rewards" if self.expected_rewards is None else "expected_rewards"
        if getattr(self, of) is None:
            return self.stored_steps
        values = self.series(of)
        blocks = np.split(values, self.n_seeds)
        errors = [bootstrap.standard_error(block) for block in blocks]
        return PerStep(of, np.stack([block.mean(axis=0) for block in blocks]), np.stack(errors))
