"""Pictures of the plane: the hidden goal, the start, and the paths of this trial's episodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    Color,
    Point,
    mix,
)
from ..pictures.trails import Trail

_SIDE = 420  # of the plane, pixels
_MARGIN = 30
_HEAD = 64  # room for the heading, pixels
_FOOT = 46  # room for the legend, pixels
_ZOOM = 1.5  # the view widens by this factor until everything is in it
_ARC = np.pi / 90  # a ring is drawn in segments of this angle


@dataclass(frozen=True)
class Ring:
    """A circular wall around the origin, open within `opening` of a point on it."""

    radius: float
    gap: tuple[float, float]
    opening: float


@dataclass(frozen=True)
class Scene:
    """What a picture shows besides the paths."""

    goal: np.ndarray  # [2]
    extent: float  # smallest value of half the side of the view
    radius: float | None = None  # of the goal
    others: tuple[tuple[float, float], ...] = ()  # where the goal might have been
    rings: tuple[Ring, ...] = ()


def draw_plane(
    name: str,
    trail: Trail,
    scene: Scene,
    *,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> np.ndarray:
    """Draw the plane, y upwards: uint8 [height, width, 3].

    Args:
        name: Heading.
        trail: Where the row has been.
        scene: What else the picture shows.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and the horizon (None if there is none).
    """
    canvas = Canvas(_SIDE + 2 * _MARGIN, _HEAD + _SIDE + _FOOT)
    extent = _extent(trail, scene)
    scale = _SIDE / (2 * extent)

    def at(x: float, y: float) -> Point:
        return _MARGIN + (x + extent) * scale, _HEAD + (extent - y) * scale

    _heading(canvas, name, trail, scene, episode, step)
    _draw_axes(canvas, at, extent)
    for ring in scene.rings:
        _draw_ring(canvas, at, ring)
    for other in scene.others:
        canvas.circle(at(*other), 3.5, RULE)
    goal = at(*scene.goal.tolist())
    if scene.radius is not None:
        canvas.circle(goal, scene.radius * scale, (*ORANGE, 50))
    for number, past in enumerate(trail.past, start=1):
        color = mix(mix(PAPER, SKY, 0.35), SKY, number / len(trail.past))
        for part in _inside(past, extent):
            _draw_way(canvas, [at(*place) for place in part], color, color, 1.6)
    canvas.circle(at(*trail.way[0]), 7, GREEN, line_width=2.5)
    canvas.star(goal, 12, ORANGE)
    way = [at(*place) for place in trail.way]
    _draw_way(canvas, way, mix(SKY, BLUE, 0.5), BLUE, 3)
    canvas.circle(way[-1], 8, PAPER)
    canvas.circle(way[-1], 6.5, BLUE)
    _legend(canvas, bool(trail.past))
    return canvas.array()


def _extent(trail: Trail, scene: Scene) -> float:
    """Return half the side of the view: the scene's extent, widened until it shows this episode."""
    most = max(float(np.abs(np.array(trail.way)).max()), float(np.abs(scene.goal).max()))
    extent = scene.extent
    while extent < most * 1.03:
        extent *= _ZOOM
    return extent


def _inside(way: list[Point], extent: float) -> list[list[Point]]:
    """Return the parts of a path that are in the view."""
    parts: list[list[Point]] = [[]]
    for x, y in way:
        if max(abs(x), abs(y)) <= extent:
            parts[-1].append((x, y))
        elif parts[-1]:
            parts.append([])
    return parts


def _heading(
    canvas: Canvas,
    name: str,
    trail: Trail,
    scene: Scene,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> None:
    canvas.text(name, (_MARGIN, 14), size=18, bold=True)
    horizon = "" if step[1] is None else f" of {step[1]}"
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]}{horizon}"
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    right = canvas.width - _MARGIN
    total = f"{trail.total:+.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(total, (right, 14), size=18, bold=True, anchor="topright")
    x, y = (f"{one:.2f}".replace("-", "\N{MINUS SIGN}") for one in scene.goal.tolist())
    canvas.text(f"goal ({x}, {y})", (right, 38), size=13, color=MUTED, anchor="topright")


def _draw_axes(canvas: Canvas, at: Callable[[float, float], Point], extent: float) -> None:
    left, top = at(-extent, extent)
    canvas.rect(left, top, _SIDE, _SIDE, FAINT, line_width=1.5, radius=4)
    canvas.line(at(-extent, 0), at(extent, 0), FAINT, line_width=1)
    canvas.line(at(0, -extent), at(0, extent), FAINT, line_width=1)
    shown = f"{extent:.3g}"
    canvas.text(
        shown, (at(extent, 0)[0] - 4, at(0, 0)[1] + 3), size=11, color=MUTED, anchor="topright"
    )


def _draw_ring(canvas: Canvas, at: Callable[[float, float], Point], ring: Ring) -> None:
    """Draw a ring in short segments, except those within its opening."""
    angles = np.arange(0.0, 2 * np.pi + _ARC / 2, _ARC)
    points = ring.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    open_ = np.linalg.norm(points - np.array(ring.gap), axis=1) <= ring.opening
    for index in range(len(points) - 1):
        if not (open_[index] and open_[index + 1]):
            canvas.line(at(*points[index].tolist()), at(*points[index + 1].tolist()), INK, 4)


def _draw_way(canvas: Canvas, points: list[Point], first: Color, last: Color, width: float) -> None:
    """Draw a path as a line that darkens towards its end."""
    for number, (start, end) in enumerate(zip(points, points[1:], strict=False), start=1):
        color = mix(first, last, number / len(points))
        canvas.line(start, end, color, line_width=width)
        canvas.circle(end, width / 2, color)


def _legend(canvas: Canvas, past: bool) -> None:
    y = canvas.height - _FOOT / 2
    x: float = _MARGIN + 8

    def word(words: str, gap: float = 13) -> float:
        return gap + canvas.text(words, (x + gap, y), size=12, color=MUTED, anchor="midleft") + 20

    canvas.circle((x, y), 6, BLUE)
    x += word("agent")
    canvas.circle((x, y), 7, GREEN, line_width=2)
    x += word("start")
    canvas.star((x, y), 8, ORANGE)
    x += word("goal (hidden)")
    if past:
        canvas.line((x - 6, y), (x + 8, y), SKY, line_width=2)
        word("earlier episodes")
