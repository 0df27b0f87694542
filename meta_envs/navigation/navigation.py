"""MAML's task: go to a hidden goal in a small square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..core.splits import interleave
from ..core.tasks import Task, Tasks
from .base import PointEnv

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.1  # along each axis, for an action of 1
_GOAL = 0.5  # goals are in the square from minus to plus this
_ARRIVED = 0.01  # along each axis; the episode terminates when nearer than this


class PointNavigation(PointEnv):
    """A point that starts at the centre and is rewarded for being near a goal it does not observe.

    Tasks:
        `"goal"` float64 [2]: x and y, uniform in [-0.5, 0.5]^2.
    Observation:
        x and y of the point, `Box(-inf, inf, (2,), float32)`. The goal is not in it.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: the point moves by 0.1 times it.
    Reward:
        Minus the distance from the goal after the move. `infos["distance"]` is that distance,
        `infos["success"]` says whether the goal is reached.
    Episode:
        Begins at (0, 0); terminates when both |x - goal x| and |y - goal y| are below 0.01, and is
        truncated after 100 steps. Four episodes a trial: before, and after one, two, three gradient
        steps.
    Splits:
        `train` and `test`: even and odd cells of the goal's x (`core.splits.interleave`).
    Source:
        Finn et al. 2017 (MAML), section 5.3, and its code, which pays minus the distance; the
        paper's text says minus its square. Published mean returns of 40 tasks, MAML with 0, 1, 2, 3
        gradient steps: -40.4, -11.7, -3.3, -3.2; a trained policy that sees the goal: -2.3. (Going
        straight to the goal earns more, -0.51: see `expert`.)
    Versions:
        v0.

    Args:
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.
    """

    splits = ("train", "test", "all")

    def __init__(self, **core: Unpack[CoreArguments]):
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.Box(-_GOAL, _GOAL, (2,), np.float64)}),
            step_size=_STEP,
            extent=0.65,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a goal."""
        return {"goal": rng.uniform(-_GOAL, _GOAL, 2)}

    def in_split(self, task: Task) -> bool:
        """Tell whether the goal's x is in a cell of the split."""
        return interleave(task["goal"][0], -_GOAL, _GOAL) == self.split

    def goals_of(self, tasks: Tasks) -> np.ndarray:
        """Return the goals, [R, 2]."""
        return tasks["goal"]

    def arrived(self, after: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Tell which rows are within 0.01 of their goals along both axes, [N]."""
        near = np.abs(after - self.goals) < _ARRIVED
        return near[:, 0] & near[:, 1]

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return `success` [N]."""
        return {"success": self.arrived(after, distance)}
