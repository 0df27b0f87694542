"""Arms that pay normally distributed rewards around a hidden mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task
from .base import Bandit, arm_count

if TYPE_CHECKING:
    from typing_extensions import Unpack


class GaussianBandit(Bandit):
    """Independent arms with normal means and unit-variance normal rewards.

    Tasks:
        `means` float64 [k], each N(0, 1), independent. The support is the whole line, so the
        space has no bounds; a task that is set must be finite.
    Observation:
        `Discrete(1)`: always 0.
    Action:
        `Discrete(k)`: the arm to pull.
    Reward:
        N(mean of the arm, 1), fresh at each pull.
    Episode:
        Terminates at pull n. A trial is one episode.
    Splits:
        `train` and `test`: even and odd cells of equal probability of `means[0]`
        (`core.splits.interleave` of its normal distribution function).
    Source:
        The testbed of Sutton and Barto 2018, section 2.3, which has 10 arms and 1,000 pulls.
    Versions:
        v0: first.

    Args:
        arms: Number of arms, k.
        pulls: Pulls per episode, n.
        **core: As in `MetaVectorEnv`.
    """

    splits = ("train", "test", "all")
    reward_range = (-3.0, 3.0)

    def __init__(self, arms: int = 5, pulls: int = 100, **core: Unpack[CoreArguments]):
        means = spaces.Box(-np.inf, np.inf, (arm_count(arms),), np.float64)
        super().__init__(arms=arms, pulls=pulls, task_space=spaces.Dict({"means": means}), **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the means of all arms."""
        return {"means": rng.standard_normal(self.arms)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the first arm's mean is in a cell of the split."""
        return interleave(_normal_cdf(task["means"][0]), 0.0, 1.0) == self.split

    def check_task(self, task: Task) -> None:
        """Raise ValueError if a mean is infinite."""
        if not np.isfinite(task["means"]).all():
            raise ValueError(f"task['means']={task['means'].tolist()} is not finite")

    def pay(self, means: np.ndarray) -> np.ndarray:
        """Return the means plus standard normal noise, [N]."""
        return means + self.random.normal()[:, 0]


def _normal_cdf(value: float) -> float:
    return 0.5 * (1.0 + math.erf(value / math.sqrt(2.0)))
