"""Pictures of grids: the hidden goal, where this trial has been, and the path of this episode."""

from __future__ import annotations

from collections.abc import Callable
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

SIDE = 420  # of the grid, pixels
MARGIN = 30
HEAD = 64  # room for the heading, pixels
FOOT = 46  # room for the legend, pixels
_HALF_SHADE = 3.0  # visits after which a cell has half of the deepest shade


class Visit(NamedTuple):
    """What one row has done: visits of the trial; path and return of the episode."""

    counts: np.ndarray  # [size, size], in the coordinates of the family
    way: list[tuple[int, int]]  # cells of the episode, first to last
    total: float


class Visits:
    """Where each of N rows has been; kept for pictures only.

    Args:
        num_rows: N.
        size: Cells along a side.
    """

    def __init__(self, num_rows: int, size: int):
        self._counts = np.zeros((num_rows, size, size), dtype=np.int64)
        self._ways: list[list[tuple[int, int]]] = [[] for _ in range(num_rows)]
        self._totals = np.zeros(num_rows)

    def begin_trials(self, rows: np.ndarray) -> None:
        """Forget everything of `rows` [R]."""
        self._counts[rows] = 0

    def begin_episodes(self, rows: np.ndarray, places: np.ndarray) -> None:
        """Begin the paths of `rows` [R] at `places` [R, 2]."""
        self._totals[rows] = 0.0
        for row, (first, second) in zip(rows.tolist(), places.tolist(), strict=True):
            self._counts[row, first, second] += 1
            self._ways[row] = [(first, second)]

    def step(self, places: np.ndarray, rewards: np.ndarray) -> None:
        """Record the position of every row, [N, 2], and its reward, [N]."""
        self._totals += rewards
        for row, (first, second) in enumerate(places.tolist()):
            self._counts[row, first, second] += 1
            self._ways[row].append((first, second))

    def of(self, row: int) -> Visit:
        """Return what one row has done."""
        return Visit(self._counts[row], self._ways[row], float(self._totals[row]))


def draw_grid_navi(
    visit: Visit,
    *,
    goal: np.ndarray,
    gate: tuple[int, int] | None = None,
    episode: tuple[int, int],
    step: tuple[int, int],
) -> np.ndarray:
    """Draw an open grid, y upwards: uint8 [height, width, 3].

    Args:
        visit: What the row has done.
        goal: x and y of the goal.
        gate: x and y of the cell without which the goal does not pay; None where there is none.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and number of steps per episode.
    """
    size = len(visit.counts)
    cell = SIDE / size

    def corner(x: int, y: int) -> Point:
        return MARGIN + x * cell, HEAD + (size - 1 - y) * cell

    canvas = draw_page("GridNavi", visit, episode, step)
    draw_visits(canvas, visit, corner, cell)
    _draw_goal(canvas, corner(*goal.tolist()), cell)
    if gate is not None:
        ring = max(2.0, cell * 0.07)
        canvas.circle(_middle(corner(*gate), cell), cell * 0.36, GREEN, line_width=ring)
    draw_way(canvas, [_middle(corner(*place), cell) for place in visit.way], cell)
    words = "goal, hidden" if gate else "goal, hidden from the agent"
    _legend(canvas, words, ring="gate" if gate else None)
    return canvas.array()


def draw_maze(
    visit: Visit,
    *,
    walls: np.ndarray,
    start: np.ndarray,
    goal: np.ndarray,
    episode: tuple[int, int],
    step: tuple[int, int | None],
    title: str = "RandomMaze",
) -> np.ndarray:
    """Draw a maze, rows downwards: uint8 [height, width, 3].

    Args:
        visit: What the row has done.
        walls: 1 for wall, [size, size].
        start: Row and column of the start.
        goal: Row and column of the goal.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and the horizon (None if there is none).
        title: Name of the family.
    """
    size = len(walls)
    cell = SIDE / size

    def corner(row: int, column: int) -> Point:
        return MARGIN + column * cell, HEAD + row * cell

    canvas = draw_page(title, visit, episode, step)
    for place in np.ndindex(size, size):
        left, top = corner(*place)
        shade = INK if walls[place] else _shade(int(visit.counts[place]), PAPER)
        canvas.rect(left, top, cell, cell, shade)
    middle = _middle(corner(*start.tolist()), cell)
    canvas.circle(middle, cell * 0.36, GREEN, line_width=max(2.0, cell * 0.07))
    _draw_goal(canvas, corner(*goal.tolist()), cell)
    draw_way(canvas, [_middle(corner(*place), cell) for place in visit.way], cell)
    _legend(canvas, "goal (hidden)", ring="start")
    return canvas.array()


