"""Meta-World's door-open-v3 and door-close-v3, batched: a door with a handle.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_door_v3.py` and `envs/sawyer_door_close_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, length, nearness, positive, tolerance
from ..rules import closing, funnel
from .base import Begun, Environment, Read, outcome

_SUCCESS = 0.08  # m, of the handle to its target
_RADIUS = 0.05  # m, around the target
_BEFORE = np.array([-0.05, 0.0, 0.0])  # m, from the handle to where the funnel stands
_BEHIND = np.array([0.05, 0.03, -0.01])  # m, from there to between handle and door
_FUNNEL = 0.12  # m, its radius on the ground
_AJAR = -np.pi / 90  # rad, of the hinge
_OPEN = np.pi / 2 + np.pi / 6  # rad


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["handle"], read["handle_quat"]


def _evaluate_open(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    handle = observations[:, 4:7]
    grab = closing(actions)
    ready = _ready_to_open(observations[:, :3], handle + _BEFORE)
    hinge = read["hinge"].reshape(len(handle))
    opened = 0.2 * (hinge < _AJAR) + 0.8 * tolerance(
        _OPEN + hinge, (0, 0.5), np.pi / 3, "long_tail"
    )
    there = np.abs(handle[:, 0] - begun["target_pos"][:, 0]) <= _SUCCESS
    rewards = np.where(there, 10.0, 2.0 * hamacher_product(ready, grab) + 8.0 * opened)
    return outcome(
        rewards,
        success=there,
        near=ready,
        grasped=grab,
        in_place=opened,
        away=np.zeros(len(handle)),
    )


def _ready_to_open(hand: np.ndarray, door: np.ndarray) -> np.ndarray:
    """Return 1 where the hand is between handle and door, and above a funnel on its way: [R]."""
    apart = hand - door
    floor = funnel(length(apart[:, :2]), _FUNNEL, 0.04, 0.4)
    above_floor = nearness(floor - hand[:, 2], 0.01, positive(floor / 2))
    in_place = nearness(length(apart - _BEHIND), _FUNNEL / 2, 0.5)
    return hamacher_product(above_floor, in_place)


def _evaluate_close(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    handle, target = observations[:, 4:7], begun["target_pos"]
    away = distance(handle, target)
    in_place = tolerance(away, (0, _RADIUS), distance(begun["obj_init_pos"], target))
    margin = distance(begun["hand_init_pos"], handle) + 0.1
    hand_in_place = tolerance(distance(read["tcp"], target), (0, 0.25 * _RADIUS), margin)
    rewards = np.where(away < _RADIUS, 10.0, 3 * hand_in_place + 6 * in_place)
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=np.zeros(len(away)),
        grasped=np.ones(len(away)),
        in_place=hand_in_place,  # the hand's, in upstream
        away=away,
    )


_READS = {"handle": ("geom.xpos", "handle"), "handle_matrix": ("geom.xmat", "handle")}

ENVIRONMENTS = (
    Environment(
        name="door-open-v3",
        reads={**_READS, "hinge": ("joint.qpos", "doorjoint")},
        observe=_observe,
        evaluate=_evaluate_open,
    ),
    Environment(
        name="door-close-v3",
        reads=_READS,
        begun=("hand_init_pos",),
        observe=_observe,
        evaluate=_evaluate_close,
    ),
)
