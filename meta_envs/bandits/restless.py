"""Bernoulli arms whose probabilities wander while they are pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task
from .base import Bandit, arm_count

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MAX_VOLATILITY = 0.1  # standard deviation of a probability's step; 100 such steps forget the start


class RestlessBandit(Bandit):
    """Arms that pay 1 with probabilities that drift, in some tasks slowly and in others fast.

    After each pull the probability of every arm, pulled or not, takes a normal step of the task's
    volatility and is reflected at 0 and 1. So at every pull each probability is uniform on [0, 1]:
    a random player earns n / 2 on average; one that sees the probabilities, n k / (k + 1).

    Tasks:
        `start` float64 [k], the probabilities at the first pull, each uniform on [0, 1); and
        `volatility`, uniform on [0, 0.1) per pull. The drift is state (`state["means"]`), not task,
        and is drawn from the episode stream.
    Observation:
        `Discrete(1)`: always 0.
    Action:
        `Discrete(k)`: the arm to pull.
    Reward:
        1 with the arm's current probability, else 0.
    Episode:
        Terminates at pull n. A trial is one episode.
    Splits:
        `train` and `test`: even and odd cells of `volatility` (`core.splits.interleave`).
    Source:
        After the restless bandits of Wang et al. 2016, section 3.1. Their schedule of drift is not
        published and the re-implementations differ, so this one is ours and results on it are not
        comparable with the paper's.
    Versions:
        v0: first.

    Args:
        arms: Number of arms, k.
        pulls: Pulls per episode, n.
        **core: As in `MetaVectorEnv`.
    """

    splits = ("train", "test", "all")

    def __init__(self, arms: int = 2, pulls: int = 100, **core: Unpack[CoreArguments]):
        start = spaces.Box(0.0, 1.0, (arm_count(arms),), np.float64)
        volatility = spaces.Box(0.0, _MAX_VOLATILITY, (), np.float64)
        tasks = spaces.Dict({"start": start, "volatility": volatility})
        super().__init__(arms=arms, pulls=pulls, task_space=tasks, **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the first probabilities and the volatility."""
        return {"start": rng.random(self.arms), "volatility": rng.random() * _MAX_VOLATILITY}

    def in_split(self, task: Task) -> bool:
        """Tell whether the volatility is in a cell of the split."""
        return interleave(float(task["volatility"]), 0.0, _MAX_VOLATILITY) == self.split

    def first_means(self, rows: np.ndarray) -> np.ndarray:
        """Return the probabilities at the first pull, float64 [R, k]."""
        return self.tasks["start"][rows]

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Pull one arm in each row, then let all arms drift."""
        outcome = super().step_rows(actions)
        steps = self.random.normal(size=self.arms) * self.tasks["volatility"][:, None]
        self.state["means"][:] = _reflected(self.state["means"] + steps)
        return outcome


def _reflected(values: np.ndarray) -> np.ndarray:
    """Fold the real line onto [0, 1]; values inside stay the same, bit for bit."""
    values = np.abs(values) % 2.0
    return np.where(values > 1.0, 2.0 - values, values)
