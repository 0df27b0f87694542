"""Two links to swing up by the joint between them, of random lengths and masses: N rows, R some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.core_arguments import CoreArguments
from ..pictures.drawing import Canvas
from .base import ClassicControl, Constant
from .pictures import draw_acrobot

if TYPE_CHECKING:
    from typing_extensions import Unpack

_STEP = 0.2  # seconds
_GRAVITY = 9.8  # m/s^2
_MOST_SPINS = (4 * np.pi, 9 * np.pi)  # rad/s
_START = 0.1  # first states are uniform from minus to plus this
_ANGLES = ("angle_1", "angle_2")


class RandomAcrobot(ClassicControl):
    """Two hanging links to swing up by a motor in the joint between them, of random build.

    Tasks:
        Drawn uniformly (Gymnasium's value in brackets): `"length_1"`, `"length_2"` 0.75 to 1.25 m
        [1], `"mass_1"`, `"mass_2"` 0.75 to 1.25 kg [1], `"inertia"` of both links 0.75 to 1.25
        kg m^2 [1]. Centres of mass are in the middle of the links. The ranges are ours.
        `nominal=True` makes every task Gymnasium's.
    Observation:
        Cosine and sine of the first link's angle (0 hangs down), cosine and sine of the second's
        relative to the first, and both angular velocities in rad/s, `Box(6, float32)`.
    Action:
        `Discrete(3)`: a torque of -1, 0, 1 Nm on the joint between the links.
    Reward:
        -1 for each step, 0 for the one that succeeds. `infos["success"]` says whether it does.
    Episode:
        Begins with all four numbers uniform in [-0.1, 0.1]; terminates when the free end is higher
        above the fixed one than half of the links' whole length (1 m in Gymnasium), and is
        truncated after 500 steps. Two episodes a trial.
    Splits:
        `train` and `test` interleave fine cells of `"length_1"`; `all` is both, and the only split
        of `nominal=True`.
    Source:
        Gymnasium's Acrobot-v1, equal step for step at its constants, with the dynamics of Sutton
        and Barto's book; Sutton 1996.
    Versions:
        v0.

    Args:
        nominal: Whether every task is Gymnasium's own.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    constants = dict.fromkeys(
        ("length_1", "length_2", "mass_1", "mass_2", "inertia"), Constant(1.0, 0.75, 1.25)
    )
    limits = {
        **dict.fromkeys(_ANGLES, (-np.pi, np.pi)),
        "spin_1": (-_MOST_SPINS[0], _MOST_SPINS[0]),
        "spin_2": (-_MOST_SPINS[1], _MOST_SPINS[1]),
    }

    action_names = ("torque -1", "none", "torque +1")

    def __init__(self, nominal: bool = False, **core: Unpack[CoreArguments]):
        high = np.array([1.0, 1.0, 1.0, 1.0, *_MOST_SPINS], dtype=np.float32)
        super().__init__(
            spaces.Box(-high, high, dtype=np.float32), spaces.Discrete(3), nominal, **core
        )

    def begin(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return first states that hang almost still, rounded to float32 as in Gymnasium."""
        first = (_START * (2 * uniform - 1)).astype(np.float32).astype(np.float64)
        return {key: first[:, part] for part, key in enumerate(self.limits)}

    def move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Integrate one step with the classic Runge-Kutta method."""
        start, torque = np.array(list(self.state.values())), actions - 1.0
        first = self._slope(start, torque)
        second = self._slope(start + _STEP / 2 * first, torque)
        third = self._slope(start + _STEP / 2 * second, torque)
        fourth = self._slope(start + _STEP * third, torque)
        reached = start + _STEP / 6.0 * (first + 2 * second + 2 * third + fourth)
        self.state = {}
        for key, values in zip(self.limits, reached, strict=True):
            bounded = _wrapped(values) if key in _ANGLES else np.clip(values, *self.limits[key])
            self.state[key] = np.ascontiguousarray(bounded)
        one, both = self.state["angle_1"], self.state["angle_1"] + self.state["angle_2"]
        lengths = self.tasks["length_1"], self.tasks["length_2"]
        height = -lengths[0] * np.cos(one) - lengths[1] * np.cos(both)
        up = height > (lengths[0] + lengths[1]) / 2
        return np.where(up, 0.0, -1.0), up, {"success": up.copy()}

    def _slope(self, state: np.ndarray, torque: np.ndarray) -> np.ndarray:
        """Return the time derivative of states [4, N].

        Source:
            Sutton and Barto 1998, section 11.3, "Acrobot".
        """
        angle_1, angle_2, spin_1, spin_2 = state
        task = self.tasks
        m1, m2, length, inertia = task["mass_1"], task["mass_2"], task["length_1"], task["inertia"]
        middle_1, middle_2 = length * 0.5, task["length_2"] * 0.5
        cosine, sine = np.cos(angle_2), np.sin(angle_2)
        lever = length**2 + middle_2**2 + 2 * length * middle_2 * cosine
        d1 = m1 * middle_1**2 + m2 * lever + inertia + inertia
        d2 = m2 * (middle_2**2 + length * middle_2 * cosine) + inertia
        pull_2 = m2 * middle_2 * _GRAVITY * np.cos(angle_1 + angle_2 - np.pi / 2.0)
        pull_1 = (
            -m2 * length * middle_2 * spin_2**2 * sine
            - 2 * m2 * length * middle_2 * spin_2 * spin_1 * sine
            + (m1 * middle_1 + m2 * length) * _GRAVITY * np.cos(angle_1 - np.pi / 2)
            + pull_2
        )
        turning_2 = (
            torque + d2 / d1 * pull_1 - m2 * length * middle_2 * spin_1**2 * sine - pull_2
        ) / (m2 * middle_2**2 + inertia - d2**2 / d1)
        turning_1 = -(d2 * turning_2 + pull_1) / d1
        return np.array([spin_1, spin_2, turning_1, turning_2])

    def observe(self, state: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return cosines and sines of the angles, and the velocities, [R, 6]."""
        one, two = state["angle_1"], state["angle_2"]
        seen = [np.cos(one), np.sin(one), np.cos(two), np.sin(two)]
        return np.array([*seen, state["spin_1"], state["spin_2"]], dtype=np.float32).T.copy()

    def draw_scene(self, canvas: Canvas, row: int) -> None:
        """Draw the links, the height to reach, and the torque."""
        draw_acrobot(
            canvas,
            angles=[float(self.state[key][row]) for key in _ANGLES],
            lengths=[float(self.tasks[key][row]) for key in ("length_1", "length_2")],
            push=float(self._pushes[row]),
        )


def _wrapped(angle: np.ndarray) -> np.ndarray:
    """Add or subtract whole turns, one at a time as Gymnasium does, until within [-pi, pi]."""
    while (over := angle > np.pi).any():
        angle = np.where(over, angle - 2 * np.pi, angle)
    while (under := angle < -np.pi).any():
        angle = np.where(under, angle + 2 * np.pi, angle)
    return angle
