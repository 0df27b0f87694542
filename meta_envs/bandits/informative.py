"""Eleven arms, one of which pays badly and tells which of the others pays best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.splits import held_out
from ..core.tasks import Task
from .base import Bandit

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TARGETS = 10  # arms 0-9: one of them is the target
_INFORMATIVE = 10  # the last arm
_TARGET_PAYS = 5.0
_OTHERS_PAY = 1.1
_PER_INDEX = 0.1  # the informative arm pays this times the target's number, counting from 1
_HELD_OUT = held_out(_TARGETS, 2)  # targets 2 and 7; symmetric, so each optimum is 20.55


class InformativeBandit(Bandit):
    """Paying for knowledge: the arm with the lowest reward says which arm has the highest.

    With five pulls it is best to pull the informative arm once and the target four times: on
    average 0.55 + 20 = 20.55, on every split.

    Tasks:
        `target`, an integer 0-9: the (0-based) action that pays most; uniform.
    Observation:
        `Discrete(1)`: always 0.
    Action:
        `Discrete(11)`: the arm to pull. Arms 1-11 of the source are actions 0-10 here.
    Reward:
        5 for the target, 1.1 for the other nine of actions 0-9, and 0.1 x (target + 1) for action
        10. Nothing is random.
    Episode:
        Terminates at pull n. A trial is one episode.
    Splits:
        `test`: targets 2 and 7; `train`: the other eight; `all`: the ten, as in the source.
        What an arm is worth that never was the target in training, a network does not conclude
        from the others: compare learners on `all`.
    Source:
        Wang et al. 2016, section 3.1 (eleven arms, five pulls).
    Versions:
        v0: first.

    Args:
        pulls: Pulls per episode, n.
        **core: As in `MetaVectorEnv`.
    """

    splits = ("train", "test", "all")
    reward_range = (0.0, _TARGET_PAYS)

    def __init__(self, pulls: int = 5, **core: Unpack[CoreArguments]):
        tasks = spaces.Dict({"target": spaces.Discrete(_TARGETS)})
        super().__init__(arms=_TARGETS + 1, pulls=pulls, task_space=tasks, **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the target."""
        return {"target": rng.integers(_TARGETS)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return the ten tasks, in the order of their targets."""
        return tuple({"target": target} for target in range(_TARGETS))

    def in_split(self, task: Task) -> bool:
        """Tell whether the target is one of the split's."""
        return bool(_HELD_OUT[task["target"]]) == (self.split == "test")

    def first_means(self, rows: np.ndarray) -> np.ndarray:
        """Return what each arm pays, float64 [R, 11]."""
        target = self.tasks["target"][rows]
        means = np.full((len(rows), self.arms), _OTHERS_PAY)
        means[np.arange(len(rows)), target] = _TARGET_PAYS
        means[:, _INFORMATIVE] = _PER_INDEX * (target + 1)
        return means

    def pay(self, means: np.ndarray) -> np.ndarray:
        """Return the means: nothing is random."""
        return means.copy()
