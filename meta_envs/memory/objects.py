"""Objects that are drawn: symmetric figures in colour, and the picture of two of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..pictures.drawing import CYCLE, FAINT, GREEN, MUTED, ORANGE, PAPER, RED, RULE, Canvas

BITS = 15  # of a figure: 5 rows of 3, the other 2 columns mirrored
FEWEST = 4  # bits of a figure that can be told from others at a glance
COLOURS = len(CYCLE)
_SQUARE, _EDGE = 4, 4  # of a figure's squares, and of the margin around it, pixels
_SIDE = 5 * _SQUARE + 2 * _EDGE
IMAGE = (_SIDE, 2 * _SIDE, 3)  # of the two objects side by side

_TILE, _MARGIN, _HEAD, _FOOT = 168, 24, 64, 52  # of the picture, pixels


def image_of(patterns: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return the images of figures, uint8 [..., 28, 28, 3].

    Args:
        patterns: Bits, [..., 15].
        colours: Indices into the seven colours, [...].
    """
    half = patterns.reshape(*patterns.shape[:-1], 5, 3).astype(bool)
    whole = np.concatenate([half, half[..., 1::-1]], axis=-1)
    large = whole.repeat(_SQUARE, axis=-2).repeat(_SQUARE, axis=-1)
    image = np.zeros((*patterns.shape[:-1], _SIDE, _SIDE, 3), np.uint8)
    inside = image[..., _EDGE:-_EDGE, _EDGE:-_EDGE, :]
    inside[...] = large[..., None] * np.array(CYCLE, np.uint8)[colours][..., None, None, :]
    return image


def tile_of(vector: np.ndarray) -> np.ndarray:
    """Return a picture of a vector: a stripe for each number, uint8 [side, side, 3]."""
    count = len(vector)
    shades = ((1.0 + vector) * 127.5).round().astype(np.uint8)
    stripe = shades[np.arange(_TILE) * count // _TILE]
    return np.broadcast_to(stripe[None, :, None], (_TILE, _TILE, 3)).copy()


def draw_harlow(
    left: np.ndarray,
    right: np.ndarray,
    *,
    good: int,
    choices: Sequence[bool],
    presentations: int,
) -> np.ndarray:
    """Draw two objects: uint8 [height, width, 3].

    Args:
        left: Picture of the left object, uint8 [side, side, 3].
        right: Picture of the right one.
        good: 0 if the left one pays, 1 if the right one does.
        choices: Whether each choice so far was right.
        presentations: Choices per episode.
    """
    canvas = Canvas(2 * _TILE + 3 * _MARGIN, _HEAD + _TILE + _MARGIN + _FOOT)
    canvas.text("Harlow", (_MARGIN, 14), size=18, bold=True)
    words = f"choice {min(len(choices) + 1, presentations)} of {presentations}"
    canvas.text(words, (_MARGIN, 38), size=13, color=MUTED)
    edge = canvas.width - _MARGIN
    canvas.text(f"{sum(choices)}", (edge, 14), size=18, bold=True, anchor="topright")
    canvas.text("right so far", (edge, 38), size=13, color=MUTED, anchor="topright")
    lefts = (_MARGIN, 2 * _MARGIN + _TILE)
    box = (lefts[good] - 6, _HEAD - 6, _TILE + 12, _TILE + 12)
    canvas.rect(*box, ORANGE, line_width=4, radius=6)
    y = canvas.height - _FOOT / 2
    x = _MARGIN + 10.0
    for one in range(min(presentations, 12)):
        done = one < len(choices)
        color = (GREEN if choices[one] else RED) if done else FAINT
        canvas.circle((x, y), 8, color)
        canvas.circle((x, y), 8, RULE if not done else PAPER, line_width=1)
        x += 24
    canvas.star((edge - 96, y), 8, ORANGE)
    canvas.text("pays (hidden)", (edge, y), size=12, color=MUTED, anchor="midright")
    picture = canvas.array()
    for start, tile in zip(lefts, (left, right), strict=True):
        times = _TILE // len(tile)
        picture[_HEAD : _HEAD + _TILE, start : start + _TILE] = tile.repeat(times, 0).repeat(
            times, 1
        )
    return picture
