"""Rules that the rewards of a few environments share, for R rows at once.

Like `rewards`: values [R] are float64, and no row's value depends on another row.

Source: metaworld 3.1.1 (MIT), the environments that use them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .rewards import hamacher_product, length, positive, tolerance

PADS = 0.05  # m from a pad to the middle of a puck, at most
_GRIPPED = 0.95  # as well caged, the fingers count as gripping


def gripping(
    read: Mapping[str, np.ndarray], puck: np.ndarray, radius: float, grip: float
) -> np.ndarray:
    """Return how well the fingers hold a puck or ball, whatever the gripper's action.

    Args:
        read: Values read of the rows; `"around"` is that of a `Cage` that follows.
        puck: Where it is [R, 3].
        radius: Its radius, in m.
        grip: How far a gripping pad is from its edge, at most, in m.

    Returns:
        A number in [0, 1] a row [R].
    """
    around = read["around"]
    caged = around > _GRIPPED
    if not np.logical_or.reduce(caged):  # the usual case
        return around / 2
    pads = np.empty((len(puck), 2))
    pads[:, 0] = puck[:, 1] - read["right_pad"][:, 1]
    pads[:, 1] = read["left_pad"][:, 1] - puck[:, 1]
    margins = np.abs(np.abs(pads) - PADS)
    sides = tolerance(pads, (radius, radius + grip), margins, "long_tail")
    gripped = np.where(caged, hamacher_product(sides[:, 0], sides[:, 1]), 0.0)
    return (around + gripped) / 2


def closing(actions: np.ndarray) -> np.ndarray:
    """Return how hard actions [R, 4] close the gripper, 0 if they open it fully, 1 at most: [R].

    It is computed in the actions' precision, as upstream does.
    """
    share = (np.minimum(np.maximum(actions[:, 3], -1), 1) + 1.0) / 2.0
    return share.astype(np.float64)


def funnel(
    across: np.ndarray, radius: float | np.ndarray, steepness: float, rim: float
) -> np.ndarray:
    """Return the height [R] of a funnel's wall; on the ground within its radius.

    Args:
        across: Distances from its axis, m [R].
        radius: Radius on the ground, m, one or [R].
        steepness: Height gained where the distance from the ground's edge grows e-fold, m.
        rim: Height at 1 m from that edge, m.
    """
    outside = across - radius
    return np.where(outside > 0, steepness * np.log(positive(outside)) + rim, 0.0)


def alike(turns: np.ndarray, ideal: np.ndarray, spread: float) -> np.ndarray:
    """Return 1 where quaternions [R, 4] are the ideal one, and 0 from a distance `spread` on."""
    return np.maximum(1.0 - length(turns - ideal) / spread, 0.0)


def beside(observations: np.ndarray, handle: float) -> np.ndarray:
    """Return where an observed handle [R, 3] is nearest to the hand along x.

    Args:
        observations: Observations [R, 39].
        handle: Half its length, m; a hand beside its end counts as being at its middle.
    """
    points = observations[:, 4:7].copy()
    near = np.abs(points[:, 0] - observations[:, 0]) < handle
    points[:, 0] = np.where(near, observations[:, 0], points[:, 0])
    return points
