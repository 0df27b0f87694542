"""Pictures of the arm and its table, seen from the corner opposite the robot."""

from __future__ import annotations

import math

import numpy as np

from ..physics.renderer import RowRenderer
from ..physics.view import View

_TURN, _TILT = math.radians(50), math.radians(30)  # of the viewer: from +x, and upwards
_AXES = np.array(
    [
        [-math.sin(_TURN), math.cos(_TURN), 0],
        [-math.sin(_TILT) * math.cos(_TURN), -math.sin(_TILT) * math.sin(_TURN), math.cos(_TILT)],
        [math.cos(_TILT) * math.cos(_TURN), math.cos(_TILT) * math.sin(_TURN), math.sin(_TILT)],
    ]
)
_MIDDLE = np.array([0.0, 0.62, 0.13])  # metres; above the table
_ACROSS = 1.25  # metres


def renderer() -> RowRenderer:
    """Return a renderer for the rows of one environment."""
    return RowRenderer(view=View("table", _AXES, _MIDDLE, _ACROSS, follows=False, floor=0.0))
