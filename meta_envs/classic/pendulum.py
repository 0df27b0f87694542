"""A pendulum to swing up, with random gravity, mass and length: N rows, R some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..pictures.drawing import Canvas
from .base import ClassicControl, Constant
from .pictures import draw_pendulum

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.05  # seconds
_MOST_SPIN = 8.0  # rad/s
_MOST_TORQUE = 2.0  # Nm
_START = {"angle": np.pi, "spin": 1.0}  # first states are uniform from minus to plus these
_SPIN_COST = 0.1  # per (rad/s)^2
_TORQUE_COST = np.float32(0.001)  # per (Nm)^2


class RandomPendulum(ClassicControl):
    """A pendulum to swing up and hold, with random gravity, mass and length.

    Tasks:
        Drawn uniformly (Gymnasium's value in brackets): `"gravity"` 8 to 12 m/s^2 [10], `"mass"`
        0.75 to 1.25 kg [1], `"length"` 0.75 to 1.25 m [1]. The ranges are ours. `nominal=True`
        makes every task Gymnasium's.
    Observation:
        Cosine and sine of the angle (0 is upright), angular velocity in rad/s, `Box(3, float32)`.
    Action:
        Torque, `Box(-2, 2, (1,), float32)` in Nm, clipped; its cost is of the clipped torque.
    Reward:
        `-(angle^2 + 0.1 velocity^2 + 0.001 torque^2)` of the state before the step, with the angle
        in [-pi, pi].
    Episode:
        Begins at a uniform angle and with a velocity uniform in [-1, 1]; truncated after 200 steps.
        Two episodes a trial.
    Splits:
        `train` and `test` interleave fine cells of `"gravity"`; `all` is both, and the only split
        of `nominal=True`.
    Source:
        Gymnasium's Pendulum-v1, equal step for step at its constants.
    Versions:
        v0.

    Args:
        nominal: Whether every task is Gymnasium's own.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    constants = {
        "gravity": Constant(10.0, 8.0, 12.0),  # m/s^2
        "mass": Constant(1.0, 0.75, 1.25),  # kg
        "length": Constant(1.0, 0.75, 1.25),  # m
    }
    limits = {"angle": (-np.inf, np.inf), "spin": (-_MOST_SPIN, _MOST_SPIN)}

    def __init__(self, nominal: bool = False, **core: Unpack[CoreArguments]):
        high = np.array([1.0, 1.0, _MOST_SPIN], dtype=np.float32)
        super().__init__(
            spaces.Box(-high, high, dtype=np.float32),
            spaces.Box(-_MOST_TORQUE, _MOST_TORQUE, (1,), np.float32),
            nominal,
            **core,
        )

    def begin(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return first states anywhere on the circle, turning slowly."""
        return {
            key: _START[key] * (2 * uniform[:, part] - 1) for part, key in enumerate(self.limits)
        }

    def move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Turn; torques stay float32 until they meet the velocity, as in Gymnasium."""
        angle, spin, task = self.state["angle"], self.state["spin"], self.tasks
        torque, length = actions[:, 0], task["length"]
        from_upright = (angle + np.pi) % (2 * np.pi) - np.pi
        cost = from_upright**2 + _SPIN_COST * spin**2 + _TORQUE_COST * torque**2
        gain = (3.0 / (task["mass"] * length**2)).astype(np.float32)
        pull = 3 * task["gravity"] / (2 * length) * np.sin(angle)
        turned = np.clip(spin + (pull + gain * torque) * _STEP, -_MOST_SPIN, _MOST_SPIN)
        self.state = {"angle": angle + turned * _STEP, "spin": turned}
        return -cost, np.zeros(self.num_envs, dtype=bool), {}

    def observe(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return cosine, sine and velocity, [R, 3]."""
        angle = state["angle"]
        return np.array([np.cos(angle), np.sin(angle), state["spin"]], dtype=np.float32).T.copy()

    def push_of(self, actions: np.ndarray) -> np.ndarray:
        """Return the share of the largest torque."""
        return actions[:, 0] / _MOST_TORQUE

    def draw_scene(self, canvas: Canvas, row: int) -> None:
        """Draw the pendulum and the torque."""
        draw_pendulum(
            canvas,
            angle=float(self.state["angle"][row]),
            length=float(self.tasks["length"][row]),
            mass=float(self.tasks["mass"][row]),
            push=float(self._pushes[row]),
        )
