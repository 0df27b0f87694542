"""A pole on a cart, with random masses, length, gravity and force: N rows, R some of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..pictures.drawing import Canvas
from .base import ClassicControl, Constant
from .pictures import draw_cart_pole

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.02  # seconds
_MOST_POSITION = 2.4  # metres from the centre; beyond, the episode ends
_MOST_ANGLE = 12 * 2 * math.pi / 360  # radians from upright; beyond, the episode ends
_START = 0.05  # first states are uniform from minus to plus this
_REWARD = 1.0


class RandomCartPole(ClassicControl):
    """A pole to balance on a cart, with random masses, length, gravity and force.

    Tasks:
        Drawn uniformly (Gymnasium's value in brackets): `"gravity"` 5 to 15 m/s^2 [9.8],
        `"cart_mass"` 0.5 to 2 kg [1], `"pole_mass"` 0.05 to 0.5 kg [0.1], `"half_length"` of the
        pole 0.25 to 1 m [0.5], `"force"` of a push 5 to 15 N [10]. The ranges are ours.
        `nominal=True` makes every task Gymnasium's.
    Observation:
        Position and velocity of the cart, angle (from upright) and angular velocity of the pole,
        `Box(4, float32)`.
    Action:
        `Discrete(2)`: push to the left, to the right.
    Reward:
        1 for each step.
    Episode:
        Begins with all four numbers uniform in [-0.05, 0.05]; terminates when the pole is 12
        degrees from upright or the cart 2.4 m from the centre, and is truncated after 500 steps.
        Two episodes a trial.
    Splits:
        `train` and `test` interleave fine cells of `"gravity"`; `all` is both, and the only split
        of `nominal=True`.
    Source:
        Gymnasium's CartPole-v1, equal step for step at its constants; Barto, Sutton and Anderson
        1983.
    Versions:
        v0.

    Args:
        nominal: Whether every task is Gymnasium's own.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    constants = {
        "gravity": Constant(9.8, 5.0, 15.0),  # m/s^2
        "cart_mass": Constant(1.0, 0.5, 2.0),  # kg
        "pole_mass": Constant(0.1, 0.05, 0.5),  # kg
        "half_length": Constant(0.5, 0.25, 1.0),  # m
        "force": Constant(10.0, 5.0, 15.0),  # N
    }
    limits = dict.fromkeys(("position", "velocity", "angle", "spin"), (-np.inf, np.inf))

    action_names = ("left", "right")

    def __init__(self, nominal: bool = False, **core: Unpack[CoreArguments]):
        high = np.array([2 * _MOST_POSITION, np.inf, 2 * _MOST_ANGLE, np.inf], dtype=np.float32)
        super().__init__(
            spaces.Box(-high, high, dtype=np.float32), spaces.Discrete(2), nominal, **core
        )

    def begin(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return first states near upright and standing still."""
        first = _START * (2 * uniform - 1)
        return {key: first[:, part] for part, key in enumerate(self.limits)}

    def move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Push, and integrate with Euler's method.

        Source:
            Florian 2007, "Correct equations for the dynamics of the cart-pole system", without
            friction.
        """
        state, task = self.state, self.tasks
        spin, length, pole = state["spin"], task["half_length"], task["pole_mass"]
        total, moment = task["cart_mass"] + pole, pole * length
        cosine, sine = np.cos(state["angle"]), np.sin(state["angle"])
        push = np.where(actions == 1, task["force"], -task["force"])
        level = (push + moment * np.square(spin) * sine) / total
        turning = (task["gravity"] * sine - cosine * level) / (
            length * (4.0 / 3.0 - pole * np.square(cosine) / total)
        )
        speeding = level - moment * turning * cosine / total
        position = state["position"] + _STEP * state["velocity"]
        angle = state["angle"] + _STEP * spin
        self.state = {
            "position": position,
            "velocity": state["velocity"] + _STEP * speeding,
            "angle": angle,
            "spin": spin + _STEP * turning,
        }
        terminated = (np.abs(position) > _MOST_POSITION) | (np.abs(angle) > _MOST_ANGLE)
        return np.full(self.num_envs, _REWARD), terminated, {}

    def observe(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the state as it is, [R, 4]."""
        return np.array(list(state.values()), dtype=np.float32).T.copy()

    def push_of(self, actions: np.ndarray) -> np.ndarray:
        """Return -1 or 1."""
        return 2.0 * actions - 1.0

    def draw_scene(self, canvas: Canvas, row: int) -> None:
        """Draw cart, pole and push."""
        draw_cart_pole(
            canvas,
            position=float(self.state["position"][row]),
            angle=float(self.state["angle"][row]),
            half_length=float(self.tasks["half_length"][row]),
            push=float(self._pushes[row] * self.tasks["force"][row]),
            most=_MOST_POSITION,
        )
