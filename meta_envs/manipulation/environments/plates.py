"""Meta-World's plates, batched: a plate is slid into a cabinet or out of it, four ways.

plate-slide-v3, plate-slide-side-v3, plate-slide-back-v3 and plate-slide-back-side-v3; R rows.
Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_plate_slide_v3.py` and its three siblings.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, hamacher_product, tolerance
from .base import Begun, Environment, Read, outcome

_RADIUS = 0.05  # m, of the plate to its target and of the fingers to the plate
_SUCCESS = 0.07  # m
_NEAR = 0.03  # m, of the fingers to the plate
_ON = 0.07  # m, of the same, if the fingers are low
_LOW = 0.03  # m


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["plate"], read["plate_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun, *, stepwise: bool
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward reaching the plate and sliding it; if `stepwise`, the latter only after the former."""
    plate, target, first = observations[:, 4:7], begun["target_pos"], begun["obj_init_pos"]
    inner = _RADIUS if stepwise else 0.0
    left = distance(plate, target)
    in_place = tolerance(left, (0, _RADIUS), distance(first, target) - inner, "long_tail")
    near = distance(read["tcp"], plate)
    margin = distance(begun["init_tcp"], first) - inner
    reach = tolerance(near, (0, _RADIUS), margin, "long_tail")
    if stepwise:
        on = (read["tcp"][:, 2] <= _LOW) & (near < _ON)
        rewards = np.where(on, 2.0 + 7.0 * in_place, 1.5 * reach)
    else:
        rewards = 8 * hamacher_product(reach, in_place)
    rewards = np.where(left < _RADIUS, 10.0, rewards)
    return outcome(
        rewards,
        success=left <= _SUCCESS,
        near=near <= _NEAR,
        grasped=reach,
        in_place=in_place,
        away=left,
    )


ENVIRONMENTS = tuple(
    Environment(
        name=name,
        reads={"plate": ("geom.xpos", "puck"), "plate_matrix": ("geom.xmat", "puck")},
        observe=_observe,
        evaluate=partial(_evaluate, stepwise=name != "plate-slide-v3"),
    )
    for name in (
        "plate-slide-v3",
        "plate-slide-side-v3",
        "plate-slide-back-v3",
        "plate-slide-back-side-v3",
    )
)
