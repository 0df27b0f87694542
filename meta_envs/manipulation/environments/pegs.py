"""Meta-World's peg-insert-side-v3, batched: a peg is picked up and put into a hole's side.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_peg_insertion_side_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import grasp, hamacher_product, length, rect_prism_tolerance, rounding_but
from .base import Begun, Cage, Environment, Read, Way, outcome

_SCALE = (1.0, 2.0, 2.0)  # beside the hole counts double
_TARGET_RADIUS = 0.07  # m, scaled
_LIFTED = 0.01  # m above where the peg began
_HELD = 0.08  # m from the fingers to the peg


def _first_way(begun: Begun) -> np.ndarray:
    return length((begun["peg_head_pos_init"] - begun["target_pos"]) * np.array(_SCALE))


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["peg"], read["peg_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    peg, opened, head = observations[:, 4:7], observations[:, 3], read["head"]
    to_peg, to_target = read["near"], read["away"]
    boxes = hamacher_product(
        rect_prism_tolerance(head, zero=read["box_2_zero"], one=read["box_2_one"]),
        rect_prism_tolerance(head, zero=read["box_1_zero"], one=read["box_1_one"]),
    )
    in_place = hamacher_product(read["in_place"], boxes)
    caging, rounded = grasp(read["around"], actions)
    lifted = (opened > 0) & (peg[:, 2] - _LIFTED > begun["obj_init_pos"][:, 2])
    held = (to_peg < _HELD) & lifted
    grasped = np.where(held, 1.0, caging)
    # If held, a 1 replaces the caging, and is not rounded as the caging is.
    rewards = hamacher_product(grasped, in_place, rounding_but(held, rounded))
    rewards = np.where(held, rewards + (1.0 + 5 * in_place), rewards)
    rewards = np.where(to_target <= _TARGET_RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=to_target <= _TARGET_RADIUS,
        near=to_peg <= 0.03,
        grasped=grasped,
        in_place=in_place,
        away=to_target,
    )


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
        way=Way(_TARGET_RADIUS, _first_way, point="head", scale=_SCALE),
        cage=Cage(radius=0.0075, pads=0.03, across=0.005),
    ),
)
