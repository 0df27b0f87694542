"""Pictures of dark rooms, of frozen lakes, and of corridors that fork."""

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
    RULE,
    SKY,
    Canvas,
    Point,
    mix,
)
from .pictures import FOOT, HEAD, MARGIN, SIDE, Visit, draw_page, draw_visits, draw_way


class Mark(NamedTuple):
    """Something on a cell: `kind` is `"star"`, `"key"`, `"door"` or `"hole"`."""

    kind: str
    place: tuple[int, ...]  # x and y
    label: str  # for the legend; "" for none


def draw_room(
    title: str,
    visit: Visit,
    marks: Sequence[Mark],
    *,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> np.ndarray:
    """Draw a square room, y upwards: uint8 [height, width, 3].

    Args:
        title: Name of the family.
        visit: What the row has done.
        marks: What is in the room, drawn in this order.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and of steps per episode (None if there is no limit).
    """
    size = len(visit.counts)
    cell = SIDE / size

    def corner(x: int, y: int) -> Point:
        return MARGIN + x * cell, HEAD + (size - 1 - y) * cell

    canvas = draw_page(title, visit, episode, step)
    draw_visits(canvas, visit, corner, cell)
    for mark in marks:
        left, top = corner(*mark.place)
        _draw_mark(canvas, mark.kind, (left + cell / 2, top + cell / 2), cell)
    draw_way(canvas, [_middle(corner(*place), cell) for place in visit.way], cell)
    x: float = MARGIN + 8
    y = canvas.height - FOOT / 2
    canvas.circle((x, y), 6, BLUE)
    x += 13 + canvas.text("agent", (x + 13, y), size=12, color=MUTED, anchor="midleft") + 24
    for kind, label in dict.fromkeys((mark.kind, mark.label) for mark in marks if mark.label):
        _draw_mark(canvas, kind, (x, y), 20)
        x += 15 + canvas.text(label, (x + 15, y), size=12, color=MUTED, anchor="midleft") + 24
    return canvas.array()


def draw_fork(
    *,
    length: int,
    place: int,
    arm: int,
    sign: int,
    seen: bool,
    total: float,
    step: int,
) -> np.ndarray:
    """Draw a T-maze: uint8 [height, width, 3].

    Args:
        length: Cells from the sign to the junction.
        place: The agent's cell, 0 at the sign.
        arm: 1 if it has turned up, -1 if down, 0 if it is in the corridor.
        sign: 1 if the sign points up, -1 if down.
        seen: Whether the agent is at the sign.
        total: Return of the episode so far.
        step: Number of the step.
    """
    cell = min(SIDE / (length + 1), 42.0)
    canvas = Canvas(round(SIDE + 2 * MARGIN), round(HEAD + 3 * cell + 2 * MARGIN + FOOT))
    canvas.text("TMaze", (MARGIN, 14), size=18, bold=True)
    canvas.text(f"step {step}", (MARGIN, 38), size=13, color=MUTED)
    words = f"{total:+.1f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(words, (canvas.width - MARGIN, 14), size=18, bold=True, anchor="topright")
    where = (canvas.width - MARGIN, 38)
    canvas.text("return of this episode", where, size=13, color=MUTED, anchor="topright")
    left, middle = (canvas.width - (length + 1) * cell) / 2, HEAD + MARGIN + 1.5 * cell

    def center(x: int, y: int) -> Point:
        return left + (x + 0.5) * cell, middle - y * cell

    cells = [(x, 0) for x in range(length + 1)] + [(length, 1), (length, -1)]
    for x, y in cells:
        at = center(x, y)
        shade = mix(FAINT, SKY, 0.5) if (x, y) == (0, 0) else FAINT
        canvas.rect(at[0] - cell * 0.47, at[1] - cell * 0.47, cell * 0.94, cell * 0.94, shade)
    _arrow(canvas, center(0, 0), cell, sign, INK if seen else RULE)
    canvas.star(center(length, sign), cell * 0.3, ORANGE)
    agent = center(length, arm) if arm else center(place, 0)
    canvas.circle((agent[0], agent[1]), cell * 0.24, PAPER)
    canvas.circle((agent[0], agent[1]), cell * 0.2, BLUE)
    words = "the arrow, seen from its own cell only, says where to turn"
    canvas.text(words, (MARGIN, canvas.height - FOOT / 2), size=12, color=MUTED, anchor="midleft")
    return canvas.array()


def _arrow(canvas: Canvas, at: Point, cell: float, up: int, color: tuple[int, int, int]) -> None:
    x, y = at
    tip, base, wide = y - up * cell * 0.4, y - up * cell * 0.12, cell * 0.24
    canvas.polygon([(x - wide, base), (x + wide, base), (x, tip)], color)
    canvas.line((x, base), (x, y + up * cell * 0.38), color, max(2.0, cell * 0.09))


def _draw_mark(canvas: Canvas, kind: str, at: Point, cell: float) -> None:
    x, y = at
    line = max(1.5, cell * 0.07)
    if kind == "star":
        side = cell * 0.9
        box = (x - side / 2, y - side / 2, side, side)
        canvas.rect(*box, ORANGE, line_width=line, radius=cell * 0.12)
        canvas.star(at, cell * 0.3, ORANGE)
    elif kind == "door":
        wide, high = cell * 0.5, cell * 0.74
        canvas.rect(x - wide / 2, y - high / 2, wide, high, GREEN, radius=cell * 0.06)
        canvas.circle((x + wide * 0.25, y), max(1.5, cell * 0.06), PAPER)
    elif kind == "key":
        canvas.circle((x - cell * 0.16, y), cell * 0.17, PINK, line_width=line)
        canvas.line((x, y), (x + cell * 0.36, y), PINK, line)
        for tooth in (0.24, 0.34):
            canvas.line((x + cell * tooth, y), (x + cell * tooth, y + cell * 0.14), PINK, line)
    else:
        canvas.circle(at, cell * 0.4, mix(INK, BLUE, 0.35))


def _middle(corner: Point, cell: float) -> Point:
    return corner[0] + cell / 2, corner[1] + cell / 2
