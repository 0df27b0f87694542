"""Meta-World's peg-unplug-side-v3, batched: a peg is pulled out of a hole's side.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_peg_unplug_side_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, grasp
from .base import Begun, Cage, Environment, Read, Way, outcome

_RADIUS = 0.05  # m, around the target
_SUCCESS = 0.07  # m
_NEAR = 0.03  # m, of the fingers to the peg
_HELD = 0.035  # m, of the same
_OPENED = 0.5  # share of the gripper's opening that a peg takes
_PULLED = 0.015  # m along x
_CLOSED = 0.8  # action of the gripper that closes it around a peg


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["peg"], read["peg_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, away, in_place = read["near"], read["away"], read["in_place"]
    grasped, rounded = grasp(read["around"], actions, desired=_CLOSED)
    pulled = observations[:, 4] - begun["obj_init_pos"][:, 0] > _PULLED
    held = pulled & (observations[:, 3] > _OPENED) & (near < _HELD)
    rewards = 2 * grasped
    more = rounded(rounded(1 + rewards) + rounded(5 * in_place))
    rewards = np.where(held, more, rewards)
    rewards = np.where(away <= _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = (
    Environment(
        name="peg-unplug-side-v3",
        reads={"peg": ("site.xpos", "pegEnd"), "peg_quat": ("body.xquat", "plug1")},
        observe=_observe,
        evaluate=_evaluate,
        way=Way(_RADIUS, _first_way),
        cage=Cage(radius=0.025, pads=0.05, across=0.005),
    ),
)
