"""MAML's task: go to a hidden goal in a small square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, number
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
        Begins at (0, 0); terminates when both |x - goal x| and |y - goal y| are below 0.01
        (`terminate`), and is truncated after 100 steps. Four episodes a trial: before, and after
        one, two, three gradient steps.
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
        bound: Walls at plus and minus this along both axes stop the point; None for no walls.
        terminate: End the episode when the goal is reached.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If `bound` is not a positive number, or `terminate` not a bool.
    """

    splits = ("train", "test", "all")

    def __init__(
        self, bound: float | None = None, terminate: bool = True, **core: Unpack[CoreArguments]
    ):
        self.bound = None if bound is None else number("bound", bound, above=0.0)
        self.terminate = flag("terminate", terminate)
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.Box(-_GOAL, _GOAL, (2,), np.float64)}),
            step_size=_STEP,
            extent=0.65 if self.bound is None else 1.05 * self.bound,
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

    def move(self, position: np.ndarray, push: np.ndarray) -> np.ndarray:
        """Return where points end up, stopped by walls, [N, 2]."""
        after = position + push
        return after if self.bound is None else np.clip(after, -self.bound, self.bound)

    def arrived(self, infos: dict[str, np.ndarray]) -> np.ndarray:
        """Tell which rows have reached their goals, if that ends episodes, [N]."""
        return infos["success"].copy() if self.terminate else super().arrived(infos)

    def more_infos(self, after: np.ndarray, distance: np.ndarray) -> dict[str, np.ndarray]:
        """Return `success` [N]: within 0.01 of the goal along both axes."""
        near = np.abs(after - self.goals) < _ARRIVED
        return {"success": near[:, 0] & near[:, 1]}