def draw_visits(
    canvas: Canvas, visit: Visit, corner: Callable[[int, int], Point], cell: float
) -> None:
    """Draw the cells of an open grid, darker the more visits they had.

    Args:
        canvas: What to draw on.
        visit: What the row has done.
        corner: Returns the upper left corner of the cell at x and y.
        cell: Side of a cell, pixels.
    """
    gap = max(1.0, cell * 0.025)
    for x, y in np.ndindex(*visit.counts.shape):
        left, top = corner(x, y)
        shade = _shade(int(visit.counts[x, y]), FAINT)
        side = cell - 2 * gap
        canvas.rect(left + gap, top + gap, side, side, shade, radius=cell * 0.08)
        if visit.counts[x, y]:
            _count(canvas, (left, top), cell, int(visit.counts[x, y]))


def draw_page(
    name: str, visit: Visit, episode: tuple[int, int], step: tuple[int, int | None]
) -> Canvas:
    """Return a page with its heading: name, episode, step and return."""
    width, height = SIDE + 2 * MARGIN, HEAD + SIDE + FOOT
    canvas = Canvas(width, height)
    canvas.text(name, (MARGIN, 14), size=18, bold=True)
    horizon = "" if step[1] is None else f" of {step[1]}"
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]}{horizon}"
    canvas.text(where, (MARGIN, 38), size=13, color=MUTED)
    right = width - MARGIN
    total = f"{visit.total:+.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(total, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")
    return canvas


def _shade(visits: int, empty: tuple[int, int, int]) -> tuple[int, int, int]:
    return mix(empty, SKY, 0.85 * visits / (visits + _HALF_SHADE))


def _count(canvas: Canvas, corner: Point, cell: float, visits: int) -> None:
    if cell >= 40:
        at = (corner[0] + cell * 0.09, corner[1] + cell * 0.06)
        canvas.text(str(visits), at, size=12, color=MUTED)


def _middle(corner: Point, cell: float) -> Point:
    return corner[0] + cell / 2, corner[1] + cell / 2


def _draw_goal(canvas: Canvas, corner: Point, cell: float) -> None:
    line, corner_radius, side = max(2.0, cell * 0.05), cell * 0.12, cell * 0.9
    left, top = corner[0] + cell * 0.05, corner[1] + cell * 0.05
    canvas.rect(left, top, side, side, ORANGE, line_width=line, radius=corner_radius)
    canvas.star(_middle(corner, cell), cell * 0.3, ORANGE)


def draw_way(canvas: Canvas, points: list[Point], cell: float) -> None:
    """Draw the agent, and the path of the episode as a line that darkens towards it."""
    width = max(2.5, cell * 0.07)
    for number, (start, end) in enumerate(zip(points, points[1:], strict=False), start=1):
        color = mix(SKY, BLUE, number / len(points))
        canvas.line(start, end, color, line_width=width)
        canvas.circle(end, width / 2, color)
    canvas.circle(points[-1], cell * 0.24, PAPER)
    canvas.circle(points[-1], cell * 0.2, BLUE)


def _legend(canvas: Canvas, goal: str, *, ring: str | None) -> None:
    y = canvas.height - FOOT / 2
    x: float = MARGIN + 8
    canvas.circle((x, y), 6, BLUE)
    x += 13 + canvas.text("agent", (x + 13, y), size=12, color=MUTED, anchor="midleft") + 24
    if ring is not None:
        canvas.circle((x, y), 7, GREEN, line_width=2)
        x += 13 + canvas.text(ring, (x + 13, y), size=12, color=MUTED, anchor="midleft") + 24
    canvas.star((x, y), 8, ORANGE)
    x += 13 + canvas.text(goal, (x + 13, y), size=12, color=MUTED, anchor="midleft") + 24
    canvas.rect(x - 7, y - 7, 14, 14, mix(FAINT, SKY, 0.6), radius=2)
    canvas.rect(x - 7, y - 7, 14, 14, RULE, line_width=1, radius=2)
    canvas.text("visits this trial", (x + 13, y), size=12, color=MUTED, anchor="midleft")
