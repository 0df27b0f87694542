"""Meta-World's coffee-push-v3 and coffee-pull-v3, batched: a mug goes to a machine or leaves it.

R rows. Reward version `v2` of metaworld 3.1.1. Both have the same reward.

Source: metaworld 3.1.1, `envs/sawyer_coffee_push_v3.py`, `envs/sawyer_coffee_pull_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, grasp, hamacher_product, length, nearness, positive
from .base import Begun, Cage, Environment, Read, Way, outcome

_SCALE = (2.0, 2.0, 1.0)  # height counts less
_RADIUS = 0.05  # m, scaled, around the target
_SUCCESS = 0.07  # m, around the target
_REACH = 0.04  # m, of the fingers to the mug
_NEAR = 0.03  # m, of the same
_CLOSED = 0.7  # action of the gripper that closes it around a mug


def _first_way(begun: Begun) -> np.ndarray:
    return length((begun["obj_init_pos"] - begun["target_pos"]) * np.array(_SCALE))


def _constants(begun: Begun) -> dict[str, np.ndarray]:
    first = distance(begun["obj_init_pos"], begun["init_tcp"])
    return {"reach_margin": positive(np.abs(first - _REACH))}


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["mug"], read["mug_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    near, in_place = read["near"], read["in_place"]
    reach = nearness(near, _REACH, begun["reach_margin"])
    grasped, rounded = grasp(read["around"], actions, reach, _CLOSED)
    rewards = hamacher_product(grasped, in_place, rounded)
    held = (near < _REACH) & (observations[:, 3] > 0)
    rewards = np.where(held, rounded(rewards + rounded(1.0 + 5.0 * in_place)), rewards)
    rewards = np.where(read["away"] < _RADIUS, 10.0, rewards)
    away = distance(observations[:, 4:7], begun["target_pos"])
    return outcome(
        rewards,
        success=away <= _SUCCESS,
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = tuple(
    Environment(
        name=name,
        reads={"mug": ("body.xpos", "obj"), "mug_matrix": ("geom.xmat", "mug")},
        observe=_observe,
        evaluate=_evaluate,
        way=Way(_RADIUS, _first_way, scale=_SCALE),
        cage=Cage(radius=0.02, pads=0.05, across=0.05),
        constants=_constants,
    )
    for name in ("coffee-push-v3", "coffee-pull-v3")
)
