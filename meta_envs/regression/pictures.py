"""Pictures of curves: the hidden curve, the pairs shown, the answers given."""

from __future__ import annotations

import numpy as np

from ..pictures.drawing import BLUE, FAINT, MUTED, ORANGE, PAPER, RED, RULE, SKY, Canvas, Point

_WIDTH, _HEIGHT = 560, 336  # of the plane, pixels
_MARGIN = 30
_HEAD = 64  # room for the heading, pixels
_FOOT = 46  # room for the legend, pixels
_X, _Y = 5.25, 5.6  # half the sides of the view
_MINUS = "\N{MINUS SIGN}"


def draw_curve(
    *,
    amplitude: float,
    phase: float,
    x: np.ndarray,
    y: np.ndarray,
    answers: np.ndarray,
    shots: int,
    step: int,
) -> np.ndarray:
    """Draw a sine wave and what is known of it: uint8 [height, width, 3].

    Args:
        amplitude: Amplitude of the wave.
        phase: Phase of the wave, radians.
        x: x of the points of the episode [T].
        y: y of the points [T].
        answers: Answers given so far [T]; entries from `step` on are ignored.
        shots: Points that are shown; the others are asked for.
        step: Number of steps taken.
    """
    canvas = Canvas(_WIDTH + 2 * _MARGIN, _HEAD + _HEIGHT + _FOOT)
    _heading(canvas, amplitude, phase, (y, answers), shots, step)
    _draw_axes(canvas)
    line = [_at(float(one), amplitude * np.sin(one - phase)) for one in np.linspace(-5, 5, 201)]
    for start, end in zip(line, line[1:], strict=False):
        canvas.line(start, end, SKY, 2)
    if step < len(x):  # the pair that is asked for, or shown, now
        now = float(x[step])
        canvas.line(_at(now, -_Y), _at(now, _Y), RULE, 1.5)
    for index in range(min(step + 1, shots)):
        canvas.circle(_at(float(x[index]), float(y[index])), 6, PAPER)
        canvas.circle(_at(float(x[index]), float(y[index])), 5, BLUE)
    for index in range(shots, step):
        right = _at(float(x[index]), float(y[index]))
        given = _at(float(x[index]), float(np.clip(answers[index], -_Y, _Y)))
        canvas.line(right, given, RED, 1.5)
        canvas.circle(given, 6, PAPER)
        canvas.circle(given, 5, ORANGE)
    _legend(canvas)
    return canvas.array()


def _at(x: float, y: float) -> Point:
    return (
        _MARGIN + (x + _X) / (2 * _X) * _WIDTH,
        _HEAD + (_Y - y) / (2 * _Y) * _HEIGHT,
    )


def _heading(
    canvas: Canvas,
    amplitude: float,
    phase: float,
    values: tuple[np.ndarray, np.ndarray],
    shots: int,
    step: int,
) -> None:
    y, answers = values
    queries = len(y) - shots
    canvas.text("Sinusoid", (_MARGIN, 14), size=18, bold=True)
    asked = max(step - shots, 0)
    what = f"pair {step + 1} of {shots}" if step < shots else f"{asked} of {queries} queries"
    facts = f"{what}  ·  amplitude {amplitude:.2f}, phase {phase:.2f}"
    canvas.text(facts, (_MARGIN, 38), size=13, color=MUTED)
    right = canvas.width - _MARGIN
    error = "–" if not asked else f"{np.mean((answers - y)[shots:step] ** 2):.2f}"
    canvas.text(error, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("mean squared error", (right, 38), size=13, color=MUTED, anchor="topright")


def _draw_axes(canvas: Canvas) -> None:
    left, top = _at(-_X, _Y)
    canvas.rect(left, top, _WIDTH, _HEIGHT, FAINT, line_width=1.5, radius=4)
    canvas.line(_at(-_X, 0), _at(_X, 0), FAINT, 1.5)
    canvas.line(_at(0, -_Y), _at(0, _Y), FAINT, 1.5)
    for tick in (-5, 5):
        words = str(tick).replace("-", _MINUS)
        x, y = _at(tick, 0)
        canvas.text(words, (x, y + 3), size=11, color=MUTED, anchor="midtop")
        x, y = _at(0, tick)
        canvas.text(words, (x + 4, y), size=11, color=MUTED, anchor="midleft")


def _legend(canvas: Canvas) -> None:
    y = canvas.height - _FOOT / 2
    x: float = _MARGIN + 8
    for color, words in ((BLUE, "pair shown"), (ORANGE, "answer")):
        canvas.circle((x, y), 5, color)
        x += 33 + canvas.text(words, (x + 13, y), size=12, color=MUTED, anchor="midleft")
    for color, words in ((SKY, "wave (hidden)"), (RED, "error")):
        canvas.line((x - 6, y), (x + 8, y), color, 2)
        x += 37 + canvas.text(words, (x + 15, y), size=12, color=MUTED, anchor="midleft")
