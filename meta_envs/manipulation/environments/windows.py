"""Meta-World's window-open-v3 and window-close-v3, batched: a window is slid by its handle.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_window_open_v3.py`, `envs/sawyer_window_close_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, hamacher_product, tolerance
from .base import Begun, Environment, Read

_TARGET_RADIUS = 0.05  # m, along the window
_HANDLE_RADIUS = 0.02  # m
_NEAR = 0.05  # m from the fingers to the handle


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    handle = read["handle"]
    return handle, np.zeros((len(handle), 4))


def _evaluate(
    read: Read,
    observations: np.ndarray,
    actions: np.ndarray,
    begun: Begun,
    *,
    start: str,
    sigmoid: str,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward reaching the handle, by a `sigmoid`, and sliding it from what `start` has begun."""
    handle, target = read["handle"], begun["target_pos"]
    to_target = np.abs(handle[:, 0] - target[:, 0])
    to_target_first = np.abs(begun[start][:, 0] - target[:, 0])
    margin = np.abs(to_target_first - _TARGET_RADIUS)
    in_place = tolerance(to_target, (0.0, _TARGET_RADIUS), margin, "long_tail")
    to_handle = distance(handle, read["tcp"])
    # Where the handle was before the window had its place: upstream looks before MuJoCo moves it.
    to_handle_first = distance(begun["window_handle_pos_init"], begun["init_tcp"])
    margin = np.abs(to_handle_first - _HANDLE_RADIUS)
    reach = tolerance(to_handle, (0.0, _HANDLE_RADIUS), margin, sigmoid)
    rewards = 10 * hamacher_product(reach, in_place)
    infos = {
        "success": (to_target <= _TARGET_RADIUS).astype(np.float64),
        "near_object": (to_handle <= _NEAR).astype(np.float64),
        "grasp_success": np.ones(len(rewards)),
        "grasp_reward": reach,
        "in_place_reward": in_place,
        "obj_to_target": to_target,
        "unscaled_reward": rewards,
    }
    return rewards, infos


ENVIRONMENTS = (
    Environment(
        name="window-open-v3",
        reads={"handle": ("site.xpos", "handleOpenStart")},
        begun=("window_handle_pos_init",),
        observe=_observe,
        evaluate=partial(_evaluate, start="obj_init_pos", sigmoid="long_tail"),
    ),
    Environment(
        name="window-close-v3",
        reads={"handle": ("site.xpos", "handleCloseStart")},
        begun=("window_handle_pos_init",),
        observe=_observe,
        evaluate=partial(_evaluate, start="window_handle_pos_init", sigmoid="gaussian"),
    ),
)
