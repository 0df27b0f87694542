"""Meta-World's window-open-v3 and window-close-v3, batched: a window is slid by its handle.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_window_open_v3.py`, `envs/sawyer_window_close_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, hamacher_product, nearness, positive
from .base import Begun, Environment, Read, Way, outcome

_TARGET_RADIUS = 0.05  # m, along the window
_HANDLE_RADIUS = 0.02  # m
_NEAR = 0.05  # m from the fingers to the handle


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    handle = read["handle"]
    return handle, np.zeros((len(handle), 4))


def _constants(begun: Begun) -> dict[str, np.ndarray]:
    # Where the handle was before the window had its place: upstream looks before MuJoCo moves it.
    first = distance(begun["window_handle_pos_init"], begun["init_tcp"])
    return {"reach_margin": positive(np.abs(first - _HANDLE_RADIUS))}


def _slid_from(start: str) -> Way:
    """Return a window's way along x, from what `start` has begun."""

    def margin(begun: Begun) -> np.ndarray:
        first = np.abs(begun[start][:, 0] - begun["target_pos"][:, 0])
        return np.abs(first - _TARGET_RADIUS)

    return Way(_TARGET_RADIUS, margin, scale=(1.0, 0.0, 0.0))


def _evaluate(
    read: Read,
    observations: np.ndarray,
    actions: np.ndarray,
    begun: Begun,
    *,
    sigmoid: str,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward reaching the handle, by a `sigmoid`, and sliding it."""
    to_target, to_handle, in_place = read["away"], read["near"], read["in_place"]
    reach = nearness(to_handle, _HANDLE_RADIUS, begun["reach_margin"], sigmoid)
    rewards = 10 * hamacher_product(reach, in_place)
    return outcome(
        rewards,
        success=to_target <= _TARGET_RADIUS,
        near=to_handle <= _NEAR,
        grasped=reach,
        in_place=in_place,
        away=to_target,
    )


ENVIRONMENTS = (
    Environment(
        name="window-open-v3",
        reads={"handle": ("site.xpos", "handleOpenStart")},
        begun=("window_handle_pos_init",),
        observe=_observe,
        evaluate=partial(_evaluate, sigmoid="long_tail"),
        way=_slid_from("obj_init_pos"),
        constants=_constants,
    ),
    Environment(
        name="window-close-v3",
        reads={"handle": ("site.xpos", "handleCloseStart")},
        begun=("window_handle_pos_init",),
        observe=_observe,
        evaluate=partial(_evaluate, sigmoid="gaussian"),
        way=_slid_from("window_handle_pos_init"),
        constants=_constants,
    ),
)
