"""Pictures of classic control: the scene, and the hidden constants as gauges below it."""

from __future__ import annotations

import math
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
    RULE,
    SKY,
    Canvas,
    Point,
    mix,
)

_WIDTH, _SCENE = 480, 300  # pixels
_MARGIN = 30
_HEAD = 64  # room for the heading, pixels
_GAUGE = 24  # height of a gauge, pixels
_MIDDLE: Point = (_WIDTH / 2, _HEAD + _SCENE / 2)


class Gauge(NamedTuple):
    """One hidden constant: its value within its range, and Gymnasium's value."""

    name: str
    value: float
    low: float
    high: float
    nominal: float


def open_page(
    name: str,
    gauges: Sequence[Gauge],
    *,
    total: float,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> Canvas:
    """Begin a picture with everything but the scene.

    Args:
        name: Name of the problem.
        gauges: The hidden constants.
        total: Return of the episode so far.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and the horizon (None if there is none).
    """
    canvas = Canvas(_WIDTH, _HEAD + _SCENE + _GAUGE * len(gauges) + 40)
    canvas.text(name, (_MARGIN, 14), size=18, bold=True)
    horizon = "" if step[1] is None else f" of {step[1]}"
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]}{horizon}"
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    right = _WIDTH - _MARGIN
    canvas.text(_signed(total), (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")
    y = _HEAD + _SCENE + 14.0
    words = "hidden constants (line: Gymnasium's)"
    canvas.text(words, (_MARGIN, y), size=12, color=MUTED, anchor="midleft")
    for gauge in gauges:
        y += _GAUGE
        _draw_gauge(canvas, gauge, y)
    return canvas


def _draw_gauge(canvas: Canvas, gauge: Gauge, y: float) -> None:
    left, right = _MARGIN + 100, _WIDTH - _MARGIN - 70

    def at(value: float) -> float:
        return left + (right - left) * (value - gauge.low) / (gauge.high - gauge.low)

    name = gauge.name.replace("_", " ")
    canvas.text(name, (_MARGIN, y), size=12, anchor="midleft")
    canvas.rect(left, y - 3, right - left, 6, FAINT, radius=3)
    canvas.line((at(gauge.nominal), y - 8), (at(gauge.nominal), y + 8), RULE, 2)
    canvas.circle((at(gauge.value), y), 6, ORANGE)
    canvas.text(f"{gauge.value:.4g}", (right + 16, y), size=12, color=MUTED, anchor="midleft")


def draw_cart_pole(
    canvas: Canvas,
    *,
    position: float,
    angle: float,
    half_length: float,
    push: float,
    most: float,
) -> None:
    """Draw a cart with its pole on a track.

    Args:
        canvas: Where to.
        position: Metres from the centre.
        angle: Radians from upright, clockwise.
        half_length: Of the pole, metres.
        push: Force, newtons; negative to the left.
        most: Distance from the centre at which the track ends, metres.
    """
    scale = (_WIDTH / 2 - _MARGIN - 30) / most
    ground = _HEAD + _SCENE - 50.0
    for end in (-most, most):
        x = _MIDDLE[0] + end * scale
        canvas.line((x, ground - 26), (x, ground + 26), RULE, 3)
    track = _WIDTH / 2 - _MARGIN
    canvas.line((_MIDDLE[0] - track, ground), (_MIDDLE[0] + track, ground), RULE, 3)
    x = _MIDDLE[0] + position * scale
    canvas.rect(x - 27, ground - 14, 54, 28, INK, radius=5)
    length = 2 * half_length * scale * 1.3  # drawn longer: angles are small
    tip = x + length * math.sin(angle), ground - 10 - length * math.cos(angle)
    canvas.line((x, ground - 10), tip, BLUE, 10)
    canvas.circle(tip, 5, BLUE)
    canvas.circle((x, ground - 10), 6, SKY)
    if push:
        side = math.copysign(1.0, push)
        _arrow(canvas, (x + 32 * side, ground), (x + (32 + 4 * abs(push)) * side, ground))


def draw_pendulum(canvas: Canvas, *, angle: float, length: float, mass: float, push: float) -> None:
    """Draw a rod that turns about its end.

    Args:
        canvas: Where to.
        angle: Radians from upright, counterclockwise.
        length: Metres.
        mass: Kilograms; shown as thickness.
        push: Share of the largest torque, -1 to 1, counterclockwise.
    """
    reach = length * _SCENE * 0.36
    canvas.circle(_MIDDLE, reach, FAINT, line_width=2)
    top = _MIDDLE[1] - reach
    canvas.line((_MIDDLE[0], top - 8), (_MIDDLE[0], top + 8), GREEN, 3)
    tip = _MIDDLE[0] - reach * math.sin(angle), _MIDDLE[1] - reach * math.cos(angle)
    width = 16 * mass
    canvas.line(_MIDDLE, tip, BLUE, width)
    for end in (_MIDDLE, tip):
        canvas.circle(end, width / 2, BLUE)
    canvas.circle(_MIDDLE, 5, PAPER)
    _torque(canvas, _MIDDLE, push, 34)


def draw_acrobot(
    canvas: Canvas, *, angles: Sequence[float], lengths: Sequence[float], push: float
) -> None:
    """Draw two links, and the height that the free end is to reach.

    Args:
        canvas: Where to.
        angles: Of the first link from hanging, of the second from the first, counterclockwise.
        lengths: Of the links, metres.
        push: Torque on the joint between them, -1, 0 or 1.
    """
    scale = _SCENE * 0.2
    goal = _MIDDLE[1] - sum(lengths) / 2 * scale
    for left in np.arange(_MARGIN, _WIDTH - _MARGIN, 14).tolist():
        canvas.line((left, goal), (left + 8, goal), GREEN, 2)
    canvas.text(
        "to reach", (_WIDTH - _MARGIN, goal - 4), size=12, color=GREEN, anchor="bottomright"
    )
    elbow = _hanging(_MIDDLE, lengths[0] * scale, angles[0])
    tip = _hanging(elbow, lengths[1] * scale, angles[0] + angles[1])
    for start, end, color in ((_MIDDLE, elbow, BLUE), (elbow, tip, SKY)):
        canvas.line(start, end, color, 12)
        canvas.circle(end, 6, color)
    canvas.circle(_MIDDLE, 8, INK)
    canvas.circle(elbow, 7, mix(BLUE, INK, 0.4))
    canvas.circle(tip, 4, PAPER)
    _torque(canvas, elbow, push, 24)


def draw_mountain_car(
    canvas: Canvas, *, position: float, push: float, road: tuple[float, float], goal: float
) -> None:
    """Draw a car in a valley, and the flag on the hill.

    Args:
        canvas: Where to.
        position: Of the car.
        push: Share of the largest acceleration, -1 to 1.
        road: Positions of its ends.
        goal: Position of the flag.
    """
    left, right = road
    width = _WIDTH - 2 * _MARGIN

    def at(place: float) -> Point:
        height = math.sin(3 * place)
        return _MARGIN + (place - left) / (right - left) * width, _MIDDLE[1] + 20 - 90 * height

    places = [at(float(one)) for one in np.linspace(left, right, 120)]
    bottom = _HEAD + _SCENE - 8.0
    canvas.polygon([*places, (places[-1][0], bottom), (places[0][0], bottom)], FAINT)
    for start, end in zip(places, places[1:], strict=False):
        canvas.line(start, end, INK, 3)
    foot = at(goal)
    canvas.line(foot, (foot[0], foot[1] - 44), INK, 3)
    canvas.polygon([(foot[0], foot[1] - 44), (foot[0] - 26, foot[1] - 36), (foot[0], foot[1] - 28)],
                   ORANGE)  # fmt: skip
    x, y = at(position)
    slope = math.atan2(-270 * math.cos(3 * position) * (right - left) / width, 1.0)
    along = np.array([math.cos(slope), math.sin(slope)])
    up = np.array([along[1], -along[0]])
    center = np.array([x, y]) + 13 * up
    box = [(-20, -6), (20, -6), (20, 4), (10, 4), (5, 12), (-9, 12), (-14, 4), (-20, 4)]
    canvas.polygon([_point(center + a * along + b * up) for a, b in box], BLUE)
    for wheel in (-12, 12):
        canvas.circle(_point(center + wheel * along - 7 * up), 6, INK)
    if push:
        side = math.copysign(1.0, push)
        start = center + 26 * side * along + 2 * up
        _arrow(canvas, _point(start), _point(start + (14 + 26 * abs(push)) * side * along))


def _hanging(start: Point, length: float, angle: float) -> Point:
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _point(place: np.ndarray) -> Point:
    return float(place[0]), float(place[1])


def _arrow(canvas: Canvas, start: Point, end: Point) -> None:
    along = np.subtract(end, start)
    along = along / np.hypot(*along)
    across = np.array([-along[1], along[0]])
    neck = np.array(end) - 9 * along
    canvas.line(start, _point(neck), ORANGE, 4)
    canvas.polygon([end, _point(neck + 6 * across), _point(neck - 6 * across)], ORANGE)


def _torque(canvas: Canvas, center: Point, push: float, radius: float) -> None:
    """Draw an arc around a joint, as long as the torque is strong, with a head at its end."""
    if not push:
        return
    turn = -push * 0.75 * np.pi  # y points down: counterclockwise is negative
    angles = np.linspace(0, turn, 24) - np.pi / 2 - turn / 2
    rim = [(center[0] + radius * math.cos(a), center[1] + radius * math.sin(a)) for a in angles]
    for start, end in zip(rim[:-3], rim[1:-2], strict=True):
        canvas.line(start, end, ORANGE, 4)
    way = np.subtract(rim[-1], rim[-3])
    way = way / max(float(np.hypot(*way)), 1e-9)
    across = np.array([-way[1], way[0]])
    neck = np.array(rim[-3])
    corners = [_point(neck + 10 * way), _point(neck + 6 * across), _point(neck - 6 * across)]
    canvas.polygon(corners, ORANGE)


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "\N{MINUS SIGN}")
