"""More of Meta-World's buttons, batched: pressed from the front, over a wall, at a coffee machine.

button-press-v3, button-press-wall-v3, button-press-topdown-wall-v3 and coffee-button-v3; R rows.
Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_button_press_v3.py`, `envs/sawyer_button_press_wall_v3.py`,
`envs/sawyer_button_press_topdown_wall_v3.py`, `envs/sawyer_coffee_button_v3.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..rewards import distance, hamacher_product, tolerance
from .base import Begun, Environment, Read, outcome

_FRONT = np.array([0.0, -0.193, 0.0])  # m, from a button's body to where it is pressed
_TOP = np.array([0.0, 0.0, 0.193])
_NEAR = 0.05  # m, of the fingers to the button
_DONE = 0.005  # m, of the button to its hole


def _observe(read: Read, begun: Begun, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return read["button"] + offset, read["button_quat"]


def _observe_coffee(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    upright = np.zeros((len(read["button"]), 4))
    upright[:, 0] = 1
    return read["button"], upright


def _evaluate(
    read: Read,
    observations: np.ndarray,
    actions: np.ndarray,
    begun: Begun,
    *,
    axis: int = 1,
    success: float = 0.02,
    radius: float = 0.05,
    on: float = 0.05,
    share: float = 8.0,
    wall: bool = False,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reward being at the button and, once there, how far it is pressed.

    Args:
        read: Values read of the rows.
        observations: Observations [R, 39].
        actions: Unused.
        begun: What was begun with; the way of the button is upstream's `_obj_to_target_init`, or
            `max_dist` at the coffee machine.
        axis: Along which the button goes.
        success: How near to its end it must be, in m.
        radius: How near the fingers get all of the reward for being there, in m.
        on: How near they must be for pressing to count, in m.
        share: Share of pressing in the total reward of 10.
        wall: Whether to use the reward of button-press-wall-v3, which wants an open gripper.
    """
    button, opened = observations[:, 4:7], observations[:, 3]
    near = distance(button, read["tcp"])
    left = np.abs(begun["target_pos"][:, axis] - button[:, axis])
    # The margin follows the button as it moves.
    near_button = tolerance(near, (0, radius), distance(button, begun["init_tcp"]), "long_tail")
    way = begun["obj_to_target_init"] if "obj_to_target_init" in begun else begun["max_dist"]
    pressed = tolerance(left, (0, _DONE), way, "long_tail")
    if wall:
        away = 2 * hamacher_product((1 - opened) / 2.0, near_button)
        there = 2 + 2 * (1 + opened) + 4 * (pressed * pressed)
        rewards = np.where(near > on, away, there)
    else:
        away = (10 - share) * hamacher_product(opened, near_button)
        rewards = np.where(near <= on, away + share * pressed, away)
    return outcome(
        rewards,
        success=left <= success,
        near=near <= _NEAR,
        grasped=near_button,
        in_place=pressed,
        away=left,
    )


_READS = {"button": ("body.xpos", "button"), "button_quat": ("body.xquat", "button")}

ENVIRONMENTS = (
    Environment(
        name="button-press-v3",
        reads=_READS,
        begun=("_obj_to_target_init",),
        observe=partial(_observe, offset=_FRONT),
        evaluate=_evaluate,
    ),
    Environment(
        name="button-press-wall-v3",
        reads=_READS,
        begun=("_obj_to_target_init",),
        observe=partial(_observe, offset=_FRONT),
        evaluate=partial(_evaluate, success=0.03, radius=0.01, on=0.07, wall=True),
    ),
    Environment(
        name="button-press-topdown-wall-v3",
        reads=_READS,
        begun=("_obj_to_target_init",),
        observe=partial(_observe, offset=_TOP),
        evaluate=partial(_evaluate, axis=2, success=0.024, radius=0.01, on=0.03, share=5.0),
    ),
    Environment(
        name="coffee-button-v3",
        reads={"button": ("site.xpos", "buttonStart")},
        begun=("max_dist",),
        observe=_observe_coffee,
        evaluate=_evaluate,
    ),
)
