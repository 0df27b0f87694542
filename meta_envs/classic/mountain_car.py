"""A car in a valley, with random force and gravity: N rows, R some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..pictures.drawing import Canvas
from .base import ClassicControl, Constant
from .pictures import draw_mountain_car

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LEFT, _RIGHT, _GOAL = -1.2, 0.6, 0.5  # ends of the road, and the goal on it
_MOST_SPEED = 0.07  # per step
_START = (-0.6, -0.4)  # first positions are uniform between these
_REWARD = -1.0


class RandomMountainCar(ClassicControl):
    """A car too weak to drive out of a valley without a run-up, of random force and gravity.

    Tasks:
        Drawn uniformly (Gymnasium's value in brackets): `"force"` 0.00075 to 0.0015 [0.001],
        `"gravity"` 0.002 to 0.003 [0.0025]. The ranges are ours: full throttle in the direction of
        travel reaches the goal within the 200 steps in each of these tasks. `nominal=True` makes
        every task Gymnasium's.
    Observation:
        Position and velocity, `Box(2, float32)`.
    Action:
        `Discrete(3)`: accelerate to the left, not at all, to the right.
    Reward:
        -1 for each step. `infos["success"]` says whether the goal is reached.
    Episode:
        Begins at rest at a position uniform in [-0.6, -0.4]; terminates at position 0.5, and is
        truncated after 200 steps. Two episodes a trial.
    Splits:
        `train` and `test` interleave fine cells of `"force"`; `all` is both, and the only split of
        `nominal=True`.
    Source:
        Gymnasium's MountainCar-v0, equal step for step at its constants; Moore 1990.
    Versions:
        v0.

    Args:
        nominal: Whether every task is Gymnasium's own.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    constants = {
        "force": Constant(0.001, 0.00075, 0.0015),
        "gravity": Constant(0.0025, 0.002, 0.003),
    }
    limits = {"position": (_LEFT, _RIGHT), "velocity": (-_MOST_SPEED, _MOST_SPEED)}

    action_names = ("left", "none", "right")

    def __init__(self, nominal: bool = False, **core: Unpack[CoreArguments]):
        low, high = np.array(list(self.limits.values()), dtype=np.float32).T
        super().__init__(
            spaces.Box(low, high, dtype=np.float32), spaces.Discrete(3), nominal, **core
        )

    def begin(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return first states near the bottom of the valley, at rest."""
        position = _START[0] + (_START[1] - _START[0]) * uniform[:, 0]
        return {"position": position, "velocity": np.zeros(len(uniform))}

    def move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Accelerate; the wall on the left stops the car."""
        position, velocity, task = self.state["position"], self.state["velocity"], self.tasks
        pull = np.cos(3 * position) * -task["gravity"]
        velocity = np.clip(
            velocity + ((actions - 1) * task["force"] + pull), -_MOST_SPEED, _MOST_SPEED
        )
        position = np.clip(position + velocity, _LEFT, _RIGHT)
        velocity = np.where((position == _LEFT) & (velocity < 0), 0.0, velocity)
        self.state = {"position": position, "velocity": velocity}
        arrived = (position >= _GOAL) & (velocity >= 0)
        return np.full(self.num_envs, _REWARD), arrived, {"success": arrived.copy()}

    def observe(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the state as it is, [R, 2]."""
        return np.array([state["position"], state["velocity"]], dtype=np.float32).T.copy()

    def draw_scene(self, canvas: Canvas, row: int) -> None:
        """Draw valley, flag, car and push."""
        draw_mountain_car(
            canvas,
            position=float(self.state["position"][row]),
            push=float(self._pushes[row] * self.tasks["force"][row]) / self.constants["force"].high,
            road=(_LEFT, _RIGHT),
            goal=_GOAL,
        )
