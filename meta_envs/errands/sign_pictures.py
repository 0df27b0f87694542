"""What rooms with a sign show: boxes, keys and letters; and the plan of the rooms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..pictures.drawing import BLUE, INK, MUTED, ORANGE, PAPER, SKY, Canvas, Color, Point

_CELL = 32  # pixels a metre in the plan
_MARGIN = 30
_HEAD = 84  # room for the heading, pixels
_BOX = ("##########", "#++++++++#", *["#+......+#"] * 6, "#++++++++#", "##########")
_KEY = (
    *("..####....", ".######...", ".##..##...", ".######...", "..####....", "...##....."),
    *("...##.....", "...####...", "...##.....", "...####..."),
)
_LETTERS = {  # 5 by 7
    "B": ("####.", "#...#", "#...#", "####.", "#...#", "#...#", "####."),
    "D": ("####.", "#...#", "#...#", "#...#", "#...#", "#...#", "####."),
    "E": ("#####", "#....", "#....", "####.", "#....", "#....", "#####"),
    "G": (".###.", "#...#", "#....", "#.###", "#...#", "#...#", ".###."),
    "L": ("#....", "#....", "#....", "#....", "#....", "#....", "#####"),
    "N": ("#...#", "##..#", "#.#.#", "#.#.#", "#..##", "#...#", "#...#"),
    "R": ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"),
    "U": ("#...#", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
}
_PAPER, _INK = (245, 245, 240, 255), (20, 20, 25, 255)


def box_image(colour: Sequence[int]) -> np.ndarray:
    """Return a box with darker edges, uint8 [10, 10, 4]."""
    shades = {"#": 0.55, "+": 0.8, ".": 1.0}
    return np.array(
        [[(*(int(part * shades[mark]) for part in colour), 255) for mark in line] for line in _BOX],
        dtype=np.uint8,
    )


def key_image(colour: Sequence[int]) -> np.ndarray:
    """Return a key that one sees past, uint8 [10, 10, 4]."""
    marks = {"#": (*colour, 255), ".": (0, 0, 0, 0)}
    return np.array([[marks[mark] for mark in line] for line in _KEY], dtype=np.uint8)


def text_image(word: str) -> np.ndarray:
    """Return a word in dark letters on pale paper, uint8 [9, 6 * letters + 1, 4]."""
    image = np.tile(np.array(_PAPER, np.uint8), (9, 6 * len(word) + 1, 1))
    for place, letter in enumerate(word):
        dark = np.array([[mark == "#" for mark in line] for line in _LETTERS[letter]])
        image[1:8, 6 * place + 1 : 6 * place + 6][dark] = _INK
    return image


def draw_rooms(
    walls: np.ndarray,
    heading: tuple[str, str, float],
    *,
    objects: np.ndarray,
    colours: Sequence[Color],
    sign: tuple[Point, str],
    target: tuple[int, int] | None,
    way: Sequence[Point],
    ahead: Point,
) -> np.ndarray:
    """Draw the rooms from above: uint8 [height, width, 3].

    Args:
        walls: 1 for wall, a cell a metre, [down, across].
        heading: What stands above: instruction, episode and step, return.
        objects: x and y of boxes and of keys, by colour, [2, colours, 2].
        colours: Colours.
        sign: Where the sign is, and what it says.
        target: Shape and colour of the object to touch; None while exploring.
        way: The agent's places in this episode, first to last.
        ahead: Direction in which it looks.
    """
    down, across = walls.shape
    canvas = Canvas(across * _CELL + 2 * _MARGIN, _HEAD + down * _CELL + _MARGIN)

    def at(place: Sequence[float]) -> Point:
        return _MARGIN + place[0] * _CELL, _HEAD + place[1] * _CELL

    told, where, total = heading
    canvas.text("SignNavigation", (_MARGIN, 14), size=18, bold=True)
    canvas.text(told, (_MARGIN, 38), size=13)
    canvas.text(where, (_MARGIN, 58), size=12, color=MUTED)
    shown = f"{total:+.0f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(shown, (canvas.width - _MARGIN, 14), size=18, bold=True, anchor="topright")
    canvas.rect(*at((0, 0)), across * _CELL, down * _CELL, INK, line_width=4)
    for row, column in np.argwhere(walls).tolist():
        canvas.rect(*at((column, row)), _CELL, _CELL, INK)
    for shape, colour in np.ndindex(objects.shape[:2]):
        middle = at(objects[shape, colour].tolist())
        if target == (shape, colour):
            canvas.circle(middle, 22, (*ORANGE, 90))
        if shape == 0:
            canvas.rect(middle[0] - 12, middle[1] - 12, 24, 24, colours[colour], radius=3)
        else:
            canvas.circle(middle, 9, colours[colour], line_width=5)
            canvas.line(middle, (middle[0] + 20, middle[1]), colours[colour], 5)
    place, word = sign
    right = at((place[0], place[1]))
    canvas.text(word, (right[0], right[1]), size=13, bold=True, anchor="midright")
    points = [at(one) for one in way]
    for start, end in zip(points, points[1:], strict=False):
        canvas.line(start, end, SKY, 3)
    x, y = points[-1]
    canvas.line((x, y), (x + 18 * ahead[0], y + 18 * ahead[1]), BLUE, 4)
    canvas.circle((x, y), 8, PAPER)
    canvas.circle((x, y), 6.5, BLUE)
    return canvas.array()
