"""Observations of a batch: their bounds, and where those of one environment's rows stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .environments.base import Environment
from .players import SEEN
from .touch import Touch

HAND = 4  # numbers for the hand and the opening of the gripper
OBJECT = 7  # numbers for the position and quaternion of an object
# Bounds to which observations are clipped: those of the hand and of the opening of the gripper.
HAND_LOW = np.array([-0.525, 0.348, -0.0525, -1.0])
HAND_HIGH = np.array([0.525, 1.025, 0.7, 1.0])


@dataclass
class Group:
    """Rows of one environment: where their values stand in the arrays."""

    environment: Environment
    rows: list[int]
    own: dict[str, np.ndarray]  # values from the reset
    begun: dict[str, np.ndarray]  # those, and the live ones
    read: dict[str, np.ndarray]
    objects: list[tuple[np.ndarray, np.ndarray]]  # their observed positions and quaternions
    observations: np.ndarray
    actions: np.ndarray
    touch: Touch | None

    def observe(self) -> None:
        """Write the positions and quaternions of the objects, and what is touched."""
        if self.touch is not None:
            self.touch.measure()
        places, quaternions = self.environment.observe(self.read, self.begun)
        if places.shape[1] == 3:  # the usual case
            self.objects[0][0][:], self.objects[0][1][:] = places, quaternions
            return
        for k in range(places.shape[1] // 3):
            self.objects[k][0][:] = places[:, 3 * k : 3 * k + 3]
            self.objects[k][1][:] = quaternions[:, 4 * k : 4 * k + 4]


def _widened(hand: np.ndarray, elsewhere: float) -> np.ndarray:
    both = np.full(2 * SEEN, elsewhere)
    both[:HAND] = both[SEEN : SEEN + HAND] = hand
    return both


LOW, HIGH = _widened(HAND_LOW, -np.inf), _widened(HAND_HIGH, np.inf)
