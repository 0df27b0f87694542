"""Meta-World's box-close-v3, batched: a lid is put on a box.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_box_close_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, length, nearness, positive
from ..rules import alike, closing, funnel
from .base import Begun, Environment, Read, outcome

_HANDLE = np.array([0.0, 0.0, 0.02])  # m, from the lid to its handle
_FUNNEL = 0.02  # m, its radius on the ground
_LEVEL = np.array([0.707, 0.0, 0.0, 0.707])  # quaternion of a lid that lies flat
_SCALE = np.array([1.0, 1.0, 3.0])  # height counts more
_LIFTED = 0.04  # m
_SUCCESS = 0.08  # m, around the target


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["lid"], read["lid_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    hand, lid, target = observations[:, :3], observations[:, 4:7], begun["target_pos"]
    handle = lid + _HANDLE
    apart = hand - handle
    floor = funnel(length(apart[:, :2]), _FUNNEL, 0.04, 0.4)
    above = nearness(floor - hand[:, 2], 0.01, positive(floor / 2))
    ready = hamacher_product(above, nearness(length(apart), 0.02, 0.5))
    placed = nearness(length((target - handle) * _SCALE), 0.05, 0.25)
    placed = 0.2 * (handle[:, 2] > _LIFTED) + 0.8 * placed
    grab = closing(actions)
    success = distance(lid, target) < _SUCCESS
    rewards = 2 * hamacher_product(grab, ready) + 8 * placed
    rewards = np.where(success, 10.0, rewards) * alike(observations[:, 7:11], _LEVEL, 0.2)
    return outcome(
        rewards,
        success=success,
        near=ready,
        grasped=grab,
        in_place=placed,
        away=np.zeros(len(rewards)),
    )


ENVIRONMENTS = (
    Environment(
        name="box-close-v3",
        reads={"lid": ("body.xpos", "top_link"), "lid_quat": ("body.xquat", "top_link")},
        observe=_observe,
        evaluate=_evaluate,
    ),
)
