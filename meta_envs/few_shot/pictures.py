"""Drawings of a lesson: what was shown, and what was answered."""

from __future__ import annotations

import numpy as np

from ..pictures.drawing import FAINT, GREEN, INK, MUTED, ORANGE, RED, RULE, Canvas

_TILE, _GAP, _MARGIN = 84, 14, 24  # pixels
_HEAD, _LABEL = 58, 26
_MOST = 6  # tiles side by side


def draw_lesson(
    pictures: np.ndarray, *, labels: np.ndarray, answers: np.ndarray, lesson: int, step: int
) -> np.ndarray:
    """Draw the pictures of an episode up to the present one: uint8 [height, width, 3].

    Args:
        pictures: uint8 [T, size, size], ink bright.
        labels: [T].
        answers: Labels answered so far, [T]; entries from `step` on are ignored.
        lesson: Pictures that are shown with their labels.
        step: Number of steps taken.
    """
    total = len(pictures)
    lines = -(-lesson // _MOST), -(-(total - lesson) // _MOST)
    line = _TILE + _LABEL + _GAP
    width = 2 * _MARGIN + _MOST * _TILE + (_MOST - 1) * _GAP
    canvas = Canvas(width, 2 * _HEAD + sum(lines) * line + _MARGIN)
    right = sum(int(answers[one] == labels[one]) for one in range(lesson, min(step, total)))
    asked = max(min(step, total) - lesson, 0)
    canvas.text("Shown with their labels", (_MARGIN, 18), size=16, bold=True)
    below = _HEAD + lines[0] * line
    canvas.text("Asked about", (_MARGIN, below + 10), size=16, bold=True)
    canvas.text(
        f"{right} of {asked} right",
        (width - _MARGIN, below + 12),
        size=13,
        color=MUTED,
        anchor="topright",
    )
    places = []
    for index in range(total):
        query = index >= lesson
        row, column = divmod(index - lesson if query else index, _MOST)
        top = (below + 44 if query else _HEAD - 6) + row * line
        left = _MARGIN + column * (_TILE + _GAP)
        places.append((left, top))
        _frame(canvas, left, top, index, labels, answers, lesson, step)
    picture = canvas.array()
    for index, (left, top) in enumerate(places[: min(step + 1, total)]):
        picture[top : top + _TILE, left : left + _TILE] = _enlarged(pictures[index])
    return picture


def _frame(
    canvas: Canvas,
    left: int,
    top: int,
    index: int,
    labels: np.ndarray,
    answers: np.ndarray,
    lesson: int,
    step: int,
) -> None:
    """Draw the frame of a picture and what stands below it."""
    if index > step:
        canvas.rect(left, top, _TILE, _TILE, FAINT, radius=4)
        return
    color = ORANGE if index == step else RULE
    canvas.rect(left - 3, top - 3, _TILE + 6, _TILE + 6, color, line_width=3, radius=4)
    below = (left + _TILE / 2, top + _TILE + 5)
    name = _name(int(labels[index]))
    if index < lesson:
        canvas.text(name, below, size=15, bold=True, color=INK, anchor="midtop")
    elif index == step:
        canvas.text("?", below, size=15, bold=True, color=ORANGE, anchor="midtop")
    else:
        right = answers[index] == labels[index]
        said = _name(int(answers[index]))
        words = said if right else f"{said}, not {name}"
        canvas.text(
            words, below, size=15, bold=True, color=GREEN if right else RED, anchor="midtop"
        )


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """Return a picture as dark ink on white, uint8 [tile, tile, 3]."""
    index = np.arange(_TILE) * len(picture) // _TILE
    return np.repeat(255 - picture[np.ix_(index, index)][..., None], 3, axis=2)


def _name(label: int) -> str:
    return chr(ord("A") + label) if label < 26 else str(label)
