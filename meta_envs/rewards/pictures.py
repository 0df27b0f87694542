"""Pictures of rewards in the plane: a field of colour, and the paths of this trial in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..pictures.drawing import INK, MUTED, ORANGE, PAPER, Canvas, Color, Point, mix
from ..pictures.trails import Trail

_SIDE = 420  # of the plane, pixels
_MARGIN, _HEAD, _FOOT = 30, 64, 46
_CELLS = 42  # of the field, along each side
_LOW, _HIGH = (255, 250, 235), (0, 114, 178)  # colours of the least and the highest reward
_PAST = (140, 140, 146)
_SKILLS = 1.0  # half the side of the view, widened by steps until the paths are in it
_ZOOM = 1.5

Reward = Callable[[np.ndarray, Mapping[str, np.ndarray]], np.ndarray]


def draw_field(
    reward: Reward,
    task: Mapping[str, Any],
    trail: Trail,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> np.ndarray:
    """Draw what a task pays in the plane, y upwards: uint8 [height, width, 3].

    Args:
        reward: Reward of places [R, 2] in tasks [R].
        task: The row's task.
        trail: Where the row has been in this trial.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and the horizon (None if there is none).
    """
    extent = _extent(trail)
    canvas = Canvas(_SIDE + 2 * _MARGIN, _HEAD + _SIDE + _FOOT)

    def at(place: Point) -> Point:
        x, y = place
        scale = _SIDE / (2 * extent)
        return _MARGIN + (x + extent) * scale, _HEAD + (extent - y) * scale

    low, high = _draw_cells(canvas, reward, task, extent)
    for past in trail.past:
        _draw_way(canvas, [at(place) for place in past], _PAST, 1.5)
    _draw_way(canvas, [at(place) for place in trail.way], ORANGE, 3)
    if trail.way:
        canvas.circle(at(trail.way[-1]), 8, PAPER)
        canvas.circle(at(trail.way[-1]), 6.5, INK)
    _write(canvas, task, trail, episode, step)
    _legend(canvas, low, high)
    return canvas.array()


def _extent(trail: Trail) -> float:
    """Return half the side of the view, wide enough for every path."""
    places = [place for way in (*trail.past, trail.way) for place in way]
    most = float(np.abs(np.array(places)).max()) if places else 0.0
    extent = _SKILLS
    while extent < most:
        extent *= _ZOOM
    return extent


def _draw_cells(
    canvas: Canvas, reward: Reward, task: Mapping[str, Any], extent: float
) -> tuple[float, float]:
    """Fill the plane with colours, and return the least and the highest reward in it."""
    middles = extent * (2 * (np.arange(_CELLS) + 0.5) / _CELLS - 1)
    x, y = np.meshgrid(middles, middles)
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    tasks = {key: np.full(len(places), value) for key, value in task.items()}
    paid = reward(places, tasks)
    low, high = float(paid.min()), float(paid.max())
    shares = (paid - low) / max(high - low, 1e-9)
    size = _SIDE / _CELLS
    for number, share in enumerate(shares.tolist()):
        row, column = divmod(number, _CELLS)
        left, top = _MARGIN + column * size, _HEAD + (_CELLS - 1 - row) * size
        canvas.rect(left, top, size, size, mix(_LOW, _HIGH, share))
    return low, high


def _draw_way(canvas: Canvas, points: list[Point], color: Color, width: float) -> None:
    for start, end in zip(points, points[1:], strict=False):
        canvas.line(start, end, color, line_width=width)
        canvas.circle(end, width / 2, color)


def _write(
    canvas: Canvas,
    task: Mapping[str, Any],
    trail: Trail,
    episode: tuple[int, int],
    step: tuple[int, int | None],
) -> None:
    told = f"skill {int(task['skill'])}"
    if "discriminator" in task:
        told += f" of discriminator {int(task['discriminator'])}"
    canvas.text(told, (_MARGIN, 14), size=18, bold=True)
    horizon = "" if step[1] is None else f" of {step[1]}"
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]}{horizon}"
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    total = f"{trail.total:+.2f}".replace("-", "\N{MINUS SIGN}")
    right = canvas.width - _MARGIN
    canvas.text(total, (right, 14), size=18, bold=True, anchor="topright")


def _legend(canvas: Canvas, low: float, high: float) -> None:
    """Draw the scale of colours, and what paths are."""
    y, x = canvas.height - _FOOT / 2, float(_MARGIN)
    words = [f"{one:.1f}".replace("-", "\N{MINUS SIGN}") for one in (low, high)]
    x += canvas.text(words[0], (x, y), size=12, color=MUTED, anchor="midleft") + 8
    for part in range(40):
        canvas.rect(x + 2 * part, y - 6, 2, 12, mix(_LOW, _HIGH, part / 39))
    x += 88
    x += canvas.text(f"{words[1]} a step", (x, y), size=12, color=MUTED, anchor="midleft") + 24
    for color, name in ((ORANGE, "episode"), (_PAST, "earlier ones")):
        canvas.line((x, y), (x + 14, y), color, line_width=3)
        x += 20
        x += canvas.text(name, (x, y), size=12, color=MUTED, anchor="midleft") + 20
