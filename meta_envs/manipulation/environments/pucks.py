"""Meta-World's push-v3 and pick-place-v3, batched: a puck is brought to a place.

R rows. Reward version `v2` of metaworld 3.1.1. `grasp_success` needs contact forces and is not
computed.

pick-place-v3 compares the pads with where they were when the episode began, and means to do so:
upstream keeps a view of MuJoCo's array, so they are compared with where they are. So do we.

Source: metaworld 3.1.1, `envs/sawyer_push_v3.py` and `envs/sawyer_pick_place_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import (
    Rounding,
    distance,
    gripper_caging,
    gripping,
    hamacher_product,
    tolerance,
    xz_caging,
)
from ..rotations import quaternions
from .base import Begun, Environment, Read

_RADIUS = 0.05  # m, around the target
_PLACED = 0.07  # m, around the target: success of pick-place-v3
_NEAR = 0.03  # m, of the fingers to the puck
_HELD = 0.02  # m, of the same
_PUCK = 0.015  # m, radius
_PADS = 0.05  # m, of a pad to the puck's middle
_XZ = 0.005  # m, of the fingers to the puck, along x and z
_LIFTED = 0.01  # m


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["obj"], quaternions(read["obj_matrix"])


def _evaluate_push(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    puck, target, opened = observations[:, 4:7], begun["target_pos"], observations[:, 3]
    near, away = distance(puck, read["tcp"]), distance(puck, target)
    margin = distance(begun["obj_init_pos"], target)
    in_place = tolerance(away, (0, _RADIUS), margin, "long_tail")
    grasped, rounded = gripper_caging(
        read,
        begun,
        actions,
        puck,
        obj_radius=_PUCK,
        pad_success_thresh=_PADS,
        object_reach_radius=0.01,
        xz_thresh=_XZ,
        high_density=True,
    )
    rewards = 2 * grasped
    more = rounded(rounded(1.0 + rewards) + rounded(5.0 * in_place))
    rewards = np.where((near < _HELD) & (opened > 0), rounded(rewards + more), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return rewards, _infos(rewards, away <= _RADIUS, near, grasped, in_place, away)


def _evaluate_pick_place(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    puck, target, opened = observations[:, 4:7], begun["target_pos"], observations[:, 3]
    near, away = distance(puck, read["tcp"]), distance(puck, target)
    margin = distance(begun["obj_init_pos"], target)
    in_place = tolerance(away, (0, _RADIUS), margin, "long_tail")
    grasped, rounded = _pick_place_caging(read, begun, actions, puck)
    rewards = hamacher_product(grasped, in_place, rounded)
    held = (near < _HELD) & (opened > 0) & (puck[:, 2] - _LIFTED > begun["obj_init_pos"][:, 2])
    rewards = np.where(held, rounded(rewards + rounded(1.0 + 5.0 * in_place)), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return rewards, _infos(rewards, away <= _PLACED, near, grasped, in_place, away)


def _pick_place_caging(
    read: Read, begun: Begun, actions: np.ndarray, puck: np.ndarray
) -> tuple[np.ndarray, Rounding]:
    # How far the puck's middle is inside of each pad.
    inside = np.empty((len(puck), 2))
    inside[:, 0] = read["left_pad"][:, 1] - puck[:, 1]
    inside[:, 1] = puck[:, 1] - read["right_pad"][:, 1]
    margins = np.abs(np.abs(inside) - _PADS)  # of the pads' places now: see above
    sides = tolerance(inside, (_PUCK, _PADS), margins, "long_tail")
    around = hamacher_product(
        hamacher_product(sides[:, 0], sides[:, 1]), xz_caging(read, begun, puck, _XZ)
    )
    effort, rounded = gripping(around, actions)
    held = hamacher_product(around, effort, rounded)
    return rounded(rounded(held + rounded(around)) / 2), rounded


def _infos(
    rewards: np.ndarray,
    success: np.ndarray,
    near: np.ndarray,
    grasped: np.ndarray,
    in_place: np.ndarray,
    away: np.ndarray,
) -> dict[str, np.ndarray]:
    return {
        "success": success.astype(np.float64),
        "near_object": (near <= _NEAR).astype(np.float64),
        "grasp_reward": grasped,
        "in_place_reward": in_place,
        "obj_to_target": away,
        "unscaled_reward": rewards,
    }


_READS = {"obj": ("body.xpos", "obj"), "obj_matrix": ("geom.xmat", "objGeom")}

ENVIRONMENTS = (
    Environment(name="push-v3", reads=_READS, observe=_observe, evaluate=_evaluate_push),
    Environment(
        name="pick-place-v3", reads=_READS, observe=_observe, evaluate=_evaluate_pick_place
    ),
)
