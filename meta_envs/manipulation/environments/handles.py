"""Meta-World's handles, batched: pressed down or pulled up, from the front or from the side.

handle-press-v3, handle-press-side-v3, handle-pull-v3 and handle-pull-side-v3; R rows. Reward
version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_handle_press_v3.py`, `envs/sawyer_handle_press_side_v3.py`,
`envs/sawyer_handle_pull_v3.py`, `envs/sawyer_handle_pull_side_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, grasp, hamacher_product, tolerance
from .base import Begun, Cage, Environment, Read, Way, outcome

_NEAR = 0.05  # m, of the fingers to the handle
_PRESSED = 0.02  # m, of the handle to its lowest
_HANDLE_RADIUS = 0.02  # m
_PULLED = 0.05  # m, of the handle to its highest
_HELD = 0.035  # m, of the fingers to the handle


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["handle"], np.zeros((len(read["handle"]), 4))


def _evaluate_press(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    handle, lowest, first = read["handle"], begun["target_pos"][:, 2], begun["handle_init_pos"]
    above = np.abs(handle[:, 2] - lowest)
    margin = np.abs(np.abs(first[:, 2] - lowest) - _PRESSED)
    in_place = tolerance(above, (0, _PRESSED), margin, "long_tail")
    near = distance(handle, read["tcp"])
    margin = np.abs(distance(first, begun["init_tcp"]) - _HANDLE_RADIUS)
    reach = tolerance(near, (0, _HANDLE_RADIUS), margin, "long_tail")
    rewards = 10 * np.where(above <= _PRESSED, 1.0, hamacher_product(reach, in_place))
    return outcome(
        rewards,
        success=above <= _PRESSED,
        near=near <= _NEAR,
        grasped=reach,
        in_place=in_place,
        away=above,
    )


def _evaluate_pull(
    read: Read,
    observations: np.ndarray,
    actions: np.ndarray,
    begun: Begun,
    *,
    axis: int,
    success: float,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward a handle that is held and pulled to its highest.

    Args:
        read: Values read of the rows.
        observations: Observations [R, 39].
        actions: Actions [R, 4].
        begun: Values from the reset.
        axis: Along which the handle must have moved to count as held.
        success: How near to its highest it must be, in m.
    """
    handle, opened, first = observations[:, 4:7], observations[:, 3], begun["obj_init_pos"][:, 2]
    near, way, in_place = read["near"], read["away"], read["in_place"]
    held, rounded = grasp(read["around"], actions)
    rewards = hamacher_product(held, in_place, rounded)
    pulled = (near < _HELD) & (opened > 0) & (handle[:, axis] - 0.01 > first)
    rewards = np.where(pulled, rounded(rewards + rounded(1.0 + 5.0 * in_place)), rewards)
    rewards = np.where(way < _PULLED, 10.0, rewards)
    return outcome(
        rewards,
        success=way <= success,
        near=near <= _NEAR,
        grasped=held,
        in_place=in_place,
        away=way,
    )


def _height_to_pull(begun: Begun) -> np.ndarray:
    return np.abs(begun["target_pos"][:, 2] - begun["obj_init_pos"][:, 2])


def _way_to_pull(begun: Begun) -> np.ndarray:
    return distance(begun["obj_init_pos"], begun["target_pos"])


_press = partial(
    Environment,
    reads={"handle": ("site.xpos", "handleStart")},
    begun=("_handle_init_pos",),
    observe=_observe,
    evaluate=_evaluate_press,
)

ENVIRONMENTS = (
    _press("handle-press-v3"),
    _press("handle-press-side-v3"),
    Environment(
        name="handle-pull-v3",
        reads={"handle": ("site.xpos", "handleRight")},
        observe=_observe,
        # Upstream compares the handle's y with where its z began: it almost always counts as held.
        evaluate=partial(_evaluate_pull, axis=1, success=_PULLED),
        way=Way(_PULLED, _height_to_pull, scale=(0.0, 0.0, 1.0)),
        cage=Cage(radius=0.022, pads=0.05, across=0.01),
    ),
    Environment(
        name="handle-pull-side-v3",
        reads={"handle": ("site.xpos", "handleCenter")},
        observe=_observe,
        evaluate=partial(_evaluate_pull, axis=2, success=0.08),
        way=Way(_PULLED, _way_to_pull),
        cage=Cage(radius=0.032, pads=0.06, across=0.01),
    ),
)
