"""Meta-World's sweep-v3 and sweep-into-v3, batched: a puck is swept beside or into a hole.

R rows. Reward version `v2` of metaworld 3.1.1.

Upstream measures the pads' margins from `init_left_pad` and `init_right_pad`, which are views of
where the pads are now, not of where they began; so does `Cage(..., follows=True)`.

Source: metaworld 3.1.1, `envs/sawyer_sweep_v3.py` and `envs/sawyer_sweep_into_goal_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, nearness, positive
from ..rules import PADS, gripping
from .base import Begun, Cage, Environment, Read, Way, outcome

_PUCK_RADIUS = 0.02  # m
_TARGET_RADIUS = 0.05  # m
_NEAR = 0.03  # m from the fingers to the puck


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _swept(
    read: Read, caging: np.ndarray, to_target: np.ndarray, in_place: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward a puck's way to a target, given how well it is held: all [R]."""
    rewards = 2 * caging + 6 * hamacher_product(caging, in_place)
    rewards = np.where(to_target < _TARGET_RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=to_target <= _TARGET_RADIUS,
        near=read["near"] <= _NEAR,
        grasped=caging,
        in_place=in_place,
        away=to_target,
    )


def _evaluate_sweep(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    caging = gripping(read, observations[:, 4:7], _PUCK_RADIUS, 0.01)
    return _swept(read, caging, read["away"], read["in_place"])


def _evaluate_sweep_into(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    puck = observations[:, 4:7]
    target = begun["target_pos"].copy()
    target[:, 2] = puck[:, 2]  # only across the table counts: the puck falls into the hole
    margin = positive(distance(begun["obj_init_pos"], target))
    to_target = distance(puck, target)
    in_place = nearness(to_target, _TARGET_RADIUS, margin)
    caging = gripping(read, puck, _PUCK_RADIUS, 0.005)
    return _swept(read, caging, to_target, in_place)


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
        way=Way(_TARGET_RADIUS, _first_way),
        cage=Cage(_PUCK_RADIUS, PADS, across=0.005, follows=True),
    ),
    Environment(
        name="sweep-into-v3",
        reads={"puck": ("body.xpos", "obj"), "puck_matrix": ("geom.xmat", "objGeom")},
        observe=_observe_sweep_into,
        evaluate=_evaluate_sweep_into,
        cage=Cage(_PUCK_RADIUS, PADS, across=0.01, follows=True),
    ),
)
