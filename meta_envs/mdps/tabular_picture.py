"""Picture of a tabular MDP: states in a circle, mean rewards as sectors, moves as arrows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..pictures.drawing import BLUE, INK, MUTED, ORANGE, PAPER, RED, RULE, SKY, Canvas, Point, mix

_WIDTH, _HEIGHT = 480, 560  # pixels
_MARGIN = 30
_CENTER = (240.0, 288.0)
_REACH = 178.0  # radius of the circle of states
_PALE_REWARD, _DEEP_REWARD = -1.0, 3.0  # ends of the colour scale: mean -/+ 2 deviations


class Travelled(NamedTuple):
    """What one row has done: moves of the trial; last step and return of the episode."""

    moves: np.ndarray  # [S, S]: from, to
    last: tuple[int, int, int] | None  # state, action, next state
    total: float


class Journey:
    """Which moves each of N rows has made; kept for pictures only.

    Args:
        num_rows: N.
        states: S.
    """

    def __init__(self, num_rows: int, states: int):
        self._every_row = np.arange(num_rows)
        self._moves = np.zeros((num_rows, states, states), dtype=np.int64)
        self._last = np.full((num_rows, 3), -1)
        self._totals = np.zeros(num_rows)

    def begin_trials(self, rows: np.ndarray) -> None:
        """Forget everything of `rows` [R]."""
        self._moves[rows] = 0

    def begin_episodes(self, rows: np.ndarray) -> None:
        """Begin the returns of `rows` [R] at 0."""
        self._last[rows] = -1
        self._totals[rows] = 0.0

    def step(
        self, state: np.ndarray, actions: np.ndarray, reached: np.ndarray, rewards: np.ndarray
    ) -> None:
        """Note one step of every row; all [N]."""
        self._moves[self._every_row, state, reached] += 1
        self._last = np.stack([state, actions, reached], axis=-1)
        self._totals += rewards

    def of(self, row: int) -> Travelled:
        """Return what one row has done."""
        state, action, reached = self._last[row].tolist()
        last = None if state < 0 else (state, action, reached)
        return Travelled(self._moves[row], last, float(self._totals[row]))


def draw_mdp(
    rewards: np.ndarray,
    state: int,
    travelled: Travelled,
    *,
    episode: tuple[int, int],
    step: tuple[int, int],
) -> np.ndarray:
    """Draw a tabular MDP: uint8 [height, width, 3].

    Args:
        rewards: Mean rewards [S, A].
        state: The state the row is in.
        travelled: The moves of the row so far.
        episode: Number of the episode, and number of episodes per trial.
        step: Number of the step, and number of steps per episode.
    """
    states, choices = rewards.shape
    canvas = Canvas(_WIDTH, _HEIGHT)
    _head(canvas, travelled, episode, step)
    angles = 2 * np.pi * np.arange(states) / states - np.pi / 2
    places = [
        (float(_CENTER[0] + _REACH * np.cos(a)), float(_CENTER[1] + _REACH * np.sin(a)))
        for a in angles
    ]
    radius = min(36.0, 0.75 * _REACH * np.sin(np.pi / states))
    for start, end in np.argwhere(travelled.moves).tolist():
        count = int(travelled.moves[start, end])
        shade = mix(PAPER, BLUE, 0.12 + 0.45 * count / (count + 3))
        _move(canvas, places[start], places[end], radius, shade, 1.0 + 3 * count / (count + 6))
    if travelled.last is not None:
        start, _, end = travelled.last
        _move(canvas, places[start], places[end], radius, ORANGE, 3.0)
    for number, place in enumerate(places):
        if number == state:
            canvas.circle(place, radius + 6, ORANGE)
            canvas.circle(place, radius + 2, PAPER)
        _node(canvas, place, radius, rewards[number])
        canvas.circle(place, radius * 0.42, PAPER)
        canvas.text(str(number), place, size=radius * 0.5, anchor="center", bold=number == state)
    if travelled.last is not None:
        start, action, _ = travelled.last
        _mark(canvas, places[start], radius, (action + 0.5) / choices)
    _foot(canvas)
    return canvas.array()


def _head(
    canvas: Canvas, travelled: Travelled, episode: tuple[int, int], step: tuple[int, int]
) -> None:
    canvas.text("TabularMDP", (_MARGIN, 14), size=18, bold=True)
    where = f"episode {episode[0]} of {episode[1]}  ·  step {step[0]} of {step[1]}"
    canvas.text(where, (_MARGIN, 38), size=13, color=MUTED)
    right = _WIDTH - _MARGIN
    total = f"{travelled.total:+.2f}".replace("-", "\N{MINUS SIGN}")
    canvas.text(total, (right, 14), size=18, bold=True, anchor="topright")
    canvas.text("return of this episode", (right, 38), size=13, color=MUTED, anchor="topright")


def _node(canvas: Canvas, center: Point, radius: float, rewards: np.ndarray) -> None:
    """Draw a state as a disc of sectors, one per action, clockwise from the top."""
    for action, mean in enumerate(rewards.tolist()):
        share = np.linspace(action, action + 1, 16) / len(rewards)
        rim = [_on_rim(center, radius, float(one)) for one in share]
        canvas.polygon([center, *rim], _reward_color(mean))
    if len(rewards) > 1:
        for action in range(len(rewards)):
            canvas.line(center, _on_rim(center, radius, action / len(rewards)), PAPER, 1.5)


def _mark(canvas: Canvas, center: Point, radius: float, share: float) -> None:
    """Draw a pointer from outside to the sector of the last action."""
    tip = _on_rim(center, radius - 4, share)
    left = _on_rim(center, radius + 9, share - 0.035)
    right = _on_rim(center, radius + 9, share + 0.035)
    canvas.polygon([tip, left, right], INK)


def _move(
    canvas: Canvas,
    start: Point,
    end: Point,
    radius: float,
    color: tuple[int, int, int],
    line: float,
) -> None:
    """Draw a curved arrow, so that both directions can be told apart; a loop if the state stays."""
    if start == end:
        away = np.subtract(start, _CENTER)
        out = away / np.hypot(*away)
        loop = np.add(start, out * (radius + 7))
        canvas.circle((float(loop[0]), float(loop[1])), 11, color, line_width=max(line, 1.5))
        return
    first, last = np.array(start), np.array(end)
    along = last - first
    across = np.array([-along[1], along[0]]) * 0.12
    control = (first + last) / 2 + across
    share = np.linspace(0, 1, 25)[:, None]
    curve = (1 - share) ** 2 * first + 2 * share * (1 - share) * control + share**2 * last
    outside = curve[np.hypot(*(curve - last).T) > radius + 8]
    points = [(float(x), float(y)) for x, y in outside]
    for one, other in zip(points, points[1:], strict=False):
        canvas.line(one, other, color, line)
        canvas.circle(other, line / 2, color)
    head = outside[-1] - outside[-2]
    head = head / np.hypot(*head) * (6 + line)
    side = np.array([-head[1], head[0]]) * 0.5
    tip = outside[-1] + head
    corners = (tip, outside[-1] + side, outside[-1] - side)
    canvas.polygon([(float(x), float(y)) for x, y in corners], color)


def _on_rim(center: Point, radius: float, share: float) -> Point:
    angle = 2 * np.pi * share - np.pi / 2
    return float(center[0] + radius * np.cos(angle)), float(center[1] + radius * np.sin(angle))


def _reward_color(mean: float) -> tuple[int, int, int]:
    """Red below 1, pale at 1, blue above: the prior mean is the middle."""
    share = np.clip((mean - _PALE_REWARD) / (_DEEP_REWARD - _PALE_REWARD), 0, 1) * 2 - 1
    middle = mix(PAPER, RULE, 0.7)
    return mix(middle, BLUE if share > 0 else RED, float(abs(share)) ** 0.8)


def _foot(canvas: Canvas) -> None:
    y = _HEIGHT - 42
    left, width = _MARGIN + 46, 120
    for step in range(width):
        mean = _PALE_REWARD + (_DEEP_REWARD - _PALE_REWARD) * step / width
        canvas.rect(left + step, y - 6, 1, 12, _reward_color(mean))
    low = f"{_PALE_REWARD:g}".replace("-", "\N{MINUS SIGN}")
    canvas.text(low, (left - 8, y), size=12, color=MUTED, anchor="midright")
    canvas.text(f"{_DEEP_REWARD:g}", (left + width + 8, y), size=12, color=MUTED, anchor="midleft")
    words = "mean reward of each action (hidden)"
    canvas.text(words, (left + width + 28, y), size=12, color=MUTED, anchor="midleft")
    y += 22
    canvas.line((left, y), (left + 30, y), ORANGE, 3)
    x = left + 38 + canvas.text("last move", (left + 38, y), size=12, color=MUTED, anchor="midleft")
    canvas.line((x + 20, y), (x + 50, y), mix(PAPER, SKY, 0.8), 3)
    canvas.text("moves this trial", (x + 58, y), size=12, color=MUTED, anchor="midleft")
