"""Pictures of the point with thrusters: where it has flown, and what is left of each thruster."""

from __future__ import annotations

import numpy as np

from ..pictures.drawing import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RED,
    RULE,
    SKY,
    Canvas,
    Point,
    mix,
)
from ..pictures.trails import Trail

_WIDTH, _MARGIN = 560, 30  # pixels
_HEAD = 64  # room for the heading, pixels
_CRAFT = 250  # height of the picture of the craft, pixels
_MAP = 190  # height of the map, pixels
_HALF = 46  # half a side of the craft, pixels
_FLAME = 60  # length of a flame at full thrust, pixels
_LENGTH = 25.0  # metres of the course that the map shows, at least
NAMES = ("left front", "left rear", "right front", "right rear")
_CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1))  # of the thrusters: forwards, to the left


def draw_thrusters(
    trail: Trail,
    thrust: np.ndarray,
    strength: np.ndarray | None,
    *,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> np.ndarray:
    """Draw the craft from above, flying to the right, and a map of this trial's paths.

    Args:
        trail: Where the row has been.
        thrust: What every thruster pushes, -1 to 1, [4].
        strength: What is left of every thruster, 0 to 1, [4]; None is not shown.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and the horizon (None if there is none).

    Returns:
        uint8 [height, width, 3].
    """
    canvas = Canvas(_WIDTH, _HEAD + _CRAFT + _MAP + _MARGIN)
    horizon = "" if step[1] is None else f" of {step[1]}"
    canvas.text("Thrusters", (_MARGIN, 14), size=18, bold=True)
    words = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]}{horizon}"
    canvas.text(words, (_MARGIN, 38), size=13, color=MUTED)
    right = _WIDTH - _MARGIN
    canvas.text(f"{trail.total:.1f}", (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")
    _draw_craft(canvas, thrust, strength)
    _draw_map(canvas, trail)
    return canvas.array()


def _draw_craft(canvas: Canvas, thrust: np.ndarray, strength: np.ndarray | None) -> None:
    middle = (_WIDTH / 2, _HEAD + _CRAFT / 2)
    x, y = middle
    for index, (ahead, left) in enumerate(_CORNERS):
        corner = (x + ahead * _HALF, y - left * _HALF)
        push = float(thrust[index])
        # the flame goes against the push: backwards and outwards
        tip = (corner[0] - push * _FLAME * 0.7, corner[1] - left * push * _FLAME * 0.7)
        if abs(push) > 1e-3:
            side = 7 * 0.7
            base = [(corner[0] - side, corner[1] + left * side)]
            base.append((corner[0] + side, corner[1] - left * side))
            canvas.polygon([*base, tip], (*ORANGE, 220))
        health = 1.0 if strength is None else float(strength[index])
        canvas.circle(corner, 10, mix(RED, GREEN, health) if strength is not None else MUTED)
        canvas.circle(corner, 10, INK, line_width=1.5)
        label = NAMES[index] if strength is None else f"{NAMES[index]}  {health:.0%}"
        place = (x + ahead * (_HALF + 92), corner[1] + 4)
        canvas.text(label, place, size=13, color=INK, anchor="center")
    shape = [(-1, -1), (0.55, -1), (1, 0), (0.55, 1), (-1, 1)]
    inner = _HALF - 12
    canvas.polygon([(x + a * inner, y + b * inner) for a, b in shape], mix(PAPER, SKY, 0.6))
    canvas.line((x - 14, y), (x + 22, y), BLUE, 3)
    canvas.polygon([(x + 30, y), (x + 18, y - 7), (x + 18, y + 7)], BLUE)


def _draw_map(canvas: Canvas, trail: Trail) -> None:
    top, left = _HEAD + _CRAFT, _MARGIN
    width, height = _WIDTH - 2 * _MARGIN, _MAP - 24
    farthest = max(abs(x) for x, _ in trail.way)
    widest = max(abs(y) for _, y in trail.way)
    scale = min(width * 0.92 / max(_LENGTH, farthest), height / 2 / max(widest * 1.05, 1e-9))
    zero = left + width * 0.05

    def at(place: Point) -> Point:
        return zero + place[0] * scale, top + height / 2 - place[1] * scale

    canvas.rect(left, top, width, height, FAINT, radius=4)
    canvas.line((left, top + height / 2), (left + width, top + height / 2), RULE, 1)
    step = next((one for one in (5.0, 10.0, 20.0, 50.0, 100.0) if one * scale >= 60), 500.0)
    for number in range(int(width / (step * scale)) + 1):
        across = zero + number * step * scale
        if across < left + width - 8:
            canvas.line((across, top), (across, top + height), RULE, 1)
            words = f"{number * step:g} m"
            canvas.text(words, (across, top + height + 4), size=11, color=MUTED, anchor="midtop")
    for number, past in enumerate(trail.past, start=1):
        color = mix(mix(PAPER, SKY, 0.35), SKY, number / len(trail.past))
        _draw_way(canvas, [at(place) for place in past], color, 1.6, (left, top, width, height))
    way = [at(place) for place in trail.way]
    _draw_way(canvas, way, BLUE, 3, (left, top, width, height))
    canvas.circle(way[-1], 6, BLUE)


def _draw_way(
    canvas: Canvas,
    way: list[Point],
    color: tuple[int, int, int],
    line_width: float,
    frame: tuple[float, float, float, float],
) -> None:
    """Draw those parts of a path that lie within a frame (left, top, width, height)."""
    left, top, width, height = frame

    def inside(place: Point) -> bool:
        return left <= place[0] <= left + width and top <= place[1] <= top + height

    for one, other in zip(way, way[1:], strict=False):
        if inside(one) and inside(other):
            canvas.line(one, other, color, line_width)
