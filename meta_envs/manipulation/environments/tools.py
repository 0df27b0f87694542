"""Meta-World's assembly-v3, disassemble-v3 and hammer-v3, batched: what is held by a long handle.

R rows; a wrench is put over a peg or taken off it, a nail is driven in. Reward version `v2` of
metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_assembly_peg_v3.py`, `envs/sawyer_disassemble_peg_v3.py`,
`envs/sawyer_hammer_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import Rounding, distance, grasp, length, nearness, positive
from ..rules import alike, beside, funnel
from .base import Begun, Cage, Environment, Read, outcome

_FLAT = np.array([0.707, 0.0, 0.0, 0.707])  # quaternion of a wrench that lies flat
_UPRIGHT = np.array([1.0, 0.0, 0.0, 0.0])  # of a hammer
_SPREAD = 0.4  # of quaternions
_LIFTED = 0.02  # m
_REACH = 0.01  # m, of the fingers to the wrench
_RADIUS = 0.02  # m, around where the wrench or the hammer is to be
_WRENCH, _HAMMER = 0.01, 0.07  # m, half a handle's length
_HOOKED = 0.02  # m, of the nut's middle across the peg
_SCALE = np.array([1.0, 1.0, 3.0])  # height above the peg counts more
_OFF = np.array([0.0, 0.0, 0.1])  # m, from the target to where the nut is to be lifted
_HEAD = np.array([0.16, 0.06, 0.0])  # m, from the hammer's middle to its head
_DRIVEN = 0.09  # m, of the nail
_CAGE = Cage(radius=0.015, pads=0.02, across=0.01, handle=_WRENCH)


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["wrench"], read["wrench_quat"]


def _observe_hammer(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    places = np.concatenate([read["hammer"], read["nail"]], axis=1)
    return places, np.concatenate([read["hammer_quat"], read["nail_quat"]], axis=1)


def _constants(begun: Begun) -> dict[str, np.ndarray]:
    first = distance(begun["obj_init_pos"], begun["init_tcp"])
    return {"reach_margin": positive(np.abs(first - _REACH))}


def _evaluate_assembly(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    to_handle = distance(beside(observations, _WRENCH), read["tcp"])
    reach = nearness(to_handle, _REACH, begun["reach_margin"])
    grasped, rounded = grasp(read["around"], actions, reach)
    nut = read["nut"]
    way = begun["target_pos"] - nut
    across = length(way[:, :2])
    success = (across < _HOOKED) & (way[:, 2] > 0)
    # Once the nut is on the peg, the funnel that leads there is wider.
    threshold = np.where(success, 0.02, 0.01)
    way[:, 2] = funnel(across, threshold, 0.02, 0.2) - nut[:, 2]
    lifted = (nut[:, 2] > _LIFTED) | (across < threshold)
    in_place = 0.1 * lifted + 0.9 * nearness(length(way * _SCALE), _RADIUS, 0.4)
    return _outcome(observations, _FLAT, grasped, in_place, success, rounded)


def _evaluate_disassemble(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    grasped, rounded = grasp(read["around"], actions)
    nut, target = read["nut"], begun["target_pos"]
    in_place = 0.1 * (nut[:, 2] > _LIFTED) + 0.9 * nearness(
        distance(target + _OFF, nut), _RADIUS, 0.2
    )
    success = observations[:, 6] > target[:, 2]
    return _outcome(observations, _FLAT, grasped, in_place, success, rounded)


def _evaluate_hammer(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    grasped, rounded = grasp(read["around"], actions)
    head = observations[:, 4:7] + _HEAD
    hit = nearness(distance(begun["target_pos"], head), _RADIUS, 0.2)
    in_place = 0.1 * (head[:, 2] > _LIFTED) + 0.9 * hit
    success = read["driven"][:, 0] > _DRIVEN
    return _outcome(observations, _UPRIGHT, grasped, in_place, success, rounded, above=5.0)


def _outcome(
    observations: np.ndarray,
    ideal: np.ndarray,
    grasped: np.ndarray,
    in_place: np.ndarray,
    success: np.ndarray,
    rounded: Rounding,
    above: float = -np.inf,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward holding a tool and bringing it into place, given that it is held level.

    Args:
        observations: Observations [R, 39].
        ideal: Quaternion of a level tool.
        grasped: How well it is held [R].
        in_place: How well it is in place [R].
        success: Where the task is done [R].
        rounded: The rounding of `grasped`.
        above: Least reward from which success gives all of the reward.
    """
    level = alike(observations[:, 7:11], ideal, _SPREAD)
    rewards = rounded(rounded(2.0 * grasped) + rounded(6.0 * in_place))
    rewards = rounded(rewards * rounded(level))
    return outcome(
        np.where(success & (rewards > above), 10.0, rewards),
        success=success,
        near=level,
        grasped=grasped,
        in_place=in_place,
        away=np.zeros(len(rewards)),
    )


_wrench = partial(
    Environment,
    reads={
        "wrench": ("site.xpos", "RoundNut-8"),
        "wrench_quat": ("body.xquat", "RoundNut"),
        "nut": ("site.xpos", "RoundNut"),
    },
    observe=_observe,
    cage=_CAGE,
)

ENVIRONMENTS = (
    _wrench("assembly-v3", evaluate=_evaluate_assembly, constants=_constants),
    _wrench("disassemble-v3", evaluate=_evaluate_disassemble),
    Environment(
        name="hammer-v3",
        reads={
            "hammer": ("body.xpos", "hammer"),
            "hammer_quat": ("body.xquat", "hammer"),
            "nail": ("body.xpos", "nail_link"),
            "nail_quat": ("body.xquat", "nail_link"),
            "driven": ("joint.qpos", "NailSlideJoint"),
        },
        observe=_observe_hammer,
        evaluate=_evaluate_hammer,
        cage=Cage(radius=0.015, pads=0.02, across=0.01, handle=_HAMMER),
    ),
)
