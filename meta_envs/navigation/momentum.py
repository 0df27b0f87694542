"""ProMP's point with momentum: it glides, and one of four corners is the goal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.core_arguments import CoreArguments
from ..core.tasks import Task
from .corners import CORNERS, NEAR, CornerEnv

if TYPE_CHECKING:
    from typing_extensions import Unpack

_PUSH = 0.1  # change of velocity along each axis, for an action of 1


class PointMomentum(CornerEnv):
    """A point with momentum that is pushed towards a corner, which rewards being near.

    Tasks:
        `"corner"` int: as in PointCorner.
    Observation:
        x, y, and the velocity along each axis, `Box(-inf, inf, (4,), float32)`.
    Action:
        `Box(-1, 1, (2,), float32)`, clipped: 0.1 times it is added to the velocity, then the
        velocity is added to the position.
    Reward:
        `"sparse"`: 2 minus the distance from the goal, or 0 if that is negative; `"dense"`: minus
        the distance; `"dense_squared"`: minus its square. `infos` as in PointCorner.
    Episode:
        Begins uniformly in [-0.2, 0.2]^2 with a velocity uniform in [-0.1, 0.1]^2; truncated after
        100 steps. Two episodes a trial.
    Splits:
        `all`: four tasks are too few to hold any out.
    Source:
        The code of Rothfuss et al. 2019 (ProMP), whose reward confuses the rows of a batch with
        the numbers of an observation and raises at the first step; this is what is intended.
    Versions:
        v0.

    Args:
        reward: `"sparse"`, `"dense"` or `"dense_squared"`.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If `reward` is not one of these.
    """

    def __init__(self, reward: str = "sparse", **core: Unpack[CoreArguments]):
        super().__init__(reward=reward, step_size=_PUSH, n_observed=4, **core)
        self.state["velocity"] = np.zeros((self.num_envs, 2))

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return the four corners."""
        return tuple({"corner": corner} for corner in range(4))

    def starts(self, rows: np.ndarray) -> np.ndarray:
        """Draw starts, [R, 2], and their velocities."""
        position = super().starts(rows)
        self.state["velocity"][rows] = _PUSH * (2.0 * self.random.uniform(rows, 2) - 1.0)
        return position

    def move(self, position: np.ndarray, push: np.ndarray) -> np.ndarray:
        """Return where points glide to, [N, 2]."""
        self.state["velocity"] = self.state["velocity"] + push
        return position + self.state["velocity"]

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Return positions and velocities, float32 [R, 4]."""
        seen = (self.state["position"][rows], self.state["velocity"][rows])
        return np.concatenate(seen, axis=1).astype(np.float32)

    def sparse(self, before: np.ndarray, after: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return 2 minus the distance from the goal, at least 0, [N]."""
        return np.maximum(NEAR - distance, 0.0)

    def expert(self, observation: np.ndarray, task: Task) -> np.ndarray:
        """Return the action that goes to the goal and stops there.

        Args:
            observation: Observation of one row, [4].
            task: The task of the row.

        Returns:
            float32 [2].
        """
        goal, velocity = CORNERS[int(task["corner"])], observation[2:4].astype(np.float64)
        way = goal - observation[:2]
        # The highest speed from which pushes at full strength can still stop in time.
        most = np.sqrt(2.0 * _PUSH * np.abs(way) + _PUSH**2 / 4) - _PUSH / 2
        wanted = np.sign(way) * np.minimum(most, np.abs(way))
        return np.clip((wanted - velocity) / _PUSH, -1.0, 1.0).astype(np.float32)
