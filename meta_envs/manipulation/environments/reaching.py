"""Meta-World's reach-v3, batched: the fingers go to a point.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_reach_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance
from .base import Begun, Environment, Read, Way, outcome

_RADIUS = 0.05  # m, around the target


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["hand_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["obj"], read["obj_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    away, in_place = read["away"], read["in_place"]
    rewards = 10 * in_place
    return outcome(
        rewards,
        success=away <= _RADIUS,
        near=away,  # a distance, in upstream
        grasped=away,  # this, too
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = (
    Environment(
        name="reach-v3",
        reads={"obj": ("body.xpos", "obj"), "obj_matrix": ("geom.xmat", "objGeom")},
        begun=("hand_init_pos",),
        way=Way(_RADIUS, _first_way, point="tcp"),
        observe=_observe,
        evaluate=_evaluate,
    ),
)
