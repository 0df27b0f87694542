"""Pictures of circles in a square, one of which pays, and of the point that moves among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..pictures.drawing import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PINK,
    SKY,
    Canvas,
    Point,
    mix,
)
from ..pictures.trails import Trail

_SIDE = 420  # of the square, pixels
_SQUARE = 400.0  # side of the square in which circles are, and its middle is where points begin
_RADIUS = 50.0
_MARGIN = 42  # as much of the plane outside the square is shown
_HEAD, _FOOT = 58, 46  # room for heading and legend, pixels
_TOP = _HEAD + _MARGIN  # of the square
_SCALE = _SIDE / _SQUARE
_COLORS = {"goal": ORANGE, "other": MUTED, "key": PINK}


class Circle(NamedTuple):
    """A circle: `kind` is `"goal"`, `"other"` or `"key"`."""

    kind: str
    centre: Sequence[float]
    name: str  # written in the middle
    label: str  # for the legend


def draw_circles(
    title: str,
    trail: Trail,
    circles: Sequence[Circle],
    *,
    episode: tuple[int, int],
    step: tuple[int, int],
) -> np.ndarray:
    """Draw the square, y upwards: uint8 [height, width, 3].

    Args:
        title: Name of the family.
        trail: Where the row has been; only this episode is shown, since circles move.
        circles: The circles.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and number of steps per episode.
    """
    canvas = Canvas(_SIDE + 2 * _MARGIN, _TOP + _SIDE + _MARGIN + _FOOT)
    canvas.rect(_MARGIN, _TOP, _SIDE, _SIDE, FAINT, radius=4)
    for circle in circles:
        _draw_circle(canvas, circle, _at(circle.centre), _RADIUS * _SCALE)
    canvas.circle(_at(trail.way[0]), 7, GREEN, line_width=2.5)
    way = [_at(place) for place in trail.way]
    for number, (start, end) in enumerate(zip(way, way[1:], strict=False), start=1):
        canvas.line(start, end, mix(SKY, BLUE, number / len(way)), 3)
        canvas.circle(end, 1.5, mix(SKY, BLUE, number / len(way)))
    canvas.circle(way[-1], 8, PAPER)
    canvas.circle(way[-1], 6.5, BLUE)
    _head(canvas, title, trail.total, episode, step)
    _legend(canvas, circles)
    return canvas.array()


def _at(place: Sequence[float]) -> Point:
    """Return the pixel of a place; one far away stands on the edge of the picture."""
    edge = _MARGIN / _SCALE
    x, y = (min(max(one, -edge), _SQUARE + edge) for one in place)
    return _MARGIN + x * _SCALE, _TOP + (_SQUARE - y) * _SCALE


def _draw_circle(canvas: Canvas, circle: Circle, at: Point, radius: float) -> None:
    color = _COLORS[circle.kind]
    canvas.circle(at, radius, (*color, 60))
    canvas.circle(at, radius, color, line_width=2)
    if circle.kind == "key":
        canvas.circle((at[0] - 6, at[1]), 6, PINK, line_width=3)
        canvas.line(at, (at[0] + 15, at[1]), PINK, 3)
        for tooth in (9, 13):
            canvas.line((at[0] + tooth, at[1]), (at[0] + tooth, at[1] + 6), PINK, 3)
    elif circle.kind == "goal":
        canvas.star(at, 12, ORANGE)
    if circle.name:
        canvas.text(circle.name, (at[0], at[1] + radius - 14), size=12, color=INK, anchor="center")


def _head(
    canvas: Canvas, title: str, total: float, episode: tuple[int, int], step: tuple[int, int]
) -> None:
    canvas.rect(0, 0, canvas.width, _HEAD, PAPER)
    canvas.text(title, (_MARGIN, 14), size=18, bold=True)
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]} of {step[1]}"
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    right = canvas.width - _MARGIN
    canvas.text(f"{total:+.0f}", (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")


def _legend(canvas: Canvas, circles: Sequence[Circle]) -> None:
    y = canvas.height - _FOOT / 2
    canvas.rect(0, canvas.height - _FOOT, canvas.width, _FOOT, PAPER)
    x: float = _MARGIN + 8
    for words, color in [("agent", BLUE), *((one.label, _COLORS[one.kind]) for one in circles)]:
        if color is BLUE:
            canvas.circle((x, y), 6, color)
        else:
            canvas.circle((x, y), 7, (*color, 60))
            canvas.circle((x, y), 7, color, line_width=2)
        x += 13 + canvas.text(words, (x + 13, y), size=12, color=MUTED, anchor="midleft") + 22
