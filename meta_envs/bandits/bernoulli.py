"""Independent Bernoulli arms: RL²'s bandits."""

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


class BernoulliBandit(Bandit):
    """Independent arms, each paying 1 with a hidden probability of its own.

    Tasks:
        `means` float64 [k], each uniform on [0, 1), independent: the probability that an arm pays.
    Observation:
        `Discrete(1)`: always 0.
    Action:
        `Discrete(k)`: the arm to pull.
    Reward:
        1 with the arm's probability, else 0.
    Episode:
        Terminates at pull n. A trial is one episode.
    Splits:
        `train` and `test`: even and odd cells of `means[0]` (`core.splits.interleave`).
    Source:
        Duan et al. 2016 (RL²), section 3.1; k in {5, 10, 50}, n in {10, 100, 500}. There each pull
        is an episode of one step and n of them are a trial; here the n pulls are one episode.
    Versions:
        v0: first.

    Args:
        arms: Number of arms, k.
        pulls: Pulls per episode, n.
        **core: As in `MetaVectorEnv`.
    """

    splits = ("train", "test", "all")

    def __init__(self, arms: int = 5, pulls: int = 10, **core: Unpack[CoreArguments]):
        means = spaces.Box(0.0, 1.0, (arm_count(arms),), np.float64)
        super().__init__(arms=arms, pulls=pulls, task_space=spaces.Dict({"means": means}), **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the probabilities of all arms."""
        return {"means": rng.random(self.arms)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the first arm's probability is in a cell of the split."""
        return interleave(task["means"][0], 0.0, 1.0) == self.split
