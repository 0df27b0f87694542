"""Viewpoints of bodies, and marks for their goals. Positions and lengths are in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from ..pictures.drawing import Color
from .outlines import color_of, far_to_near, moves_about, outline, plane_of

BALL = 0.016  # radius of a place to reach in space, as a share of the picture's width
WIDTH, HEIGHT = 480, 360  # size of the picture without its heading, pixels

_FLOOR = 0.84  # height of the floor in a side view, as a share from the top
_SIDE = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
_ABOVE = np.eye(3)
_TURN, _TILT = math.radians(-60), math.radians(30)  # angles of the corner view
CORNER = np.array(
    [
        [-math.sin(_TURN), math.cos(_TURN), 0],
        [-math.sin(_TILT) * math.cos(_TURN), -math.sin(_TILT) * math.sin(_TURN), math.cos(_TILT)],
        [math.cos(_TILT) * math.cos(_TURN), math.cos(_TILT) * math.sin(_TURN), math.sin(_TILT)],
    ]
)


@dataclass(frozen=True)
class View:
    """The viewpoint a body is drawn from.

    Args:
        kind: `"side"`, `"above"`, `"corner"` or `"table"`.
        axes: Unit vectors pointing right, up and at the viewer, [3, 3].
        center: Middle of the picture, in coordinates that do not follow the body, [3].
        span: Width of the picture, metres.
        follows: Whether the picture follows the body.
        floor: Height of the floor; None if there is none.
        below: Bodies that others stand on, to be drawn first in a picture without OpenGL.
        colors: Colour of a geom in a picture without OpenGL; None leaves the geom out.
    """

    kind: str
    axes: np.ndarray
    center: np.ndarray
    span: float
    follows: bool
    floor: float | None
    below: tuple[str, ...] = ()
    colors: Callable[[mujoco.MjModel, int], Color | None] = color_of

    @property
    def scale(self) -> float:
        """Pixels per metre."""
        return WIDTH / self.span

    def middle(self, data: mujoco.MjData) -> np.ndarray:
        """Return the current middle of the picture, [3]."""
        place = self.center.copy()
        if self.follows:
            free = slice(0, 1) if self.kind == "side" else slice(0, 2)
            place[free] = root_place(data)[free]
        return place


@dataclass(frozen=True)
class Marks:
    """A body's goal, drawn as an arrow or a target.

    Args:
        direction: Desired direction: +x (1) or -x (-1).
        velocity: Desired velocity along +x, m/s.
        heading: Desired heading, radians from +x.
        target: Position to reach in metres: x and y, on the floor, or x, y and z.
    """

    direction: float | None = None
    velocity: float | None = None
    heading: float | None = None
    target: tuple[float, ...] | None = None

    def arrow(self) -> tuple[float, float, str] | None:
        """Return the desired direction (unit vector x, y) and its name, if there is one."""
        if self.velocity is not None:
            sign = -1.0 if self.velocity < 0 else 1.0
            return sign, 0.0, f"wanted {self.velocity:.2f} m/s"
        if self.direction is not None:
            return math.copysign(1.0, self.direction), 0.0, "wanted"
        if self.heading is not None:
            return math.cos(self.heading), math.sin(self.heading), "wanted"
        return None

    def speed(self, velocity: np.ndarray, planar: bool) -> float:
        """Return the speed along the desired direction, m/s; without one, the horizontal speed.

        Args:
            velocity: Velocity along x, y and z, m/s.
            planar: Whether motion is along x only; then +x counts, as the axis shows the sign.
        """
        if planar or self.velocity is not None:
            return float(velocity[0])
        arrow = self.arrow()
        if arrow is None:
            return float(np.hypot(velocity[0], velocity[1]))
        return float(velocity[0] * arrow[0] + velocity[1] * arrow[1])


def view_of(model: mujoco.MjModel) -> View:
    """Return the view that suits a body, wide enough to show all of it."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    kind = plane_of(model)
    axes = {"side": _SIDE, "above": _ABOVE, "corner": CORNER}[kind]
    lower, upper = _bounds(model, data)
    wide, high, _ = np.abs(axes) @ (upper - lower)
    follows = moves_about(model)
    room = 1.9 if follows else 1.15
    above = 1.5 if kind == "side" else room  # a side view has the floor at the bottom
    span = max(room * wide, above * high * WIDTH / HEIGHT, 1e-3)
    is_plane = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
    planes = np.flatnonzero(is_plane & (model.geom_bodyid == 0))
    floor = float(data.geom_xpos[planes[0], 2]) if planes.size else None
    center = (lower + upper) / 2
    if kind == "side":
        center[2] = (lower[2] if floor is None else floor) + (_FLOOR - 0.5) * HEIGHT * span / WIDTH
    return View(kind, axes, center, float(span), follows, floor)


def _bounds(model: mujoco.MjModel, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest coordinates of everything drawn, [3] and [3]."""
    parts = [outline(model, data, geom) for geom in far_to_near(model, data, _ABOVE[2])]
    lower = np.min([part.places.min(axis=0) - part.radius for part in parts], axis=0)
    upper = np.max([part.places.max(axis=0) + part.radius for part in parts], axis=0)
    return lower, upper


def root_place(data: mujoco.MjData) -> np.ndarray:
    """Return where the first body is, [3]."""
    return np.array(data.xpos[1])


def root_velocity(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """Return how fast the first body moves along x, y and z, m/s, [3]."""
    speed = np.zeros(6)
    mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, 1, speed, 0)
    return speed[3:]
