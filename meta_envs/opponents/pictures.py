"""Pictures of contests: the ring with both bodies, their names, versions and the score."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from ..core.tasks import Task
from ..physics.outlines import far_to_near, hull, outline
from ..physics.view import CORNER
from ..pictures.drawing import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RED,
    RULE,
    YELLOW,
    Canvas,
    Point,
    mix,
)
from .contest import MAT, MAT_TOP, OUT, RING

_WIDTH, _HEAD, _FOOT = 480, 74, 14  # pixels
_SPAN = 5.4  # m, of the width
_COLORS = (BLUE, ORANGE)  # of the learner's side and of the other
_EDGE = 1.5  # line width of an outline, pixels


def draw(venv: Any, row: int, task: Task | None) -> np.ndarray:
    """Draw a row.

    Args:
        venv: The contests, a `Sumo`.
        row: Which of them.
        task: Its opponent and version; None leaves them out.

    Returns:
        uint8 [height, width, 3].
    """
    planar = venv.contest.planar
    height = _HEAD + (_WIDTH if planar else 380) + _FOOT
    canvas = Canvas(_WIDTH, height)
    axes = np.eye(3) if planar else CORNER
    middle = np.array([0.0, 0.0, MAT_TOP])
    scale = _WIDTH / _SPAN if planar else _WIDTH / (1.2 * _SPAN)
    center = (_WIDTH / 2, _HEAD + (height - _HEAD - _FOOT) / 2)

    def at(place: Any) -> Point:
        right, up = axes[:2] @ (np.asarray(place, dtype=float) - middle)
        return center[0] + float(right) * scale, center[1] - float(up) * scale

    _draw_mat(canvas, at, planar)
    model, data = venv.contest.physics.nominal, venv.contest.physics.data[row]
    for geom in far_to_near(model, data, axes[2]):
        if model.geom_bodyid[geom]:  # not the mat
            first = model.geom_bodyid[geom] < venv.contest.sides[0].parts.stop
            _draw_geom(canvas, model, data, geom, at, scale, _COLORS[0 if first else 1])
    _draw_heading(canvas, venv, row, task)
    return canvas.array()


def _draw_mat(canvas: Canvas, at: Any, planar: bool) -> None:
    def square(half: float, height: float) -> list[Point]:
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return [at((half * x, half * y, height)) for x, y in corners]

    if not planar:
        top, floor = square(MAT, MAT_TOP), square(MAT, 0.0)
        canvas.polygon(hull([*top, *floor]), mix(RULE, MUTED, 0.4))
    canvas.polygon(square(MAT, MAT_TOP), mix(PAPER, YELLOW, 0.18))
    border = square(RING, MAT_TOP)
    lines = [(border, mix(RED, INK, 0.2), 3.0), (square(OUT, MAT_TOP), mix(RED, PAPER, 0.6), 1.0)]
    for corners, color, width in lines:
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            canvas.line(start, end, color, width)


def _draw_geom(
    canvas: Canvas,
    model: mujoco.MjModel,
    data: mujoco.MjData,
    geom: int,
    at: Any,
    scale: float,
    color: tuple[int, int, int],
) -> None:
    shape = outline(model, data, geom)
    points = [at(place) for place in shape.places]
    light = mix(color, PAPER, 0.15)
    for grow, ink in ((_EDGE, mix(color, INK, 0.65)), (0.0, light)):
        for point in points:
            canvas.circle(point, shape.radius * scale + grow, ink)
        if len(points) == 2:
            canvas.line(points[0], points[1], ink, 2 * (shape.radius * scale + grow))


def _draw_heading(canvas: Canvas, venv: Any, row: int, task: Task | None) -> None:
    state = {name: int(part[row]) for name, part in venv.state.items() if part.ndim == 1}
    right = _WIDTH - 16
    name, version = "opponent", ""
    if task is not None:
        opponent = int(task["opponent"])
        name = venv.roster.names[opponent]
        version = f"version {int(task['version'])}, last {venv.roster.versions[opponent] - 1}"
    half = _WIDTH / 2 - 60
    for place, anchor, side, words in (
        (16, "topleft", 0, venv.player),
        (right, "topright", 1, name),
    ):
        shown = canvas.fitted(words, half, size=17, bold=True)
        canvas.text(shown, (place, 10), size=17, bold=True, color=_COLORS[side], anchor=anchor)
    canvas.text(version, (right, 32), size=13, color=MUTED, anchor="topright")
    score = f"{state['round_wins']} : {state['round_losses']}"
    canvas.text(score, (_WIDTH / 2, 8), size=20, bold=True, anchor="midtop")
    episode = int(venv._clock.episode[row])
    number, contest = divmod(episode - 1, venv.episodes_per_round)
    rounds = f"round {number + 1}, contest {contest + 1} of {venv.episodes_per_round}"
    canvas.text(rounds, (_WIDTH / 2, 33), size=13, color=MUTED, anchor="midtop")
    won, lost, drawn = (state[f"rounds_{one}"] for one in ("won", "lost", "drawn"))
    earlier = f"rounds won {won}, lost {lost}, drawn {drawn}"
    canvas.text(earlier, (16, 52), size=12, color=MUTED)
    clock = f"step {int(venv.elapsed[row])} of {venv.contest.time_limit}"
    canvas.text(clock, (right, 52), size=12, color=MUTED, anchor="topright")
