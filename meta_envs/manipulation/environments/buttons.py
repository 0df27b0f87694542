"""Meta-World's button-press-topdown-v3, batched: a button is pressed from above.

R rows. Reward version `v2` of metaworld 3.1.1.

Source: metaworld 3.1.1, `envs/sawyer_button_press_topdown_v3.py`.
"""

from __future__ import annotations

import numpy as np

from ..rewards import distance, hamacher_product, nearness, positive
from .base import Begun, Environment, Read, Way, outcome

_TOP = np.array([0.0, 0.0, 0.193])  # m, from the button's body to its top
_PRESSED = 0.024  # m, of the top above the hole
_NEAR = 0.05  # m, of the fingers to the top
_WAY = 0.005  # m, of the top above the hole: fully pressed
_ON = 0.03  # m, of the same


def _observe(read: Read, begun: Begun) -> tuple[np.ndarray, np.ndarray]:
    return read["button"] + _TOP, read["button_quat"]


def _evaluate(
    read: Read, observations: np.ndarray, actions: np.ndarray, begun: Begun
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    top, opened = observations[:, 4:7], observations[:, 3]
    near, above, pressed = read["near"], read["away"], read["in_place"]
    # The margin follows the button as it moves.
    near_button = nearness(near, 0.01, positive(distance(top, begun["init_tcp"])))
    rewards = 5 * hamacher_product(1 - opened, near_button)
    rewards = np.where(near <= _ON, rewards + 5 * pressed, rewards)
    return outcome(
        rewards,
        success=above <= _PRESSED,
        near=near <= _NEAR,
        grasped=near_button,
        in_place=pressed,
        away=above,
    )


ENVIRONMENTS = (
    Environment(
        name="button-press-topdown-v3",
        reads={"button": ("body.xpos", "button"), "button_quat": ("body.xquat", "button")},
        begun=("_obj_to_target_init",),
        way=Way(_WAY, lambda begun: begun["obj_to_target_init"], scale=(0.0, 0.0, 1.0)),
        observe=_observe,
        evaluate=_evaluate,
    ),
)
