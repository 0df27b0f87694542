"""Meta-World's push-v3 and pick-place-v3, batched: a puck is brought to a place.

R rows. Reward version `v2` of metaworld 3.1.1. `grasp_success` needs contact forces and is not
computed.

pick-place-v3 is meant to compare the pads with where they were when the episode began. But
upstream keeps a view of MuJoCo's array, so they are compared with where they are now. So do we.

Source: metaworld 3.1.1, `envs/sawyer_push_v3.py` and `envs/sawyer_pick_place_v3.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from ..rewards import distance, grasp, hamacher_product
from .base import Begun, Cage, Environment, Read, Way, outcome

_RADIUS = 0.05  # m, around the target
_PLACED = 0.07  # m, around the target: success of pick-place-v3
_NEAR = 0.03  # m, of the fingers to the puck
_HELD = 0.02  # m, of the same
_LIFTED = 0.01  # m
_CAGE = Cage(radius=0.015, pads=0.05, across=0.005)


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["obj"], read["obj_quat"]


def _evaluate_push(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, away, in_place, opened = read["near"], read["away"], read["in_place"], observations[:, 3]
    grasped, rounded = grasp(read["around"], actions)
    rewards = 2 * grasped
    more = rounded(rounded(1.0 + rewards) + rounded(5.0 * in_place))
    rewards = np.where((near < _HELD) & (opened > 0), rounded(rewards + more), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _RADIUS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


def _evaluate_pick_place(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, away, in_place, opened = read["near"], read["away"], read["in_place"], observations[:, 3]
    grasped, rounded = grasp(read["around"], actions)
    rewards = hamacher_product(grasped, in_place, rounded)
    lifted = observations[:, 6] - _LIFTED > begun["obj_init_pos"][:, 2]
    held = (near < _HELD) & (opened > 0) & lifted
    rewards = np.where(held, rounded(rewards + rounded(1.0 + 5.0 * in_place)), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _PLACED,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


_READS = {"obj": ("body.xpos", "obj"), "obj_matrix": ("geom.xmat", "objGeom")}

_puck = partial(Environment, reads=_READS, observe=_observe, way=Way(_RADIUS, _first_way))

ENVIRONMENTS = (
    _puck("push-v3", evaluate=_evaluate_push, cage=_CAGE),
    _puck("pick-place-v3", evaluate=_evaluate_pick_place, cage=replace(_CAGE, follows=True)),
)
