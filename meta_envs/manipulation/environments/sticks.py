"""Meta-World's stick-push-v3 and stick-pull-v3, batched: a can is moved with a stick.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_stick_push_v3.py`, `envs/sawyer_stick_pull_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import (
    distance,
    grasp,
    hamacher_product,
    length,
    nearness,
    positive,
    rounding_but,
)
from .base import Begun, Cage, Environment, Read, outcome

_NEAR = 0.03  # m, of the fingers to the stick
_HELD = 0.02  # m, of the same
_LIFTED = 0.01  # m
_MOVED = 0.12  # m, of the can to its target
_SHIFT = 0.015  # m along x, from the stick's middle to where it is held for pushing
_BEHIND = np.array([0.0, 0.09, 0.0])  # m, from the can's handle to what is pushed

_RADIUS = 0.05  # m, around the places of stick-pull-v3
_TO_CAN = np.array([0.05, 0.0, 0.0])  # m, from the handle to the can
_SCALE = np.array([1.0, 1.0, 2.0])  # height counts more
_BESIDE, _ABOVE = 0.04, 0.06  # m, of the stick's end to the handle: it is inserted


def _observe_push(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return _both(read, read["handle"] + _BEHIND)


def _observe_pull(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return _both(read, read["handle"])


def _both(read: Read, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    turns = np.zeros((len(other), 8))
    turns[:, :4] = read["stick_quat"]
    return np.concatenate([read["stick"], other], axis=1), turns


def _push_constants(begun: Begun) -> dict[str, np.ndarray]:
    target = begun["target_pos"]
    return {
        "stick_margin": positive(distance(begun["stick_init_pos"], target) - _MOVED),
        "can_margin": positive(distance(begun["obj_init_pos"], target) - _MOVED),
    }


def _evaluate_push(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    opened, target, first = observations[:, 3], begun["target_pos"], begun["stick_init_pos"]
    stick = observations[:, 4:7] + np.array([_SHIFT, 0.0, 0.0])
    near, away = distance(stick, read["tcp"]), distance(observations[:, 11:14], target)
    in_place = nearness(distance(stick, target), _MOVED, begun["stick_margin"])
    moved = nearness(away, _MOVED, begun["can_margin"])
    grasped, _ = grasp(read["around"], actions)
    lifted = (opened > 0) & (stick[:, 2] - _LIFTED > first[:, 2])
    held = (near < _HELD) & lifted
    grasped = np.where(held, 1.0, grasped)
    there = np.where(away <= _MOVED, 10.0, 2.0 + 5.0 * in_place + 3.0 * moved)
    return outcome(
        np.where(held, there, grasped),
        success=read["touching"] & lifted & (away <= _MOVED),
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


def _pull_constants(begun: Begun) -> dict[str, np.ndarray]:
    stick, can, target = begun["stick_init_pos"], begun["obj_init_pos"], begun["target_pos"]
    return {
        "in_place_margin": positive(length((stick - (can + _TO_CAN)) * _SCALE)),
        "stick_margin": positive(distance(stick, target)),
        "can_margin": positive(distance(can, target)),
    }


def _evaluate_pull(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    stick, handle, opened = observations[:, 4:7], observations[:, 11:14], observations[:, 3]
    near, target, can = read["near"], begun["target_pos"], handle + _TO_CAN
    away = distance(handle, target)
    in_place = nearness(length((stick - can) * _SCALE), _RADIUS, begun["in_place_margin"])
    pulled = nearness(distance(stick, target), _RADIUS, begun["stick_margin"])
    moved = nearness(distance(can, target), _RADIUS, begun["can_margin"])
    beyond = read["stick_end"] - handle
    inserted = (beyond[:, 0] >= 0) & (np.abs(beyond[:, 1]) <= _BESIDE)
    inserted &= np.abs(beyond[:, 2]) <= _ABOVE
    caging, rounded = grasp(read["around"], actions)
    held = (near < _HELD) & (opened > 0) & (stick[:, 2] - _LIFTED > begun["stick_init_pos"][:, 2])
    grasped = np.where(held, 1.0, caging)
    # If held, a 1 replaces the caging, and is not rounded as the caging is.
    rewards = hamacher_product(grasped, in_place, rounding_but(held, rounded))
    first = 1.0 + rewards
    there = np.where(away <= _MOVED, 10.0, first + 5.0 + 2.0 * pulled + 1.0 * moved)
    rewards = np.where(held, np.where(inserted, there, first + 5.0 * in_place), rewards)
    return outcome(
        rewards,
        success=inserted & (away <= _MOVED),
        near=near <= _NEAR,
        grasped=grasped,
        in_place=in_place,
        away=away,
    )


_READS = {
    "stick": ("body.xpos", "stick"),
    "stick_matrix": ("body.xmat", "stick"),
    "handle": ("site.xpos", "insertion"),
}

ENVIRONMENTS = (
    Environment(
        name="stick-push-v3",
        reads=_READS,
        begun=("stick_init_pos",),
        observe=_observe_push,
        evaluate=_evaluate_push,
        cage=Cage(radius=0.04, pads=0.05, across=0.01, first="stick_init_pos", shift=_SHIFT),
        touch="objGeom",
        constants=_push_constants,
    ),
    Environment(
        name="stick-pull-v3",
        reads={**_READS, "stick_end": ("site.xpos", "stick_end")},
        begun=("stick_init_pos",),
        observe=_observe_pull,
        evaluate=_evaluate_pull,
        # Upstream takes the pads' margin from where the can was at first, not the stick.
        cage=Cage(radius=0.014, pads=0.05, across=0.01),
        constants=_pull_constants,
    ),
)
