"""A walker on its ground from the side, with its lidar rays and its genes."""

from __future__ import annotations

import mujoco
import numpy as np

from ..physics.outlines import hull, outline
from ..pictures.drawing import FAINT, GREEN, INK, MUTED, RED, SKY, Canvas, Point, mix
from ..pictures.heading import Lines, under_heading
from .profile import _ANGLES, NODES, RANGE, SPACING, lidar

WIDTH, HEIGHT = 600, 300  # pixels
_SCALE = 28.0  # pixels per metre
_AHEAD = 0.3  # where the hull is, as a share of the width
_UP = 0.42  # and of the height
_COLORS = ((127, 51, 229), (179, 102, 153), (128, 64, 115))  # hull, near leg, far leg
_HIT = 0.999  # rays that go farther meet nothing


def draw(
    model: mujoco.MjModel, data: mujoco.MjData, ground: np.ndarray, lines: Lines
) -> np.ndarray:
    """Draw a row.

    Args:
        model: The row's body.
        data: Its state.
        ground: Heights of the ground at its nodes, [K].
        lines: What is said of the ground.

    Returns:
        uint8 [height, width, 3].
    """
    canvas = Canvas(WIDTH, HEIGHT)
    x, z = (float(one) for one in data.qpos[:2])
    left = x - _AHEAD * WIDTH / _SCALE

    def at(place: tuple[float, float]) -> Point:
        return (place[0] - left) * _SCALE, HEIGHT * _UP - (place[1] - z) * _SCALE

    _ground(canvas, ground, left, at)
    for angle, share in zip(
        _ANGLES, lidar(ground[None], np.array([x]), np.array([z]))[0], strict=True
    ):
        far = share * RANGE
        end = at((x + far * np.sin(angle), z - far * np.cos(angle)))
        canvas.line(at((x, z)), end, SKY, 1)
        if share < _HIT:
            canvas.circle(end, 2.5, RED)
    _body(canvas, model, data, at)
    canvas.text(f"{x:.1f} m", (WIDTH - 8, 8), size=13, color=MUTED, anchor="topright")
    return under_heading(canvas.array(), lines)


def _ground(canvas: Canvas, ground: np.ndarray, left: float, at: object) -> None:
    first = max(int(left / SPACING), 0)
    last = min(int((left + WIDTH / _SCALE) / SPACING) + 2, NODES)
    place = at  # a function of a point in metres
    line = [place((node * SPACING, float(ground[node]))) for node in range(first, last)]  # type: ignore[operator]
    if len(line) < 2:
        return
    canvas.polygon([(line[0][0], HEIGHT), *line, (line[-1][0], HEIGHT)], mix(GREEN, FAINT, 0.55))
    for start, end in zip(line, line[1:], strict=False):
        canvas.line(start, end, mix(GREEN, INK, 0.4), 2)


def _body(canvas: Canvas, model: mujoco.MjModel, data: mujoco.MjData, at: object) -> None:
    for geom in [*range(4, 6), 1, *range(2, 4)]:  # far leg, hull, near leg
        color = _COLORS[0 if geom == 1 else 1 if geom < 4 else 2]
        shape = outline(model, data, geom)
        points = [at((float(one[0]), float(one[2]))) for one in shape.places]  # type: ignore[operator]
        if shape.radius:
            for point in points:
                canvas.circle(point, shape.radius * _SCALE, color)
            canvas.line(points[0], points[-1], color, 2 * shape.radius * _SCALE)
        else:
            canvas.polygon(hull(points), color)
