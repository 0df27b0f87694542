"""Meta-World's peg-insert-side-v3, batched: a peg is picked up and put into a hole's side.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_peg_insertion_side_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import (
    distance,
    gripper_caging,
    hamacher_product,
    length,
    rect_prism_tolerance,
    tolerance,
)
from ..rotations import quaternions
from .base import Begun, Environment, Read

_SCALE = np.array([1.0, 2.0, 2.0])  # beside the hole counts double
_TARGET_RADIUS = 0.07  # m, scaled
_LIFTED = 0.01  # m above where the peg began
_HELD = 0.08  # m from the fingers to the peg


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["peg"], quaternions(read["peg_matrix"])


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    peg, opened, head = observations[:, 4:7], observations[:, 3], read["head"]
    target = begun["target_pos"]
    to_peg = distance(peg, read["tcp"])
    to_target = length((head - target) * _SCALE)
    to_target_first = length((begun["peg_head_pos_init"] - target) * _SCALE)
    in_place = tolerance(to_target, (0.0, _TARGET_RADIUS), to_target_first, "long_tail")
    boxes = hamacher_product(
        rect_prism_tolerance(head, zero=read["box_2_zero"], one=read["box_2_one"]),
        rect_prism_tolerance(head, zero=read["box_1_zero"], one=read["box_1_one"]),
    )
    in_place = hamacher_product(in_place, boxes)
    caging, rounded = gripper_caging(
        read,
        begun,
        actions,
        peg,
        obj_radius=0.0075,
        pad_success_thresh=0.03,
        object_reach_radius=0.01,
        xz_thresh=0.005,
        high_density=True,
    )
    lifted = (opened > 0) & (peg[:, 2] - _LIFTED > begun["obj_init_pos"][:, 2])
    held = (to_peg < _HELD) & lifted
    grasped = np.where(held, 1.0, caging)
    # What is held has a 1 in place of the caging, and is not rounded as that is.
    rewards = hamacher_product(
        grasped, in_place, lambda values: np.where(held, values, rounded(values))
    )
    rewards = np.where(held, rewards + (1.0 + 5 * in_place), rewards)
    rewards = np.where(to_target <= _TARGET_RADIUS, 10.0, rewards)
    infos = {
        "success": (to_target <= _TARGET_RADIUS).astype(np.float64),
        "near_object": (to_peg <= 0.03).astype(np.float64),
        "grasp_success": ((to_peg < 0.02) & lifted).astype(np.float64),
        "grasp_reward": grasped,
        "in_place_reward": in_place,
        "obj_to_target": to_target,
        "unscaled_reward": rewards,
    }
    return rewards, infos


ENVIRONMENTS = (
    Environment(
        name="peg-insert-side-v3",
        reads={
            "peg": ("site.xpos", "pegGrasp"),
            "peg_matrix": ("site.xmat", "pegGrasp"),
            "head": ("site.xpos", "pegHead"),
            "box_1_zero": ("site.xpos", "bottom_right_corner_collision_box_1"),
            "box_1_one": ("site.xpos", "top_left_corner_collision_box_1"),
            "box_2_zero": ("site.xpos", "bottom_right_corner_collision_box_2"),
            "box_2_one": ("site.xpos", "top_left_corner_collision_box_2"),
        },
        begun=("peg_head_pos_init",),
        observe=_observe,
        evaluate=_evaluate,
    ),
)
