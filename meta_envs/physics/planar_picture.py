"""Pictures of MuJoCo bodies without OpenGL: outlines of geoms, as seen from far away.

Bodies that move in a vertical plane are seen from the side, those in a horizontal one from above,
all others from a corner above. Places and lengths are in metres, the picture's in pixels.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from ..core.tasks import Task
from ..pictures.drawing import FAINT, GREEN, INK, MUTED, PAPER, RED, RULE, Canvas, Color, Point, mix
from ..pictures.heading import Lines, under_heading
from .outlines import far_to_near, hull, outline
from .view import BALL, HEIGHT, WIDTH, Marks, View, root_velocity, view_of

_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # metres between ticks
_EDGE = 1.5  # line width of a geom's outline, pixels


def draw_body(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    lines: Lines | None = None,
    marks: Marks | None = None,
    view: View | None = None,
) -> np.ndarray:
    """Draw a body without OpenGL.

    Args:
        model: The body; sizes of its geoms are drawn to scale.
        data: Its state, with the poses of that state (after a step or `mj_forward`).
        lines: Names and values to write above the picture.
        marks: The body's goal, to mark.
        view: Viewpoint; None fits a new one to the body. Reuse one to compare bodies in size.

    Returns:
        uint8 [height, width, 3].
    """
    view = view_of(model) if view is None else view
    marks = Marks() if marks is None else marks
    canvas = Canvas(WIDTH, HEIGHT)
    pen = _Pen(canvas, view, view.middle(data))
    if view.floor is not None or view.kind != "table":
        pen.floor()
    if marks.target is not None and len(marks.target) < 3:
        pen.target(marks.target)
    order = far_to_near(model, data, view.axes[2])
    for geom in sorted(order, key=lambda one: _body_of(model, one) not in view.below):
        pen.geom(model, data, geom)
    if marks.target is not None and len(marks.target) == 3:
        pen.place(marks.target)
    arrow = marks.arrow()
    if arrow is not None:
        pen.arrow(arrow)
    if view.follows:
        speed = marks.speed(root_velocity(model, data), planar=view.kind == "side")
        place = (WIDTH - 10, HEIGHT - 8)
        canvas.text(f"now {speed:.2f} m/s", place, size=13, anchor="bottomright")
    return under_heading(canvas.array(), lines)


def task_lines(task: Task) -> Lines:
    """Return the lines a picture shows about a task: a name and its numbers on each."""
    lines = []
    for key, value in task.items():
        numbers = np.ravel(value)
        style = "d" if numbers.dtype.kind in "iu" else ".2f"
        shown = " ".join(format(number, style) for number in numbers[:6])
        lines.append((key, f"{shown} ..." if numbers.size > 6 else shown))
    return lines


def _body_of(model: mujoco.MjModel, geom: int) -> str:
    return str(model.body(int(model.geom_bodyid[geom])).name)


class _Pen:
    """Draws in metres on a canvas."""

    def __init__(self, canvas: Canvas, view: View, middle: np.ndarray):
        self.canvas, self.view, self.middle = canvas, view, middle

    def at(self, place: Any) -> Point:
        """Return the pixel of a point in space, [3]."""
        right, up = self.view.axes[:2] @ (np.asarray(place, dtype=float) - self.middle)
        return WIDTH / 2 + right * self.view.scale, HEIGHT / 2 - up * self.view.scale

    def floor(self) -> None:
        """Draw the floor with ticks or lines at regular distances in metres."""
        step = next((one for one in _STEPS if one >= self.view.span / 7), _STEPS[-1])
        height = self.view.floor or 0.0
        reach = self.view.span * (1.6 if self.view.kind == "corner" else 0.75)
        marks = [
            step
            * np.arange(np.floor((center - reach) / step), np.ceil((center + reach) / step) + 1)
            for center in self.middle[:2]
        ]
        if self.view.kind == "side":
            ground = self.at((0, 0, height))[1]
            self.canvas.rect(0, ground, WIDTH, HEIGHT - ground, FAINT)
            self.canvas.line((0, ground), (WIDTH, ground), MUTED, 1.5)
            for mark in marks[0]:
                across = self.at((mark, 0, height))[0]
                self.canvas.line((across, ground), (across, ground + 8), MUTED, 1.5)
                words = f"{mark:g} m" if step >= 1 else f"{mark:.1f} m"
                self.canvas.text(
                    words, (across, ground + 11), size=12, color=MUTED, anchor="midtop"
                )
            return
        ends = [(mark[0], mark[-1]) for mark in marks]
        for axis in (0, 1):
            for mark in marks[axis]:
                first, last = np.full(3, height), np.full(3, height)
                first[axis] = last[axis] = mark
                first[1 - axis], last[1 - axis] = ends[1 - axis]
                start, end = self.at(first), self.at(last)
                is_origin = abs(mark) < step / 2
                color = mix(RULE, MUTED, 0.6) if is_origin else mix(FAINT, RULE, 0.5)
                self.canvas.line(start, end, color, 1.5 if is_origin else 1)
        words = f"squares of {step:g} m"
        self.canvas.text(words, (10, HEIGHT - 8), size=12, color=MUTED, anchor="bottomleft")

    def geom(self, model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> None:
        """Draw one geom with its outline."""
        color = self.view.colors(model, geom)
        if color is None:
            return
        shape = outline(model, data, geom)
        points = [self.at(place) for place in shape.places]
        radius = shape.radius * self.view.scale
        for grow, ink in ((_EDGE, mix(color, INK, 0.65)), (0.0, color)):
            if shape.radius:
                for point in points:
                    self.canvas.circle(point, radius + grow, ink)
                if len(points) == 2:
                    self.canvas.line(points[0], points[1], ink, 2 * (radius + grow))
            elif grow:
                corners = hull(points)
                self.canvas.polygon(corners, ink)
                for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
                    self.canvas.line(start, end, ink, 2 * _EDGE)
            else:
                self.canvas.polygon(hull(points), ink)

    def place(self, place: tuple[float, ...]) -> None:
        """Draw a place in space, [3], over what hides it."""
        size = max(BALL * self.view.span * self.view.scale, 6.0)
        self.canvas.circle(self.at(place), size, RED)
        self.canvas.circle(self.at(place), size, PAPER, line_width=1.5)

    def target(self, target: tuple[float, ...]) -> None:
        """Draw the target; if outside the picture, at its edge with the distance."""
        place = np.array([target[0], target[1] if len(target) > 1 else 0.0, 0.0])
        place[2] = self.view.floor or 0.0
        across, down = self.at(place)
        if 0 <= across <= WIDTH and 0 <= down <= HEIGHT:
            if self.view.kind == "side":
                self.canvas.line((across, down), (across, down - 60), RED, 3)
                flag = [(across, down - 60), (across + 24, down - 50), (across, down - 40)]
                self.canvas.polygon(flag, RED)
                return
            size = max(0.02 * self.view.span * self.view.scale, 6.0)
            self.canvas.circle((across, down), size, (*RED, 90))
            self.canvas.circle((across, down), size, RED, line_width=2)
            return
        way = np.array([across - WIDTH / 2, down - HEIGHT / 2])
        room = np.array([WIDTH / 2 - 24, HEIGHT / 2 - 24])
        end = way * np.min(room / np.maximum(np.abs(way), 1e-9))
        self._arrow(end * 0.88, end, RED)
        axes = slice(0, 1) if self.view.kind == "side" else slice(0, 2)
        far = float(np.linalg.norm((place - self.middle)[axes]))
        left, top = end * 0.78 + (WIDTH / 2, HEIGHT / 2)
        self.canvas.text(f"{far:.1f} m", (left, top), size=13, color=RED, anchor="center")

    def arrow(self, arrow: tuple[float, float, str]) -> None:
        """Draw the desired direction: above the body, or around it on the floor."""
        x, y, words = arrow
        if self.view.kind == "side":
            start = np.array([0.0, 34 - HEIGHT / 2])
            self._arrow(start, start + (70 * x, 0), GREEN)
            self.canvas.text(words, (WIDTH / 2, 8), size=13, color=GREEN, anchor="midtop")
            return
        ends = []
        for far in (0.08, 0.36):
            place = self.middle + np.array([x, y, 0.0]) * far * self.view.span
            place[2] = self.view.floor or 0.0
            ends.append(np.subtract(self.at(place), (WIDTH / 2, HEIGHT / 2)))
        self._arrow(ends[0], ends[1], GREEN)
        self.canvas.text(words, (10, 8), size=13, color=GREEN)

    def _arrow(self, start: np.ndarray, end: np.ndarray, color: Color) -> None:
        """Draw an arrow between two points, seen from the picture's middle."""
        middle = np.array([WIDTH / 2, HEIGHT / 2])
        along = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
        across = np.array([-along[1], along[0]])
        tip, base = end + middle, end - 14 * along + middle
        tail = start + middle
        self.canvas.line((tail[0], tail[1]), (base[0], base[1]), color, 5)
        corners = [tip, base + 8 * across, base - 8 * across]
        self.canvas.polygon([(float(a), float(b)) for a, b in corners], color)
