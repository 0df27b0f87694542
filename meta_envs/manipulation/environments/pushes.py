"""Meta-World's push-back-v3 and soccer-v3, batched: a puck is pulled near, a ball kicked at a goal.

R rows. Reward version `v2` of metaworld 3.1.1.

Upstream measures the pads' margins from `init_left_pad` and `init_right_pad`, which are views of
where the pads are now, not of where they began; so does `Cage(..., follows=True)`.

Source: metaworld 3.1.1, `envs/sawyer_push_back_v3.py` and `envs/sawyer_soccer_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, length, nearness, positive
from ..rules import PADS, gripping
from .base import Begun, Cage, Environment, Read, Way, outcome

_SUCCESS = 0.07  # m, around the target
_NEAR = 0.03  # m, of the fingers to the puck or ball

_PUCK_RADIUS = 0.007  # m
_TARGET_RADIUS = 0.05  # m
_HELD = 0.01  # m, of the fingers to the puck
_OPENED = 0.55  # share of the gripper's opening above which it holds nothing
_MOVED = 0.01  # m, towards the target

_BALL_RADIUS = 0.013  # m
_GOAL_RADIUS = 0.07  # m, scaled
_SCALE = np.array([3.0, 1.0, 1.0])  # beside the goal counts more
_LINE = 0.1  # m, before the goal's middle
_POST = 0.1  # m, beside it


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["puck"], read["puck_quat"]


def _evaluate_push_back(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, away, in_place, opened = read["near"], read["away"], read["in_place"], observations[:, 3]
    grasped = gripping(read, observations[:, 4:7], _PUCK_RADIUS, 0.003)
    rewards = hamacher_product(grasped, in_place)
    held = (near < _HELD) & (opened > 0) & (opened < _OPENED)
    held &= _first_way(begun) - away > _MOVED
    rewards = np.where(held, rewards + (1.0 + 5.0 * in_place), rewards)
    rewards = np.where(away < _TARGET_RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


def _evaluate_soccer(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    ball, target = observations[:, 4:7], begun["target_pos"]
    scaled = length((ball - target) * _SCALE)
    # The margin is how far the ball has gone, from nothing at first.
    gone = positive(length((ball - begun["obj_init_pos"]) * _SCALE))
    in_place = nearness(scaled, _GOAL_RADIUS, gone)
    line = target[:, 1] - _LINE
    beside = (ball[:, 1] > line) & (np.abs(ball[:, 0] - target[:, 0]) > _POST)
    missed = np.clip(in_place - 2 * ((ball[:, 1] - line) / (1 - line)), 0.0, 1.0)
    in_place = np.where(beside, missed, in_place)
    grasped = gripping(read, ball, _BALL_RADIUS, 0.01)
    rewards = np.where(scaled < _GOAL_RADIUS, 10.0, 3 * grasped + 6.5 * in_place)
    away = distance(ball, target)
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=read["near"] <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = (
    Environment(
        name="push-back-v3",
        reads={"puck": ("geom.xpos", "objGeom"), "puck_matrix": ("geom.xmat", "objGeom")},
        observe=_observe,
        evaluate=_evaluate_push_back,
        way=Way(_TARGET_RADIUS, _first_way),
        cage=Cage(_PUCK_RADIUS, PADS, across=0.01, follows=True),
    ),
    Environment(
        name="soccer-v3",
        reads={"puck": ("body.xpos", "soccer_ball"), "puck_matrix": ("body.xmat", "soccer_ball")},
        observe=_observe,
        evaluate=_evaluate_soccer,
        cage=Cage(_BALL_RADIUS, PADS, across=0.005, follows=True),
    ),
)
