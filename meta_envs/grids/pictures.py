"""Pictures of grids with objects, and of chains."""

from __future__ import annotations

import numpy as np

from ..pictures.drawing import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    PAPER,
    RED,
    RULE,
    Canvas,
    Point,
    mix,
)

_SIDE = 420  # of the longer side of a grid, pixels
_MARGIN = 30
_HEAD = 64  # room for the heading, pixels
_FOOT = 46  # room for the legend, pixels
_CHAIN = 640, 230  # pixels


def draw_grid(
    family: str,
    level: str,
    *,
    walls: np.ndarray,
    cell: int,
    places: np.ndarray,
    exists: np.ndarray,
    numbers: np.ndarray,
    total: float,
    step: tuple[int, int],
) -> np.ndarray:
    """Draw a level: uint8 [height, width, 3]. H rows, W columns, O objects.

    Args:
        family: Name of the family.
        level: Name of the level.
        walls: 1 for a wall, [H, W].
        cell: Where the agent is.
        places: Where the objects are, or were, [O].
        exists: Which are there, bool [O].
        numbers: Reward, p_end and p_back of each object, [3, O].
        total: Return of the episode so far.
        step: Number of the step, and the horizon.
    """
    rows, columns = walls.shape
    side = _SIDE / max(rows, columns)
    width = round(max(columns * side, 300)) + 2 * _MARGIN
    canvas = Canvas(width, _HEAD + round(rows * side) + _FOOT)
    _head(canvas, f"{family}, {level}", f"step {step[0]} of {step[1]}", total)
    gap = max(0.5, side * 0.025)

    def corner(place: int) -> Point:
        row, column = divmod(int(place), columns)
        return _MARGIN + column * side, _HEAD + row * side

    for place, wall in enumerate(walls.ravel().tolist()):
        left, top = corner(place)
        shade = mix(INK, MUTED, 0.4) if wall else FAINT
        canvas.rect(left + gap, top + gap, side - 2 * gap, side - 2 * gap, shade)
    for index, place in enumerate(places.tolist()):
        reward, p_end, _ = numbers[:, index].tolist()
        left, top = corner(place)
        center = (left + side / 2, top + side / 2)
        color = mix(PAPER, GREEN if reward > 0 else RED, 0.35 + 0.65 * min(abs(reward), 1.0))
        if not exists[index]:
            canvas.circle(center, side * 0.36, color, line_width=max(1.5, side * 0.04))
            continue
        canvas.circle(center, side * 0.38, color)
        if p_end > 0:  # a ring that closes as the end grows certain
            canvas.circle(center, side * 0.46, INK, line_width=max(1.0, side * 0.07 * p_end))
        if side >= 28:
            text = f"{reward:+.2g}".replace("-", "\N{MINUS SIGN}")
            canvas.text(text, center, size=side * 0.3, color=PAPER, anchor="center", bold=True)
    left, top = corner(cell)
    middle = (left + side / 2, top + side / 2)
    canvas.circle(middle, side * 0.28, PAPER)
    canvas.circle(middle, side * 0.23, BLUE)
    _legend(canvas)
    return canvas.array()


def draw_chain(
    level: str,
    *,
    length: int,
    step: int,
    first: int | None,
    correct: int,
    episode: tuple[int, int],
) -> np.ndarray:
    """Draw a chain from left to right: uint8 [height, width, 3].

    Args:
        level: Name of the level.
        length: Steps of an episode.
        step: Steps taken.
        first: The first action; None before it.
        correct: The first action that is right.
        episode: Number of the episode, and number of episodes per trial.
    """
    canvas = Canvas(*_CHAIN)
    right = first == correct
    total = None if step < length else (1.0 if right else -1.0)
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step} of {length}"
    _head(canvas, f"DelayedChain, {level}", where, total)
    ends = _MARGIN + 14.0, canvas.width - _MARGIN - 14.0
    lanes = (100.0, 160.0)
    start = (ends[0], sum(lanes) / 2)
    for action, y in enumerate(lanes):
        points = [(float(x), y) for x in np.linspace(ends[0] + 26, ends[1], length)]
        color = GREEN if action == correct else RED
        taken = first == action
        canvas.line(start, points[0], INK if taken else RULE, 3 if taken else 1.5)
        for index, point in enumerate(points):
            if index:
                behind = taken and index < step
                canvas.line(points[index - 1], point, INK if behind else RULE, 3 if behind else 1.5)
        for index, point in enumerate(points):
            last = index == length - 1
            canvas.circle(point, 10 if last else 4, color if last else RULE)
            if taken and index == step - 1:
                canvas.circle(point, 9, PAPER)
                canvas.circle(point, 7, BLUE)
    canvas.circle(start, 9, BLUE if first is None else MUTED)
    words = "the first action chooses a lane (up 0, down 1), which is hidden to be right or wrong"
    canvas.text(words, (_MARGIN, canvas.height - 24), size=12, color=MUTED, anchor="midleft")
    return canvas.array()


def _head(canvas: Canvas, title: str, where: str, total: float | None) -> None:
    canvas.text(title, (_MARGIN, 14), size=18, bold=True)
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    if total is None:
        return
    right = canvas.width - _MARGIN
    text = f"{total:+.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(text, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")


def _legend(canvas: Canvas) -> None:
    y = canvas.height - _FOOT / 2
    x: float = _MARGIN + 8

    def said(words: str) -> None:
        nonlocal x
        x += 13 + canvas.text(words, (x + 13, y), size=12, color=MUTED, anchor="midleft") + 14

    for words, color in (("agent", BLUE), ("pays", GREEN), ("costs", RED)):
        canvas.circle((x, y), 6, color)
        said(words)
    canvas.circle((x, y), 6, MUTED, line_width=2)
    said("collected")
