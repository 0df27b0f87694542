"""Picture of the two-step task: the last round, and a strip of all rounds of the episode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..pictures.drawing import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RULE,
    YELLOW,
    Canvas,
    Color,
    Point,
    mix,
)

_WIDTH, _HEIGHT = 640, 500  # pixels
_MARGIN = 30
_PLACES: tuple[Point, ...] = ((320.0, 112.0), (180.0, 270.0), (460.0, 270.0))  # of S0, S1, S2
_RADIUS = 36.0
_ACTION_COLORS = (BLUE, ORANGE)  # also those of the states the actions commonly lead to
_STRIP_TOP, _STRIP_HEIGHT = 372.0, 60.0


class Played(NamedTuple):
    """The rounds of one row, finished or just begun; all [rounds so far]."""

    actions: np.ndarray
    second: np.ndarray  # second-stage state, 1 or 2
    good: np.ndarray  # 0 for S1, 1 for S2
    rewards: np.ndarray
    paid: int  # rounds that are finished


class Rounds:
    """What each of N rows did in each round; kept for pictures only.

    Args:
        num_rows: N.
        rounds: Rounds per episode.
    """

    def __init__(self, num_rows: int, rounds: int):
        self._every_row = np.arange(num_rows)
        self._actions = np.zeros((num_rows, rounds), dtype=np.int8)
        self._second = np.zeros((num_rows, rounds), dtype=np.int8)
        self._good = np.zeros((num_rows, rounds), dtype=np.int8)
        self._rewards = np.zeros((num_rows, rounds))
        self._begun = np.zeros(num_rows, dtype=np.int64)
        self._paid = np.zeros(num_rows, dtype=np.int64)

    def begin_episodes(self, rows: np.ndarray) -> None:
        """Forget the rounds of `rows` [R]."""
        self._begun[rows] = self._paid[rows] = 0

    def step(
        self,
        chose: np.ndarray,
        paid: np.ndarray,
        actions: np.ndarray,
        second: np.ndarray,
        good: np.ndarray,
        rewards: np.ndarray,
    ) -> None:
        """Note one step of every row; all [N]."""
        rows = self._every_row[chose]
        now = self._begun[rows]
        self._actions[rows, now] = actions[rows]
        self._second[rows, now] = second[rows]
        self._good[rows, now] = good[rows]
        self._begun[rows] += 1
        rows = self._every_row[paid]
        self._rewards[rows, self._paid[rows]] = rewards[rows]
        self._paid[rows] += 1

    def of(self, row: int) -> Played:
        """Return the rounds of one row."""
        begun = int(self._begun[row])
        kept = (self._actions, self._second, self._good, self._rewards)
        actions, second, good, rewards = (one[row, :begun] for one in kept)
        return Played(actions, second, good, rewards, int(self._paid[row]))


def draw_two_step(
    played: Played, *, stage: int, good: int, p_common: float, p_reward: float, rounds: int
) -> np.ndarray:
    """Draw the two-step task: uint8 [height, width, 3].

    Args:
        played: The rounds so far.
        stage: The state the row is in: 0, 1 or 2.
        good: Which second-stage state is good now: 0 for S1, 1 for S2.
        p_common: Probability of a common transition.
        p_reward: Probability of a reward in the good state.
        rounds: Rounds per episode.
    """
    canvas = Canvas(_WIDTH, _HEIGHT)
    earned = played.rewards[: played.paid].sum()
    canvas.text("TwoStep", (_MARGIN, 14), size=18, bold=True)
    number = f"round {len(played.actions)} of {rounds}"
    canvas.text(number, (_MARGIN, 38), size=13, color=MUTED)
    right = _WIDTH - _MARGIN
    canvas.text(f"{earned:.0f}", (right, 14), size=18, bold=True, anchor="topright")
    rate = f"{earned / played.paid:.2f} a round" if played.paid else "return"
    canvas.text(rate, (right, 38), size=13, color=MUTED, anchor="topright")
    for action in range(2):
        for second in (1, 2):
            _transition(canvas, played, action, second, p_common)
    for state in range(3):
        _state(canvas, state, here=state == stage, good=state == good + 1)
        if state:
            chance = p_reward if state == good + 1 else 1 - p_reward
            _reward_chance(canvas, state, chance, played, stage)
    _strip(canvas, played, rounds)
    return canvas.array()


def _transition(canvas: Canvas, played: Played, action: int, second: int, p_common: float) -> None:
    """Draw one of the four arrows, thick and coloured if the last round went that way."""
    common = second == action + 1
    last = len(played.actions) > 0 and played.actions[-1] == action and played.second[-1] == second
    start, end = np.array(_PLACES[0]), np.array(_PLACES[second])
    along = (end - start) / np.hypot(*(end - start))
    across = np.array([-along[1], along[0]])
    # The two arrows to a state lie side by side: action 0 on the left, action 1 on the right.
    outward = 9.0 if (second == 1) == (action == 0) else -9.0
    offset = across * outward * (1 if second == 1 else -1)
    first = start + along * (_RADIUS + 6) + offset
    final = end - along * (_RADIUS + 16) + offset
    color = _ACTION_COLORS[action] if last else mix(PAPER, _ACTION_COLORS[action], 0.3)
    chance = p_common if common else 1 - p_common
    line = 1.5 + 3.5 * chance + (1.5 if last else 0.0)
    canvas.line(_point(first), _point(final), color, line)
    side = across * (line / 2 + 4)
    canvas.polygon([_point(final + along * 11), _point(final + side), _point(final - side)], color)
    middle = (first + final) / 2 + across * (22 if outward > 0 else -22) * (
        1 if second == 1 else -1
    )
    bold = bool(last)
    canvas.text(
        f"{chance:g}",
        _point(middle),
        size=13,
        color=_ACTION_COLORS[action] if last else MUTED,
        anchor="center",
        bold=bold,
    )


def _state(canvas: Canvas, state: int, *, here: bool, good: bool) -> None:
    center = _PLACES[state]
    color: Color = RULE if state == 0 else _ACTION_COLORS[state - 1]
    if here:
        canvas.circle(center, _RADIUS + 6, INK)
        canvas.circle(center, _RADIUS + 3, PAPER)
    canvas.circle(center, _RADIUS, color)
    canvas.circle(center, _RADIUS - 4, mix(PAPER, color, 0.18))
    canvas.text(f"S{state}", center, size=20, bold=True, anchor="center")
    if good:
        out = -1 if state == 1 else 1
        star = (center[0] + out * (_RADIUS + 30), center[1])
        canvas.text("\N{BLACK STAR}", star, size=32, color=ORANGE, anchor="center")
        words = (center[0] + out * (_RADIUS + 50), center[1])
        anchor = "midright" if state == 1 else "midleft"
        canvas.text("good", (words[0], words[1] - 8), size=13, anchor=anchor)
        canvas.text("(hidden)", (words[0], words[1] + 8), size=12, color=MUTED, anchor=anchor)


def _reward_chance(canvas: Canvas, state: int, chance: float, played: Played, stage: int) -> None:
    """Write the chance of a reward below a state, or the reward of the round that just ended."""
    x, y = _PLACES[state]
    canvas.text(f"pays {chance:g}", (x, y + _RADIUS + 18), size=13, color=MUTED, anchor="center")
    over = played.paid > 0 and played.paid == len(played.actions)
    if over and played.second[-1] == state and stage == 0:
        paid = played.rewards[-1] > 0
        words, color = ("+1", INK) if paid else ("0", MUTED)
        canvas.circle((x, y - _RADIUS - 2), 13, mix(PAPER, YELLOW, 0.9) if paid else FAINT)
        canvas.text(words, (x, y - _RADIUS - 2), size=13, color=color, anchor="center", bold=True)


def _strip(canvas: Canvas, played: Played, rounds: int) -> None:
    """Draw every round: its choice above or below, tall if rewarded, over the good side's band."""
    left, width = _MARGIN + 52, _WIDTH - 2 * _MARGIN - 52
    wide = width / rounds
    half = _STRIP_HEIGHT / 2
    canvas.rect(left, _STRIP_TOP, width, _STRIP_HEIGHT, FAINT, radius=3)
    for number, good in enumerate(played.good.tolist()):
        top = _STRIP_TOP + half * good
        shade = mix(PAPER, _ACTION_COLORS[good], 0.25)
        canvas.rect(left + number * wide, top, wide, half, shade)
    for number, action in enumerate(played.actions.tolist()):
        rewarded = number < played.paid and played.rewards[number] > 0
        middle = left + (number + 0.5) * wide, _STRIP_TOP + half * (action + 0.5)
        _tick(canvas, middle, min(0.6 * wide, 8.0), action, rewarded)
    for action in range(2):
        y = _STRIP_TOP + half * (action + 0.5)
        words = f"action {action}"
        canvas.text(words, (left - 8, y), size=12, color=MUTED, anchor="midright")
    y = _STRIP_TOP + _STRIP_HEIGHT + 24
    x: float = left + 6
    for rewarded, words in ((True, "rewarded"), (False, "not rewarded")):
        _tick(canvas, (x, y), 4, 0, rewarded)
        x += 10 + canvas.text(words, (x + 10, y), size=12, color=MUTED, anchor="midleft") + 24
    for action in range(2):
        canvas.rect(x - 5 + 7 * action, y - 6, 7, 12, mix(PAPER, _ACTION_COLORS[action], 0.35))
    words = "band: the choice that is good (hidden)"
    canvas.text(words, (x + 16, y), size=12, color=MUTED, anchor="midleft")


def _tick(canvas: Canvas, center: Point, width: float, action: int, rewarded: bool) -> None:
    """Draw a choice: a tall bar if it was rewarded, a short dark one if not."""
    height = 0.36 * _STRIP_HEIGHT if rewarded else 0.13 * _STRIP_HEIGHT
    color = _ACTION_COLORS[action] if rewarded else mix(_ACTION_COLORS[action], INK, 0.35)
    left, top = center[0] - width / 2, center[1] - height / 2
    canvas.rect(left, top, width, height, color, radius=min(width / 2, 1.5))


def _point(array: np.ndarray) -> Point:
    return float(array[0]), float(array[1])
