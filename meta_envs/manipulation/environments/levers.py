"""Meta-World's lever-pull-v3, batched: a lever is pulled up from below.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_lever_pull_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, length, tolerance
from .base import Begun, Environment, Read, outcome

_SCALE = np.array([4.0, 1.0, 4.0])  # x and z count more: the hand has to get below the lever
_SHOULDER = np.array([0.0, 0.055, 0.07])  # m, from the hand to what lifts the lever
_UPRIGHT = np.pi / 2  # rad


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["lever"], read["lever_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    lever, lever_first = observations[:, 4:7], begun["lever_pos_init"]
    below = length((observations[:, :3] + _SHOULDER - lever) * _SCALE)
    below_first = length((begun["init_tcp"] + _SHOULDER - lever_first) * _SCALE)
    ready = tolerance(below, (0.0, 0.02), below_first, "long_tail")
    error = np.abs(-read["angle"].reshape(len(lever)) - _UPRIGHT)
    lifted = tolerance(error, (0.0, np.pi / 48), _UPRIGHT - np.pi / 12, "long_tail")
    target = begun["target_pos"]
    margin = distance(lever_first, target)
    in_place = tolerance(distance(lever, target), (0.0, 0.04), margin, "long_tail")
    rewards = 10 * hamacher_product(ready, in_place)
    return outcome(
        rewards,
        success=error <= np.pi / 24,
        near=below < 0.03,
        grasped=ready,
        in_place=lifted,  # not the value in the reward: upstream's info is the lever's angle
        away=below,  # upstream's name for how far the hand's shoulder is below
    )


ENVIRONMENTS = (
    Environment(
        name="lever-pull-v3",
        reads={
            "lever": ("site.xpos", "leverStart"),
            "lever_matrix": ("geom.xmat", "objGeom"),
            "angle": ("joint.qpos", "LeverAxis"),
        },
        begun=("_lever_pos_init",),
        observe=_observe,
        evaluate=_evaluate,
    ),
)
