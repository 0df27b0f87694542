"""Pictures of MuJoCo rows: MuJoCo's own renderer where OpenGL works, else outlines."""

from __future__ import annotations

import copy
import logging
import math
import os
import warnings
from typing import Any

import mujoco
import numpy as np

from ..pictures.drawing import GREEN, RED, Color
from ..pictures.heading import Lines, under_heading
from . import opengl
from .planar_picture import HEIGHT, WIDTH, Marks, View, draw_body, view_of
from .view import BALL

_LOG = logging.getLogger(__name__)
_ELEVATION = {
    "side": -12.0,
    "above": -70.0,
    "corner": -22.0,
    "table": -30.0,
}  # angles of the camera, degrees
_AZIMUTH = {"side": 90.0, "above": 90.0, "corner": 120.0, "table": 155.0}
_FIELD = 45.0  # vertical field of view, degrees, of MuJoCo's free camera
_SHADOWS = 1024  # texels per side of the shadow map; few, since drawing without a GPU is slow
_MOST_GEOMS = 200
_PARENTS: list[Any] = []  # renderers that a forked child inherited


class OpenGL:
    """Whether OpenGL works in this process: tried once, then remembered."""

    failure: str | None = None  # why it does not work

    @classmethod
    def renderer(cls, model: mujoco.MjModel) -> Any:
        """Return a `mujoco.Renderer`; None if none is available.

        Args:
            model: The body; it is copied.
        """
        if cls.failure is None:
            cls.failure = opengl.failure()
        if cls.failure is not None:
            return None
        drawn = copy.copy(model)
        drawn.vis.global_.offwidth = max(int(drawn.vis.global_.offwidth), WIDTH)
        drawn.vis.global_.offheight = max(int(drawn.vis.global_.offheight), HEIGHT)
        drawn.vis.quality.shadowsize = min(int(drawn.vis.quality.shadowsize), _SHADOWS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # GLFW's, which repeat the failure
                return opengl.make_renderer(mujoco, drawn, HEIGHT, WIDTH, _MOST_GEOMS)
        except Exception as error:  # backends fail in many ways: missing libraries, displays, ...
            cls.failure = f"{type(error).__name__}: {error}"
            _LOG.info("no OpenGL, so bodies are drawn as outlines: %s", cls.failure)
            return None


class RowRenderer:
    """Draws rows of one body, each with the parameters of its task.

    The camera is the same for all rows, so that bodies of different sizes look different. The
    variable `MUJOCO_GL` selects OpenGL (`glfw`, `egl` or `osmesa`; `disable` for none); without
    it a display's is used, and without a display EGL where it works.

    A copy and a forked child each make their own renderer.

    Args:
        opengl: Whether to try MuJoCo's renderer at all.
        view: Viewpoint of the camera; None fits one to the first body drawn.
    """

    def __init__(self, opengl: bool = True, view: View | None = None):
        self._opengl = opengl
        self._renderer: Any = None
        self._given = view
        self._view: View | None = None
        self._process = 0  # id of the process that tried to make a renderer

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy keeps: the viewpoint, but no renderer."""
        return {**vars(self), "_renderer": None, "_process": 0}

    def draw(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        lines: Lines | None = None,
        *,
        direction: float | None = None,
        velocity: float | None = None,
        heading: float | None = None,
        target: tuple[float, ...] | None = None,
    ) -> np.ndarray:
        """Draw a row.

        Args:
            model: Its body, with the same number and types of geoms as the first one drawn.
            data: Its state, with the poses of that state (after a step or `mj_forward`).
            lines: Names and values of the task, to write above the picture.
            direction: Desired direction to mark: +x (1) or -x (-1).
            velocity: Desired velocity along +x to mark, m/s.
            heading: Desired heading to mark, radians from +x.
            target: Target to mark in metres: x and y, on the floor, or x, y and z.

        Returns:
            uint8 [height, width, 3]; sizes are even, as films need them.
        """
        if self._view is None:
            self._view = self._given or view_of(model)
        if self._opengl and self._process != os.getpid():
            if self._renderer is not None:  # inherited by fork: freeing it would free the parent's
                _PARENTS.append(self._renderer)
            self._process = os.getpid()
            self._renderer = OpenGL.renderer(model)
        marks = Marks(direction, velocity, heading, target)
        if self._renderer is None:
            return draw_body(model, data, lines, marks, self._view)
        scene = self._renderer.scene
        camera = _camera(self._view, data)
        option, any_kind = mujoco.MjvOption(), int(mujoco.mjtCatBit.mjCAT_ALL)
        # Not `Renderer.update_scene`: it has one model, but each row has its own.
        mujoco.mjv_updateScene(model, data, option, None, camera, any_kind, scene)
        scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        _mark(scene, marks, self._view, data)
        return under_heading(self._renderer.render(), lines)

    def close(self) -> None:
        """Release the OpenGL context; drawing again makes a new one."""
        if self._renderer is not None and self._process == os.getpid():
            self._renderer.close()
        elif self._renderer is not None:
            _PARENTS.append(self._renderer)
        self._renderer = self._view = None
        self._process = 0


def _camera(view: View, data: mujoco.MjData) -> mujoco.MjvCamera:
    """Return a camera that shows as much as a picture without OpenGL does."""
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FREE
    camera.lookat[:] = view.middle(data)
    camera.azimuth, camera.elevation = _AZIMUTH[view.kind], _ELEVATION[view.kind]
    if not view.follows and view.kind == "above":
        camera.elevation = -90.0
    high = view.span * HEIGHT / WIDTH
    camera.distance = high / 2 / math.tan(math.radians(_FIELD / 2))
    return camera


def _mark(scene: Any, marks: Marks, view: View, data: mujoco.MjData) -> None:
    """Add the target and the desired direction to a scene."""
    floor = view.floor or 0.0
    thin = 0.006 * view.span
    if marks.target is not None and len(marks.target) == 3:
        place = np.array(marks.target)
        _ball(scene, BALL * view.span, place, RED)
    elif marks.target is not None:
        y = marks.target[1] if len(marks.target) > 1 else 0.0
        foot = np.array([marks.target[0], y, floor])
        if view.kind == "above":
            _connect(
                scene, mujoco.mjtGeom.mjGEOM_CYLINDER, 3 * thin, foot, foot + (0, 0, thin), RED
            )
        else:
            top = foot + (0, 0, 0.25 * view.span)
            _connect(scene, mujoco.mjtGeom.mjGEOM_CYLINDER, 2 * thin, foot, top, RED)
    arrow = marks.arrow()
    if arrow is not None:
        way = np.array([arrow[0], arrow[1], 0.0])
        start = view.middle(data)
        if view.kind == "side":
            start[2] += 0.3 * view.span  # above the body
        else:
            start[2] = floor + 2 * thin
            start += 0.08 * view.span * way
        end = start + (0.15 if view.kind == "side" else 0.28) * view.span * way
        _connect(scene, mujoco.mjtGeom.mjGEOM_ARROW, 2 * thin, start, end, GREEN)


def _ball(scene: Any, radius: float, place: np.ndarray, color: Color) -> None:
    """Add a ball."""
    if scene.ngeom >= scene.maxgeom:
        return
    geom, kind = scene.geoms[scene.ngeom], int(mujoco.mjtGeom.mjGEOM_SPHERE)
    mujoco.mjv_initGeom(geom, kind, np.full(3, radius), place, np.eye(3).ravel(), _rgba(color))
    scene.ngeom += 1


def _rgba(color: Color) -> np.ndarray:
    return np.array([*color[:3], 255], dtype=np.float32) / 255


def _connect(
    scene: Any, kind: Any, width: float, start: np.ndarray, end: np.ndarray, color: Color
) -> None:
    """Add a geom that reaches from one place to another."""
    if scene.ngeom >= scene.maxgeom:
        return
    geom = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(geom, int(kind), np.zeros(3), np.zeros(3), np.zeros(9), _rgba(color))
    mujoco.mjv_connector(geom, int(kind), width, start, end)
    scene.ngeom += 1
