"""A picture of what an agent believes: how likely each cell of a grid pays."""

from __future__ import annotations

from typing import Any

import numpy as np

_HEAD, _MARGIN = 40, 16  # pixels above and around the grid
_WIDTH = 320


def cells_of(loop: Any) -> np.ndarray | None:
    """Return the probability that each cell pays, [X, Y], which an inner loop of one row believes.

    None where it believes nothing, or nothing about cells in a plane.
    """
    cells = getattr(getattr(loop, "belief", None), "cells", None)
    return cells[0] if cells is not None and cells.ndim == 3 else None


def beside(picture: np.ndarray, cells: np.ndarray | None) -> np.ndarray:
    """Draw a belief to the right of a picture, y upwards.

    Args:
        picture: uint8 [height, width, 3].
        cells: Probabilities [X, Y]; None draws nothing.

    Returns:
        uint8 [height, width, 3], wider if there is a belief.
    """
    if cells is None:
        return picture
    from meta_envs.pictures.drawing import BLUE, FAINT, INK, MUTED, PAPER, Canvas, mix

    high = picture.shape[0]
    canvas = Canvas(_WIDTH, high)
    canvas.text("what the agent believes", (_MARGIN, 12), size=14, color=MUTED)
    side = min((_WIDTH - 2 * _MARGIN) / cells.shape[0], (high - _HEAD - _MARGIN) / cells.shape[1])
    for (x, y), chance in np.ndenumerate(cells):
        left, top = _MARGIN + x * side, _HEAD + (cells.shape[1] - 1 - y) * side
        canvas.rect(left, top, side - 2, side - 2, mix(FAINT, BLUE, float(chance)))
        if chance >= 0.005:
            color = PAPER if chance > 0.5 else INK
            middle = (left + side / 2 - 1, top + side / 2 - 1)
            words, size = f"{chance:.0%}", max(side * 0.28, 8)
            canvas.text(words, middle, size=size, color=color, anchor="center")
    return np.concatenate([picture, canvas.array()], axis=1)
