"""The picture of a game: its screen, with name, score and lives above."""

from __future__ import annotations

import re

import numpy as np

from ..pictures.drawing import MUTED, Canvas

_SCALE = 2, 4  # of a screen 210 high and 160 wide, whose pixels were about twice as wide as high
_MARGIN, _HEAD = 16, 64  # pixels


def draw_game(
    screen: np.ndarray, *, name: str, score: float, lives: int, step: int, frame_skip: int
) -> np.ndarray:
    """Draw a game: uint8 [height, width, 3].

    Args:
        screen: What the game shows, uint8 [210, 160, 3].
        name: Name of the game.
        score: Raw score so far.
        lives: Lives left.
        step: Number of the step in the episode.
        frame_skip: Frames a step.
    """
    shown = screen.repeat(_SCALE[0], axis=0).repeat(_SCALE[1], axis=1)
    height, width, _ = shown.shape
    canvas = Canvas(width + 2 * _MARGIN, _HEAD + height + _MARGIN)
    canvas.text(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name), (_MARGIN, 14), size=18, bold=True)
    frames = f"step {step:,}  ·  frame {step * frame_skip:,}"
    canvas.text(frames, (_MARGIN, 38), size=13, color=MUTED)
    right = width + _MARGIN
    words = f"{score:,.0f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(words, (right, 14), size=18, bold=True, anchor="topright")
    left = f"score  ·  {lives} {'life' if lives == 1 else 'lives'} left" if lives else "score"
    canvas.text(left, (right, 38), size=13, color=MUTED, anchor="topright")
    picture = canvas.array()
    picture[_HEAD : _HEAD + height, _MARGIN : _MARGIN + width] = shown
    return picture
