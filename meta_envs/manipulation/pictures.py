"""Pictures of the arm and its table, seen from the side and a little from behind the robot."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from ..physics.renderer import RowRenderer
from ..physics.view import View
from ..pictures.drawing import BLUE, FAINT, GREEN, MUTED, PAPER, RULE, SKY, YELLOW, Color, mix

_TURN, _TILT = math.radians(-25), math.radians(30)  # of the viewer: from +x, and upwards
_AXES = np.array(
    [
        [-math.sin(_TURN), math.cos(_TURN), 0],
        [-math.sin(_TILT) * math.cos(_TURN), -math.sin(_TILT) * math.sin(_TURN), math.cos(_TILT)],
        [math.cos(_TILT) * math.cos(_TURN), math.cos(_TILT) * math.sin(_TURN), math.sin(_TILT)],
    ]
)
_MIDDLE = np.array([-0.05, 0.52, 0.24])  # metres; between the arm's top and the table's near edge
_ACROSS = 1.85  # metres
_HIDDEN = 3  # groups of geoms from here on are for collisions only
_TABLE = ("tablelink", "RetainingWall")
_FINGERS = ("claw", "pad")  # endings of bodies


def renderer() -> RowRenderer:
    """Return a renderer for the rows of one environment."""
    return RowRenderer(view=view())


def view() -> View:
    """Return the viewpoint, which shows the whole arm and the fronts of what it handles."""
    return View(
        "table", _AXES, _MIDDLE, _ACROSS, follows=False, floor=None, below=_TABLE, colors=_color
    )


def _color(model: mujoco.MjModel, geom: int) -> Color | None:
    """Return a colour for the arm, its fingers, the table, what moves, and what stands on it."""
    body = int(model.geom_bodyid[geom])
    name = model.body(body).name
    if model.geom_group[geom] >= _HIDDEN:
        return None
    if name in _TABLE:
        return mix(RULE, PAPER, 0.3) if name == _TABLE[0] else mix(RULE, MUTED, 0.2)
    if model.body_rootid[body] == model.body_rootid[model.body("right_hand").id]:
        return mix(BLUE if name.endswith(_FINGERS) else SKY, PAPER, 0.15)
    moves = model.body_weldid[body] != 0
    return mix(YELLOW, MUTED, 0.2) if moves else mix(GREEN, FAINT, 0.45)
