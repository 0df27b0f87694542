"""Two dependent Bernoulli arms: one pays with probability p, the other with 1 - p."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice
from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task
from .base import Bandit

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ARMS = 2
_BETTER_ARM = {"easy": 0.9, "medium": 0.75, "hard": 0.6}  # the worse one pays 1 minus that
_VARIANTS = ("uniform", *_BETTER_ARM)
_CELLS = 1023  # odd: a task and its mirror image (arms swapped) are on the same side of the split
_TOLERANCE = 1e-9  # on means[0] + means[1] == 1, for tasks that were written as decimals


class DependentBandit(Bandit):
    """Two arms that pay 1 with probabilities p and 1 - p, so each pull is informative about both.

    Tasks:
        `means` float64 [2] = (p, 1 - p). Variant `uniform`: p uniform on [0, 1). Variants `easy`,
        `medium` and `hard`: p is .1 or .9, .25 or .75, .4 or .6, with equal chance. Every variant
        can be set to any p, as in the source, which trains on one variant and tests on all.
    Observation:
        `Discrete(1)`: always 0.
    Action:
        `Discrete(2)`: the arm to pull.
    Reward:
        1 with the arm's probability, else 0.
    Episode:
        Terminates at pull n. A trial is one episode.
    Splits:
        Variant `uniform`: `train` and `test`, even and odd cells of p (`core.splits.interleave`
        with 1,023 cells). The others have two tasks, too few to hold one out: `all`.
    Source:
        Wang et al. 2016, section 3.1 (two dependent arms, 100 pulls).
    Versions:
        v0: first.

    Args:
        variant: `"uniform"`, `"easy"`, `"medium"` or `"hard"`.
        pulls: Pulls per episode, n.
        **core: As in `MetaVectorEnv`.

    Raises:
        ValueError: If the variant is unknown; the error names the nearest.
    """

    def __init__(self, variant: str = "uniform", pulls: int = 100, **core: Unpack[CoreArguments]):
        self.variant = choice("variant", variant, _VARIANTS)
        self.splits = ("train", "test", "all") if variant == "uniform" else ("all",)
        means = spaces.Box(0.0, 1.0, (_ARMS,), np.float64)
        super().__init__(arms=_ARMS, pulls=pulls, task_space=spaces.Dict({"means": means}), **core)

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw p."""
        if self.variant == "uniform":
            return _task(rng.random())
        better = _BETTER_ARM[self.variant]
        return _task(better if rng.random() < 0.5 else 1.0 - better)

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return the two tasks of a variant; None for `uniform`."""
        if self.variant == "uniform":
            return None
        better = _BETTER_ARM[self.variant]
        return _task(1.0 - better), _task(better)

    def in_split(self, task: Task) -> bool:
        """Tell whether p is in a cell of the split."""
        return interleave(task["means"][0], 0.0, 1.0, _CELLS) == self.split

    def check_task(self, task: Task) -> None:
        """Raise ValueError if the arms do not depend on each other."""
        total = float(task["means"].sum())
        if abs(total - 1.0) > _TOLERANCE:
            raise ValueError(
                f"task['means']={task['means'].tolist()} sums to {total}; the two arms of "
                "DependentBandit pay with probabilities p and 1 - p, e.g. [0.25, 0.75]"
            )

    def mutate_task(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Return a task with a slightly different p."""
        return self.distribution.step_task(task, rng, lambda moved: _task(moved["means"][0]))


def _task(p: float) -> dict[str, Any]:
    return {"means": np.array([p, 1.0 - p])}
