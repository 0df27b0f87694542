"""Meta-World's door-lock-v3 and door-unlock-v3, batched: a lock is turned down, or aside.

R rows. Reward version `v2` of metaworld 3.1.1.

Upstream keeps views of MuJoCo's arrays where it means copies from the reset: the margin of
door-lock-v3 is the left pad's distance now, that of door-unlock-v3 follows the lock as it turns.
So do ours.

Source: metaworld 3.1.1, `envs/sawyer_door_lock_v3.py`, `envs/sawyer_door_unlock_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import hamacher_product, length, nearness, positive
from .base import Begun, Environment, Read, outcome

_SCALE = np.array([0.25, 1.0, 0.5])  # beside and above the lock count less
_SHOULDER = np.array([0.0, 0.055, 0.07])  # m, from the hand to what pushes the lock
_LENGTH = 0.1  # m, of the lock's way
_TURNED = 0.005  # m, of the lock to its end: fully turned
_SUCCESS = 0.02  # m, of the same
_NEAR = 0.05  # m, scaled, of the hand to the lock


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["lock"], read["door_quat"]


def _evaluate_lock(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    lock, opened = observations[:, 4:7], np.maximum(observations[:, 3], 0.0)
    to_lock = length((lock - read["left_pad"]) * _SCALE)
    near_lock = nearness(to_lock, 0.01, positive(to_lock))
    left = np.abs(begun["target_pos"][:, 2] - lock[:, 2])
    turned = nearness(left, _TURNED, _LENGTH)
    return _outcome(
        2 * hamacher_product(opened, near_lock) + 8 * turned, to_lock, near_lock, turned, left
    )


def _evaluate_unlock(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    lock = observations[:, 4:7]
    to_lock = length((observations[:, :3] + _SHOULDER - lock) * _SCALE)
    first = length((begun["init_tcp"] + _SHOULDER - begun["obj_init_pos"]) * _SCALE)
    ready = nearness(to_lock, 0.02, positive(first))
    left = np.abs(begun["target_pos"][:, 0] - lock[:, 0])
    turned = nearness(left, _TURNED, _LENGTH)
    return _outcome(2 * ready + 8 * turned, to_lock, ready, turned, left)


def _outcome(
    rewards: np.ndarray, to_lock: np.ndarray, near: np.ndarray, turned: np.ndarray, left: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return outcome(
        rewards,
        success=left <= _SUCCESS,
        near=to_lock <= _NEAR,
        grasped=near,
        in_place=turned,
        away=left,
    )


ENVIRONMENTS = tuple(
    Environment(
        name=name,
        reads={"lock": ("site.xpos", lock), "door_quat": ("body.xquat", "door_link")},
        observe=_observe,
        evaluate=evaluate,
    )
    for name, lock, evaluate in (
        ("door-lock-v3", "lockStartLock", _evaluate_lock),
        ("door-unlock-v3", "lockStartUnlock", _evaluate_unlock),
    )
)
