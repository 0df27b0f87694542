"""Meta-World's sweep-v3 and sweep-into-v3, batched: a puck is swept beside or into a hole.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_sweep_v3.py` and `envs/sawyer_sweep_into_goal_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, tolerance, xz_caging
from .base import Begun, Environment, Read

_PUCK_RADIUS = 0.02  # m
_TARGET_RADIUS = 0.05  # m
_NEAR = 0.03  # m from the fingers to the puck
_PAD_MARGIN = 0.05  # m from a pad to the middle of the puck, at most
_GRIPPED = 0.95  # as well caged, the fingers count as gripping


def _caging(read: Read, puck: np.ndarray, begun: Begun, grip: float, reach: float) -> np.ndarray:
    """How well the fingers hold a puck [R, 3]: the rule of these two environments alone.

    Upstream measures the margins from `init_left_pad` and `init_right_pad`, which are views of
    where the pads are now, not of where they began; so does this.

    Args:
        read: What was read.
        puck: Where the puck is [R, 3].
        begun: What was so at the start.
        grip: How far a gripping pad is from the puck's edge, at most, in m.
        reach: How far the fingers are from the puck across the pads, at most, in m.

    Returns:
        A number in [0, 1] a row [R].
    """
    sides = []
    for away, pad in (
        (puck[:, 1] - read["right_pad"][:, 1], read["right_pad"]),
        (read["left_pad"][:, 1] - puck[:, 1], read["left_pad"]),
    ):
        margin = np.abs(np.abs(puck[:, 1] - pad[:, 1]) - _PAD_MARGIN)
        caged = tolerance(away, (_PUCK_RADIUS, _PAD_MARGIN), margin, "long_tail")
        gripped = tolerance(away, (_PUCK_RADIUS, _PUCK_RADIUS + grip), margin, "long_tail")
        sides.append((caged, gripped))
    (right_caged, right_gripped), (left_caged, left_gripped) = sides
    across = hamacher_product(right_caged, left_caged)
    caging = hamacher_product(across, xz_caging(read, begun, puck, reach))
    gripping = np.where(caging > _GRIPPED, hamacher_product(right_gripped, left_gripped), 0.0)
    return (caging + gripping) / 2


def _swept(
    read: Read, observations: np.ndarray, begun: Begun, target: np.ndarray, caging: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward a puck's way to a target [R, 3], given how well it is held [R]."""
    puck = observations[:, 4:7]
    to_target = distance(puck, target)
    margin = distance(begun["obj_init_pos"], target)
    in_place = tolerance(to_target, (0.0, _TARGET_RADIUS), margin, "long_tail")
    rewards = 2 * caging + 6 * hamacher_product(caging, in_place)
    rewards = np.where(to_target < _TARGET_RADIUS, 10.0, rewards)
    infos = {
        "success": (to_target <= _TARGET_RADIUS).astype(np.float64),
        "near_object": (distance(puck, read["tcp"]) <= _NEAR).astype(np.float64),
        "grasp_reward": caging,
        "in_place_reward": in_place,
        "obj_to_target": to_target,
        "unscaled_reward": rewards,
    }
    return rewards, infos


def _evaluate_sweep(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    caging = _caging(read, observations[:, 4:7], begun, grip=0.01, reach=0.005)
    return _swept(read, observations, begun, begun["target_pos"], caging)


def _evaluate_sweep_into(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    caging = _caging(read, observations[:, 4:7], begun, grip=0.005, reach=0.01)
    height = observations[:, 6:7]  # only across the table counts: the puck falls into the hole
    target = np.concatenate([begun["target_pos"][:, :2], height], axis=1)
    return _swept(read, observations, begun, target, caging)


def _observe_sweep(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["puck"], read["puck_quat"]


def _observe_sweep_into(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["puck"], read["puck_quat"]


ENVIRONMENTS = (
    Environment(
        name="sweep-v3",
        reads={"puck": ("body.xpos", "obj"), "puck_quat": ("body.xquat", "obj")},
        observe=_observe_sweep,
        evaluate=_evaluate_sweep,
    ),
    Environment(
        name="sweep-into-v3",
        reads={"puck": ("body.xpos", "obj"), "puck_matrix": ("geom.xmat", "objGeom")},
        observe=_observe_sweep_into,
        evaluate=_evaluate_sweep_into,
    ),
)
