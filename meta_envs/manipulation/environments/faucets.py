"""Meta-World's faucet-open-v3 and faucet-close-v3, batched: a faucet is turned by its handle.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_faucet_open_v3.py`, `envs/sawyer_faucet_close_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, tolerance
from .base import Begun, Environment, Read, outcome

_RADIUS = 0.07  # m, of the handle to its target
_REACH = 0.01  # m, of the fingers to the handle
_LOWER = np.array([0.0, 0.0, -0.01])  # m, from the handle's mark to what is observed
_PUSHED = np.array([-0.04, 0.0, 0.03])  # m, from that to where an opening hand pushes


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["handle"] + _LOWER, read["faucet_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun, *, offset: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    handle, target, first = (
        observations[:, 4:7] + offset,
        begun["target_pos"],
        begun["obj_init_pos"],
    )
    left = distance(handle, target)
    margin = np.abs(distance(first, target) - _RADIUS)
    in_place = tolerance(left, (0, _RADIUS), margin, "long_tail")
    near = distance(handle, read["tcp"])
    margin = np.abs(distance(first, begun["init_tcp"]) - _REACH)
    reach = tolerance(near, (0, _REACH), margin, "gaussian")
    rewards = np.where(left <= _RADIUS, 10.0, (2 * reach + 3 * in_place) * 2)
    return outcome(
        rewards,
        success=left <= _RADIUS,
        near=near <= _REACH,
        grasped=reach,
        in_place=in_place,
        away=left,
    )


ENVIRONMENTS = tuple(
    Environment(
        name=name,
        reads={"handle": ("site.xpos", handle), "faucet_quat": ("body.xquat", "faucetBase")},
        observe=_observe,
        evaluate=partial(_evaluate, offset=offset),
    )
    for name, handle, offset in (
        ("faucet-open-v3", "handleStartOpen", _PUSHED),
        ("faucet-close-v3", "handleStartClose", np.zeros(3)),
    )
)
