"""Meta-World's drawer-open-v3 and drawer-close-v3, batched: a drawer with a handle.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_drawer_open_v3.py` and `envs/sawyer_drawer_close_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import (
    distance,
    gripper_effort,
    hamacher_product,
    length,
    nearness,
    positive,
    rounding,
    tolerance,
)
from .base import Begun, Environment, Read, Way, outcome

_OPEN_HANDLE = np.array([0.0, -0.16, 0.0])  # m, from the drawer to what is observed
_CLOSE_HANDLE = np.array([0.0, -0.16, 0.05])
_WAY = 0.2  # m, that drawer-open-v3 pulls
_ACROSS = np.array([3.0, 3.0, 1.0])  # height counts less: the hand comes from above
_OPENED = 0.03  # m, of the handle to its target
_NEAR = 0.03  # m, of the hand to the handle
_RADIUS = 0.05  # m, around drawer-close-v3's target; upstream sets 0.04 under a name it never uses
_CLOSED = _RADIUS + 0.015
_REACH = 0.005  # m, of the fingers to the handle
_TOUCHED = 0.01  # m, of the same


def _observe_open(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["drawer"] + _OPEN_HANDLE, read["drawer_quat"]


def _observe_close(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    drawer = read["drawer"]
    return drawer + _CLOSE_HANDLE, np.zeros((len(drawer), 4))


def _evaluate_open(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    hand, handle, target = observations[:, :3], observations[:, 4:7], begun["target_pos"]
    error = distance(handle, target)
    opening = tolerance(error, (0, 0.02), _WAY, "long_tail")
    closed = target + np.array([0.0, _WAY, 0.0])
    apart = handle - hand
    caging = tolerance(
        length(apart * _ACROSS),
        (0, 0.01),
        length((closed - begun["init_tcp"]) * _ACROSS),
        "long_tail",
    )
    rewards = (caging + opening) * 5.0
    return outcome(
        rewards,
        success=error <= _OPENED,
        near=length(apart) <= _NEAR,
        grasped=caging,
        in_place=opening,
        away=error,
    )


def _way_to_close(begun: Begun) -> np.ndarray:
    return np.abs(distance(begun["obj_init_pos"], begun["target_pos"]) - _RADIUS)


def _close_constants(begun: Begun) -> dict[str, np.ndarray]:
    first = distance(begun["obj_init_pos"], begun["init_tcp"])
    return {"reach_margin": positive(np.abs(first - _REACH))}


def _evaluate_close(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    away, near, in_place = read["away"], read["near"], read["in_place"]
    reach = nearness(near, _REACH, begun["reach_margin"], "gaussian")
    effort, single = gripper_effort(actions)
    rounded = rounding(single)
    reach = hamacher_product(reach, effort, rounded)
    closed = away <= _CLOSED
    rewards = np.where(closed, 10.0, rounded(hamacher_product(reach, in_place, rounded) * 10))
    return outcome(
        rewards,
        success=closed,
        near=near <= _TOUCHED,
        grasped=reach,
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = (
    Environment(
        name="drawer-open-v3",
        reads={
            "drawer": ("body.xpos", "drawer_link"),
            "drawer_quat": ("body.xquat", "drawer_link"),
        },
        observe=_observe_open,
        evaluate=_evaluate_open,
    ),
    Environment(
        name="drawer-close-v3",
        reads={"drawer": ("body.xpos", "drawer_link")},
        observe=_observe_close,
        evaluate=_evaluate_close,
        way=Way(_RADIUS, _way_to_close),
        constants=_close_constants,
    ),
)
