"""Pictures of worlds to explore: what is hidden in them, and where this episode has been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    RED,
    SKY,
    Canvas,
    Color,
    Point,
    mix,
)

_SIDE = 420  # of the world, pixels
_MARGIN = 30
_HEAD = 84  # room for the heading, pixels
_FOOT = 46  # room for the legend, pixels
_LINES = (ORANGE, PINK, GREEN, RED)  # colours of the buses that lead to corners
_GREY = (150, 152, 158)
_FOODS = (ORANGE, GREEN, PINK, SKY)  # colours of ingredients

Place = tuple[int, ...]  # x and y
Heading = tuple[str, str, float]  # instruction, episode and step, return


class Stop(NamedTuple):
    """A bus line: its two stops, and its number (None for a grey one)."""

    start: Place
    end: Place
    line: int | None


def draw_city(
    size: int,
    lines: Sequence[Stop],
    heading: Heading,
    *,
    way: Sequence[Point],
    goal: Place | None,
    shown: Place | None,
) -> np.ndarray:
    """Draw a city, y upwards: uint8 [height, width, 3].

    Args:
        size: Cells along a side.
        lines: The bus lines.
        heading: What stands above.
        way: The agent's cells in this episode, first to last.
        goal: The corner of the instruction; None while exploring.
        shown: The cell with the map; None where there is none.
    """
    canvas, cell, center = _world("BusGrid", size, heading)
    for line in lines:
        color = _GREY if line.line is None else _LINES[line.line]
        canvas.line(center(line.start), center(line.end), (*color, 70), cell * 0.08)
    for line in lines:
        color = _GREY if line.line is None else _LINES[line.line]
        for place in (line.start, line.end):
            _draw_bus(canvas, center(place), cell, color)
    if shown is not None:
        x, y = center(shown)
        canvas.rect(x - cell * 0.3, y - cell * 0.3, cell * 0.6, cell * 0.6, INK, line_width=2)
        canvas.text("map", (x, y), size=cell * 0.28, anchor="center")
    if goal is not None:
        canvas.star(center(goal), cell * 0.38, ORANGE)
    _draw_way(canvas, [center((int(x), int(y))) for x, y in way], cell)
    words = "which stops belong together is hidden from it"
    _legend(canvas, words)
    return canvas.array()


def draw_kitchen(
    size: int,
    heading: Heading,
    *,
    way: Sequence[Point],
    drawers: Sequence[tuple[Place, int]],
    bowl: Place,
    inside: Sequence[int],
    held: int | None,
    wanted: Sequence[int],
) -> np.ndarray:
    """Draw a kitchen, y upwards: uint8 [height, width, 3].

    Args:
        size: Cells along a side.
        heading: What stands above.
        way: The agent's cells in this episode, first to last.
        drawers: Where the drawers are, and the ingredient in each.
        bowl: Where the bowl is.
        inside: The ingredients in the bowl.
        held: The ingredient that the agent holds; None for none.
        wanted: The ingredients of the instruction, in order; none while exploring.
    """
    canvas, cell, center = _world("Cooking", size, heading)
    for place, kind in drawers:
        x, y = center(place)
        wide, high = cell * 0.7, cell * 0.5
        canvas.rect(x - wide / 2, y - high / 2, wide, high, PAPER, radius=cell * 0.05)
        canvas.rect(x - wide / 2, y - high / 2, wide, high, INK, line_width=3, radius=cell * 0.05)
        canvas.rect(x - cell * 0.08, y - high * 0.36, cell * 0.16, 5, INK, radius=2)
        canvas.circle((x, y + high * 0.1), cell * 0.11, _FOODS[kind])
    x, y = center(bowl)
    canvas.circle((x, y), cell * 0.4, PAPER)
    canvas.circle((x, y), cell * 0.4, INK, line_width=3)
    for index, kind in enumerate(inside):
        canvas.circle((x + (index - 1) * cell * 0.22, y - cell * 0.15), cell * 0.09, _FOODS[kind])
    _draw_way(canvas, [center((int(a), int(b))) for a, b in way], cell * 0.55)
    if held is not None and way:
        x, y = center((int(way[-1][0]), int(way[-1][1])))
        canvas.circle((x + cell * 0.13, y - cell * 0.13), cell * 0.09, PAPER)
        canvas.circle((x + cell * 0.13, y - cell * 0.13), cell * 0.075, _FOODS[held])
    x = _MARGIN + canvas.text_width(heading[0], size=14) + 18
    for kind in wanted:
        canvas.circle((x, 48), 8, _FOODS[kind])
        x += 22
    _legend(canvas, "what a drawer holds is hidden until taken out")
    return canvas.array()


def _world(
    title: str, size: int, heading: Heading
) -> tuple[Canvas, float, Callable[[Place], Point]]:
    """Return a canvas with heading and cells, the side of a cell, and what gives cells' centres."""
    canvas = Canvas(_SIDE + 2 * _MARGIN, _HEAD + _SIDE + _FOOT)
    cell = _SIDE / size
    told, where, total = heading
    right = canvas.width - _MARGIN
    canvas.text(title, (_MARGIN, 14), size=18, bold=True)
    canvas.text(told, (_MARGIN, 39), size=14)
    canvas.text(where, (_MARGIN, 60), size=13, color=MUTED)
    words = f"{total:+.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(words, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 39), size=13, color=MUTED, anchor="topright")

    def center(place: Place) -> Point:
        return _MARGIN + (place[0] + 0.5) * cell, _HEAD + (size - 0.5 - place[1]) * cell

    for x in range(size):
        for y in range(size):
            at = center((x, y))
            side = cell * 0.94
            canvas.rect(at[0] - side / 2, at[1] - side / 2, side, side, FAINT, radius=cell * 0.06)
    return canvas, cell, center


def _draw_bus(canvas: Canvas, at: Point, cell: float, color: Color) -> None:
    x, y = at
    wide, high = cell * 0.62, cell * 0.4
    canvas.rect(x - wide / 2, y - high / 2, wide, high, color, radius=cell * 0.08)
    for index in (-1, 0, 1):
        left = x + index * wide * 0.29 - wide * 0.1
        canvas.rect(left, y - high * 0.32, wide * 0.2, high * 0.36, mix(color, PAPER, 0.8))
    for side in (-1, 1):
        canvas.circle((x + side * wide * 0.27, y + high / 2), cell * 0.07, INK)


def _draw_way(canvas: Canvas, way: Sequence[Point], cell: float) -> None:
    for start, end in zip(way[:-1], way[1:], strict=True):
        canvas.line(start, end, (*BLUE, 110), max(2.0, cell * 0.07))
    if way:
        canvas.circle(way[-1], cell * 0.26, PAPER)
        canvas.circle(way[-1], cell * 0.21, BLUE)


def _legend(canvas: Canvas, words: str) -> None:
    y = canvas.height - _FOOT / 2
    canvas.circle((_MARGIN + 8, y), 6, BLUE)
    shown = canvas.fitted(f"agent; {words}", canvas.width - 2 * _MARGIN - 22, size=12)
    canvas.text(shown, (_MARGIN + 22, y), size=12, color=MUTED, anchor="midleft")
