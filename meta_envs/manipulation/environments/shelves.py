"""Meta-World's shelf-place-v3, batched: a block is picked up and put on a shelf.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_shelf_place_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, grasp, hamacher_product
from .base import Begun, Cage, Environment, Read, Way, outcome

_TARGET_RADIUS = 0.05  # m
_SUCCESS = 0.07  # m
_SHELF_HEIGHT = 0.24  # m; lower than that, the block may be under the shelf
_HALF_WIDTH = 0.15  # m, of the shelf
_DEPTH = 3 * _TARGET_RADIUS  # m in front of the target, where in_place shrinks
_HELD = 0.025  # m from the fingers to the block


def _first_way(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["block"], read["block_quat"]


def _not_under_the_shelf(
    in_place: np.ndarray, block: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce `in_place` [R] in front of the shelf's bottom, and remove it under the shelf.

    Returns:
        The reduced numbers [R], and whether the block is in front [R].
    """
    low = (block[:, 2] > 0.0) & (block[:, 2] < _SHELF_HEIGHT)
    low &= (block[:, 0] > target[:, 0] - _HALF_WIDTH) & (block[:, 0] < target[:, 0] + _HALF_WIDTH)
    in_front = low & (block[:, 1] > target[:, 1] - _DEPTH) & (block[:, 1] < target[:, 1])
    depth = np.where(in_front, (block[:, 1] - (target[:, 1] - _DEPTH)) / _DEPTH, 0.0)
    height = np.where(in_front, (_SHELF_HEIGHT - block[:, 2]) / _SHELF_HEIGHT, 0.0)
    lessened = np.clip(in_place - hamacher_product(depth, height), 0.0, 1.0)
    in_place = np.where(in_front, lessened, in_place)
    return np.where(low & (block[:, 1] > target[:, 1]), 0.0, in_place), in_front


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    block, opened, first = observations[:, 4:7], observations[:, 3], begun["obj_init_pos"]
    to_target, to_block, in_place = read["away"], read["near"], read["in_place"]
    caging, rounded = grasp(read["around"], actions, dense=False)
    rewards = hamacher_product(caging, in_place, rounded)
    in_place, in_front = _not_under_the_shelf(in_place, block, begun["target_pos"])
    held = (to_block < _HELD) & (opened > 0) & (block[:, 2] - 0.01 > first[:, 2])
    lifted = 1.0 + 5.0 * in_place
    # In front of the shelf upstream's number is NumPy's, whose double precision prevails.
    lifted = rewards + np.where(in_front, lifted, rounded(lifted))
    rewards = np.where(held, np.where(in_front, lifted, rounded(lifted)), rewards)
    rewards = np.where(to_target < _TARGET_RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=to_target <= _SUCCESS,
        near=to_block <= 0.03,
        grasped=caging,
        in_place=in_place,
        away=to_target,
    )


ENVIRONMENTS = (
    Environment(
        name="shelf-place-v3",
        reads={"block": ("body.xpos", "obj"), "block_matrix": ("geom.xmat", "objGeom")},
        observe=_observe,
        evaluate=_evaluate,
        way=Way(_TARGET_RADIUS, _first_way),
        cage=Cage(radius=0.02, pads=0.05, across=0.01),
    ),
)
