"""Meta-World's dial-turn-v3, batched: a dial is turned by its knob, with closed fingers.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_dial_turn_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, gripper_effort, hamacher_product, nearness, positive, rounding
from .base import Begun, Environment, Read, Way, outcome

_KNOB = 0.05  # m, from the dial's middle to its knob
_PUSHED = np.array([0.05, 0.02, 0.09])  # m, from the knob to where fingers push
_RADIUS = 0.07  # m, around the target
_REACH = 0.005  # m, of the fingers to where they push
_NEAR = 0.01  # m, of the same


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    angle, places = read["angle"][:, 0], read["dial"].copy()
    places[:, 0] += _KNOB * np.sin(angle)
    places[:, 1] -= _KNOB * np.cos(angle)
    return places, read["dial_quat"]


def _first_way(begun: Begun) -> np.ndarray:
    # Upstream's "first" place is not that of the knob but that of the fingers that push it.
    return np.abs(distance(begun["dial_push_position"], begun["target_pos"]) - _RADIUS)


def _constants(begun: Begun) -> dict[str, np.ndarray]:
    first = distance(begun["dial_push_position"], begun["init_tcp"])
    return {"reach_margin": positive(np.abs(first - _REACH))}


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    away, in_place = read["away"], read["in_place"]
    near = distance(observations[:, 4:7] + _PUSHED, read["tcp"])
    reach = nearness(near, _REACH, begun["reach_margin"], "gaussian")
    effort, single = gripper_effort(actions)
    rounded = rounding(single)
    reach = hamacher_product(reach, effort, rounded)
    rewards = rounded(10 * hamacher_product(reach, in_place, rounded))
    return outcome(
        rewards,
        success=away <= _RADIUS,
        near=near <= _NEAR,
        grasped=reach,
        in_place=in_place,
        away=away,
    )


ENVIRONMENTS = (
    Environment(
        name="dial-turn-v3",
        reads={
            "dial": ("body.xpos", "dial"),
            "dial_quat": ("body.xquat", "dial"),
            "angle": ("joint.qpos", "knob_Joint_1"),
        },
        begun=("dial_push_position",),
        observe=_observe,
        evaluate=_evaluate,
        way=Way(_RADIUS, _first_way),
        constants=_constants,
    ),
)
