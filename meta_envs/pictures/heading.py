"""Names and values above a picture."""

from __future__ import annotations

import numpy as np

from .drawing import MUTED, Canvas

Lines = list[tuple[str, str]]

_LINE = 20  # height of a line, pixels


def under_heading(picture: np.ndarray, lines: Lines | None) -> np.ndarray:
    """Write names and values above a picture, one per line, without changing its size.

    Args:
        picture: uint8 [height, width, 3].
        lines: Names and values.
    """
    if not lines:
        return picture
    width = picture.shape[1]
    canvas = Canvas(width, _LINE * len(lines) + 10)
    for index, (label, text) in enumerate(lines):
        top = 6.0 + _LINE * index
        left = 10 + canvas.text(label, (10, top), size=13, color=MUTED) + 8
        shown = canvas.fitted(text, width - 10 - left, size=13, bold=True)
        canvas.text(shown, (left, top), size=13, bold=True)
    return np.concatenate([canvas.array(), picture])
