"""Meta-World's hand-insert-v3, pick-out-of-hole-v3 and bin-picking-v3, batched: holes and bins.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_hand_insert_v3.py`, `envs/sawyer_pick_out_of_hole_v3.py`,
`envs/sawyer_bin_picking_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, grasp, hamacher_product, length, nearness, positive
from ..rules import funnel
from .base import Begun, Cage, Environment, Read, Way, outcome

_RADIUS = 0.05  # m, around the target
_OUT = 0.02  # m, around pick-out-of-hole-v3's target: fully in place
_SUCCESS = 0.07  # m, around the same: success
_NEAR = 0.03  # m, of the fingers to the object
_INSERTED = 0.02  # m, of the same
_HELD = 0.04  # m, of the fingers or the hand to the object
_LIFTED = 0.02  # m
_FUNNEL = 0.03  # m: radius on the ground of the funnels above which the hand is to stay


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["block"], read["block_quat"]


def _evaluate_insert(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, away, in_place = read["near"], read["away"], read["in_place"]
    grasped, rounded = grasp(read["around"], actions)
    rewards = hamacher_product(grasped, in_place, rounded)
    held = (near < _INSERTED) & (observations[:, 3] > 0)
    rewards = np.where(held, rounded(rewards + rounded(1.0 + 7.0 * in_place)), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _RADIUS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


def _evaluate_out(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    block, near, away, in_place = observations[:, 4:7], read["near"], read["away"], read["in_place"]
    tcp, first = read["tcp"], begun["obj_init_pos"]
    floor = funnel(distance(tcp[:, :2], first[:, :2]), _FUNNEL, 0.015, 0.15)
    above = nearness(floor - tcp[:, 2], 0.01, 0.02)
    grasped, rounded = grasp(read["around"], actions, desired=0.1)
    rewards = hamacher_product(grasped, in_place, rounded)
    held = (near < _HELD) & (block[:, 2] - _LIFTED > first[:, 2]) & (observations[:, 3] >= 0.33)
    more = rounded(1.0 + 5.0 * hamacher_product(in_place, above))
    rewards = np.where(held, rounded(rewards + more), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


def _evaluate_bin(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    hand, block, first = observations[:, :3], observations[:, 4:7], begun["obj_init_pos"]
    target = begun["target_pos"]
    away = distance(block, target)
    # Upstream takes the margin at an episode's first step, not at its reset.
    margin = begun["target_to_obj_init"]
    np.copyto(margin, away, where=np.isnan(margin))
    in_place = nearness(away, _RADIUS, positive(margin))
    floor = np.minimum(
        funnel(distance(hand[:, :2], first[:, :2]), _FUNNEL, 0.02, 0.2),
        funnel(distance(hand[:, :2], target[:, :2]), _FUNNEL, 0.02, 0.2),
    )
    above = nearness(floor - hand[:, 2], 0.01, 0.05)
    grasped, rounded = grasp(read["around"], actions, desired=0.7)
    rewards = hamacher_product(grasped, in_place, rounded)
    near = length(block - hand) < _HELD
    held = near & (block[:, 2] - _LIFTED > first[:, 2]) & (observations[:, 3] >= 0.43)
    more = rounded(1.0 + 5.0 * hamacher_product(above, in_place))
    rewards = np.where(held, rounded(rewards + more), rewards)
    rewards = np.where(away < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _RADIUS,
        near=near,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


_READS = {"block": ("body.xpos", "obj"), "block_quat": ("body.xquat", "obj")}

ENVIRONMENTS = (
    Environment(
        name="hand-insert-v3",
        reads=_READS,
        observe=_observe,
        evaluate=_evaluate_insert,
        way=Way(_RADIUS, _first_way),
        cage=Cage(radius=0.015, pads=0.05, across=0.005),
    ),
    Environment(
        name="pick-out-of-hole-v3",
        reads=_READS,
        observe=_observe,
        evaluate=_evaluate_out,
        way=Way(_OUT, _first_way),
        cage=Cage(radius=0.015, pads=0.02, across=0.03),
    ),
    Environment(
        name="bin-picking-v3",
        reads=_READS,
        begun=("_target_to_obj_init",),
        observe=_observe,
        evaluate=_evaluate_bin,
        cage=Cage(radius=0.015, pads=0.05, across=0.01),
    ),
)
