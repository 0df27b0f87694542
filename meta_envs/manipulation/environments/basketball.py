"""Meta-World's basketball-v3, batched: a ball is picked up and dropped into a basket.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_basketball_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import grasp, hamacher_product, length, nearness, positive, rounding_but
from .base import Begun, Cage, Environment, Read, outcome

_SCALE = np.array([1.0, 1.0, 2.0])  # height counts double
_TARGET_RADIUS = 0.08  # m, scaled
_TARGET_HEIGHT = 0.3  # m, a little above the hoop, wherever the basket's own mark is
_HELD = 0.035  # m from the fingers to the ball


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["ball"], read["ball_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    ball, opened, first = observations[:, 4:7], observations[:, 3], begun["obj_init_pos"]
    target = begun["target_pos"].copy()
    target[:, 2] = _TARGET_HEIGHT
    to_target = length((ball - target) * _SCALE)
    margin = length((first - target) * _SCALE)
    in_place = nearness(to_target, _TARGET_RADIUS, positive(margin))
    to_ball = read["near"]
    caging, rounded = grasp(read["around"], actions)
    held = (to_ball < _HELD) & (opened > 0) & (ball[:, 2] - 0.01 > first[:, 2])
    grasped = np.where(held, 1.0, caging)
    # If held, a 1 replaces the caging, and is not rounded as the caging is.
    rewards = hamacher_product(grasped, in_place, rounding_but(held, rounded))
    rewards = np.where(held, rewards + (1.0 + 5.0 * in_place), rewards)
    rewards = np.where(to_target < _TARGET_RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=to_target <= _TARGET_RADIUS,
        near=to_ball <= 0.05,
        grasped=grasped,
        in_place=in_place,
        away=to_target,
    )


ENVIRONMENTS = (
    Environment(
        name="basketball-v3",
        reads={"ball": ("body.xpos", "bsktball"), "ball_quat": ("body.xquat", "bsktball")},
        observe=_observe,
        evaluate=_evaluate,
        cage=Cage(radius=0.025, pads=0.06, across=0.005),
    ),
)
