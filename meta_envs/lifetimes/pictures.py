"""Pictures of lifetimes: the problem, and below it the rewards and figures of a whole life."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..pictures.drawing import (
    BLUE,
    CYCLE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RED,
    RULE,
    SKY,
    Canvas,
    Color,
    Point,
    mix,
)
from .history import History

_WIDTH = 480  # pixels
_MARGIN = 30
_HEAD = 64  # room for the heading, pixels
_LIFE = 150  # room for the curves of a life, pixels
_GRID = 320  # longer side of a grid, pixels
_RING = 330  # height of the picture of a ring of states, pixels
_CHAIN = 150  # height of the picture of a chain, pixels
_MARKS = {"state": SKY, "disturbed": ORANGE, "end": RULE, "paying": GREEN}


def draw_two_colours(
    size: int,
    places: Sequence[tuple[int, int]],
    *,
    paying: int,
    life: Mapping[str, History],
    step: int,
    to_switch: int,
) -> np.ndarray:
    """Draw the grid, y upwards: uint8 [height, width, 3].

    Args:
        size: Cells along a side.
        places: x and y of the agent, the blue and the red square.
        paying: The colour that pays, 0 blue or 1 red.
        life: Rewards (under `""`) and figures.
        step: Number of the step.
        to_switch: Steps until the colours change over.
    """
    where = f"step {step:,}  ·  the colours change over in {to_switch:,}"
    canvas = _page("TwoColours", where, _GRID, life)
    cell, left = _GRID / size, (_WIDTH - _GRID) / 2
    corners = [(left + x * cell, _HEAD + (size - 1 - y) * cell) for x, y in places]
    _draw_cells(canvas, (left, _HEAD), cell, (size, size))
    for color, (corner, shade) in enumerate(zip(corners[1:], (BLUE, RED), strict=True)):
        pad = cell * 0.08
        side = cell - 2 * pad
        canvas.rect(corner[0] + pad, corner[1] + pad, side, side, shade, radius=cell * 0.1)
        words = "+1" if color == paying else "\N{MINUS SIGN}1"
        middle = corner[0] + cell / 2, corner[1] + cell / 2
        canvas.text(words, middle, size=cell * 0.3, color=PAPER, anchor="center", bold=True)
    middle = corners[0][0] + cell / 2, corners[0][1] + cell / 2
    canvas.circle(middle, cell * 0.3, PAPER)
    canvas.circle(middle, cell * 0.26, INK)
    _draw_life(canvas, _HEAD + _GRID, life, "reward a step")
    return canvas.array()


def draw_catch(
    size: tuple[int, int],
    *,
    ball: tuple[int, int],
    paddle: int,
    mirrored: bool,
    life: Mapping[str, History],
    episode: tuple[int, int],
) -> np.ndarray:
    """Draw the board: uint8 [height, width, 3].

    Args:
        size: Rows and columns.
        ball: Row and column of the ball.
        paddle: Column of the paddle.
        mirrored: Whether the actions are mirrored.
        life: Returns (under `""`) and figures.
        episode: Number of the episode, and number of episodes per trial.
    """
    where = f"episode {episode[0]:,} of {episode[1]:,}" + ("  ·  mirrored" if mirrored else "")
    canvas = _page("Catch", where, _GRID, life)
    cell = _GRID / max(size)
    left = (_WIDTH - cell * size[1]) / 2
    _draw_cells(canvas, (left, _HEAD), cell, size)
    top = _HEAD + (size[0] - 0.7) * cell
    canvas.rect(left + paddle * cell, top, cell, cell * 0.4, BLUE, radius=cell * 0.15)
    middle = left + (ball[1] + 0.5) * cell, _HEAD + (ball[0] + 0.5) * cell
    canvas.circle(middle, cell * 0.32, ORANGE)
    _draw_life(canvas, _HEAD + _GRID, life, "return of an episode")
    return canvas.array()


def draw_chain(
    name: str,
    labels: Sequence[str],
    kinds: Sequence[str],
    *,
    place: int,
    life: Mapping[str, History],
    episode: tuple[int, int],
    legend: Mapping[str, str],
) -> np.ndarray:
    """Draw states in a line: uint8 [height, width, 3].

    Args:
        name: Name of the problem.
        labels: What is written under each state.
        kinds: Kind of each state: `"state"`, `"disturbed"`, `"end"` or `"paying"`.
        place: Index of the state the row is in.
        life: Returns (under `""`) and figures.
        episode: Number of the episode, and number of episodes per trial.
        legend: What kinds mean.
    """
    canvas = _page(name, f"episode {episode[0]:,} of {episode[1]:,}", _CHAIN, life)
    gap = (_WIDTH - 2 * _MARGIN) / len(labels)
    radius = min(15.0, gap * 0.36)
    points = [(_MARGIN + (index + 0.5) * gap, _HEAD + 44.0) for index in range(len(labels))]
    for start, end in zip(points, points[1:], strict=False):
        canvas.line(start, end, RULE, 2)
    for index, (point, label, kind) in enumerate(zip(points, labels, kinds, strict=True)):
        if index == place:
            canvas.circle(point, radius + 7, INK)
            canvas.circle(point, radius + 4, PAPER)
        canvas.circle(point, radius, _MARKS[kind])
        if gap > 24:
            below = point[0], point[1] + radius + 12
            words = label.replace("-", "\N{MINUS SIGN}")
            canvas.text(words, below, size=min(12.0, gap * 0.34), color=MUTED, anchor="midtop")
    x, y = _MARGIN + 6.0, _HEAD + _CHAIN - 24.0
    for kind, words in legend.items():
        canvas.circle((x, y), 6, _MARKS[kind])
        x += 36 + canvas.text(words, (x + 12, y), size=12, color=MUTED, anchor="midleft")
    _draw_life(canvas, _HEAD + _CHAIN, life, "return of an episode")
    return canvas.array()


def draw_ring(
    pays: np.ndarray,
    *,
    state: int,
    mdp: tuple[int, int],
    life: Mapping[str, History],
    step: int,
    to_switch: int,
) -> np.ndarray:
    """Draw states in a ring, each a disc of its actions' rewards: uint8 [height, width, 3].

    Args:
        pays: Rewards [S, A], 0 to 1.
        state: The state the row is in.
        mdp: Number of the MDP in force, and number of MDPs.
        life: Rewards (under `""`) and figures.
        step: Number of the step.
        to_switch: Steps until another MDP comes into force.
    """
    where = f"step {step:,}  ·  MDP {mdp[0]} of {mdp[1]} for {to_switch:,} more"
    canvas = _page("SwitchingMDPs", where, _RING, life)
    center, reach = (_WIDTH / 2, _HEAD + _RING / 2 - 8), _RING / 2 - 54
    radius = min(30.0, 0.75 * reach * math.sin(math.pi / len(pays)))
    for number, rewards in enumerate(pays):
        middle = _on_circle(center, reach, number / len(pays))
        if number == state:
            canvas.circle(middle, radius + 8, INK)
            canvas.circle(middle, radius + 4, PAPER)
        for action, reward in enumerate(rewards.tolist()):
            share = np.linspace(action, action + 1, 12) / len(rewards)
            rim = [_on_circle(middle, radius, float(one)) for one in share]
            canvas.polygon([middle, *rim], mix(FAINT, GREEN, reward))
        canvas.circle(middle, radius * 0.42, PAPER)
        canvas.text(str(number), middle, size=radius * 0.5, anchor="center", bold=number == state)
    words = "sector: reward of an action"
    canvas.text(words, center, size=12, color=MUTED, anchor="center")
    _draw_life(canvas, _HEAD + _RING, life, "reward a step")
    return canvas.array()


def _page(name: str, where: str, height: int, life: Mapping[str, History]) -> Canvas:
    canvas = Canvas(_WIDTH, _HEAD + height + _LIFE)
    canvas.text(name, (_MARGIN, 14), size=18, bold=True)
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    right = _WIDTH - _MARGIN
    total = f"{life[''].total:+,.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(total, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("sum so far", (right, 38), size=13, color=MUTED, anchor="topright")
    return canvas


def _draw_cells(canvas: Canvas, corner: Point, cell: float, size: tuple[int, int]) -> None:
    gap = max(1.0, cell * 0.025)
    for row, column in np.ndindex(*size):
        left, top = corner[0] + column * cell + gap, corner[1] + row * cell + gap
        canvas.rect(left, top, cell - 2 * gap, cell - 2 * gap, FAINT, radius=cell * 0.08)


def _draw_life(canvas: Canvas, top: float, life: Mapping[str, History], words: str) -> None:
    """Draw every series of a life over its length, each from its lowest to its highest value."""
    left, right = _MARGIN + 2.0, _WIDTH - _MARGIN - 2.0
    low, high = top + _LIFE - 20.0, top + 44.0
    canvas.line((left, low), (right, low), RULE, 1)
    canvas.line((left, low), (left, high), RULE, 1)
    colors: Sequence[Color] = (INK, *CYCLE[1:])
    x = left
    for number, (name, history) in enumerate(life.items()):
        color = colors[number % len(colors)]
        means = history.means
        if len(means):
            label = f"{name or words} {means[-1]:.3g}".replace("-", "\N{MINUS SIGN}")
        else:
            label = name or words
        x += 20 + canvas.text(label, (x, top + 22), size=12, color=color, anchor="midleft")
        span = float(np.ptp(means)) if len(means) else 0.0
        heights = (means - means.min()) / span if span else np.full(len(means), 0.5)
        places = np.linspace(left, right, max(len(means), 2)).tolist()
        points = [(at, low - 4 - (low - high - 8) * up) for at, up in zip(places, heights.tolist(),
                                                                        strict=False)]  # fmt: skip
        for start, end in zip(points, points[1:], strict=False):
            canvas.line(start, end, color, 2)
    canvas.text("life so far", (right, low + 4), size=11, color=MUTED, anchor="topright")


def _on_circle(center: Point, radius: float, share: float) -> Point:
    angle = 2 * math.pi * share - math.pi / 2
    return center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)
