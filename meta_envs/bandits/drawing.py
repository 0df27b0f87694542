"""The picture of a bandit: hidden means, what has been found so far, and the last pull."""

from __future__ import annotations

import math

import numpy as np

from ..pictures.drawing import BLUE, FAINT, INK, MUTED, PAPER, RED, RULE, Canvas, mix

# All in pixels.
_TOP, _PLOT, _COUNTS = 104, 250, 76  # heights of title and legend, of the arms, of the pull counts
_LEFT, _RIGHT, _BOTTOM = 52, 24, 44  # margins
_MIN_WIDTH, _MAX_WIDTH = 520, 1280  # of the picture
_WIDEST, _USUAL = 84.0, 20.0  # of one arm's column: the most, and with many arms
_LONGEST = 38.0  # longest bar of a pull count
_ROOM_FOR_COUNTS = 15.0  # narrower columns show no numbers


def draw_arms(
    *,
    means: np.ndarray,
    pulls: np.ndarray,
    paid: np.ndarray,
    last: tuple[int, float] | None,
    n_pulls: int,
    reward_range: tuple[float, float],
) -> np.ndarray:
    """Draw k arms.

    Args:
        means: Current true mean of each arm, [k].
        pulls: How often each was pulled, [k].
        paid: Sum of the rewards of each arm, [k].
        last: Arm and reward of the last pull; None before the first.
        n_pulls: Pulls per episode.
        reward_range: Smallest range that the axis spans.

    Returns:
        The picture, uint8 [height, width, 3].
    """
    arms = len(means)
    room = _LEFT + _RIGHT + _USUAL * arms
    width = round(min(max(room, _MIN_WIDTH), _MAX_WIDTH))
    canvas = Canvas(width, _TOP + _PLOT + _COUNTS + _BOTTOM)
    _draw_title(canvas, int(pulls.sum()), n_pulls, float(paid.sum()))
    plot = _Plot(canvas, arms, _axis(means, reward_range))
    plot.draw_axis()
    for arm in range(arms):
        found = paid[arm] / pulls[arm] if pulls[arm] else None
        plot.draw_arm(arm, float(means[arm]), found, last is not None and last[0] == arm)
        plot.draw_count(arm, int(pulls[arm]), int(pulls.max()), last is not None and last[0] == arm)
    if last is not None:
        plot.draw_reward(*last)
    return canvas.array()


class _Plot:
    """Columns of arms over a common axis."""

    def __init__(self, canvas: Canvas, arms: int, axis: tuple[float, float]):
        self.canvas = canvas
        self.arms = arms
        self.low, self.high = axis
        self.column = min((canvas.width - _LEFT - _RIGHT) / arms, _WIDEST)
        self.bar = self.column * (0.62 if self.column > _USUAL else 0.74)
        # If there are few arms, centre them in the plot.
        self.left = (canvas.width + _LEFT - _RIGHT - self.column * arms) / 2
        self.baseline = self.height(min(max(0.0, self.low), self.high))

    def height(self, value: float) -> float:
        """Return the y coordinate of a reward, clipped to the axis."""
        part = (value - self.low) / (self.high - self.low)
        return _TOP + _PLOT * (1.0 - min(max(part, 0.0), 1.0))

    def middle(self, arm: int) -> float:
        return self.left + (arm + 0.5) * self.column

    def draw_axis(self) -> None:
        for value in _ticks(self.low, self.high):
            y = self.height(value)
            self.canvas.line((_LEFT, y), (self.canvas.width - _RIGHT, y), FAINT)
            self.canvas.text(
                _signed(f"{value:g}"), (_LEFT - 8, y), size=12, color=MUTED, anchor="midright"
            )
        ends = (_LEFT, self.baseline), (self.canvas.width - _RIGHT, self.baseline)
        self.canvas.line(*ends, RULE, 1.5)

    def draw_arm(self, arm: int, mean: float, found: float | None, is_last: bool) -> None:
        left, color = self.middle(arm) - self.bar / 2, RED if is_last else BLUE
        if found is not None:
            self._bar(left, self.bar, found, mix(color, PAPER, 0.15), 0)
        self._bar(left, self.bar, mean, INK, 1.0 if self.column < _USUAL else 1.5)
        cap = min(5.0, self.bar * 0.2)
        y = self.height(mean)
        self.canvas.line((left - cap, y), (left + self.bar + cap, y), INK, 3)

    def _bar(self, left: float, width: float, value: float, color: tuple, line: float) -> None:
        top, bottom = sorted((self.height(value), self.baseline))
        if bottom - top >= 1:
            self.canvas.rect(left, top, width, bottom - top, color, line_width=line)
        elif not line:  # draw a mean of zero, too
            self.canvas.rect(left, self.baseline - 1.5, width, 3, color)

    def draw_count(self, arm: int, pulls: int, most: int, is_last: bool) -> None:
        x, top = self.middle(arm), _TOP + _PLOT + 12
        color = RED if is_last else MUTED
        if pulls:
            length = max(_LONGEST * pulls / most, 2)
            self.canvas.rect(x - self.bar / 2, top, self.bar, length, mix(color, PAPER, 0.55))
        if pulls and self.column >= _ROOM_FOR_COUNTS:
            size = 13 if self.column > 30 else 9
            at = (x, top + max(_LONGEST * pulls / most, 2) + 3)
            self.canvas.text(str(pulls), at, size=size, color=color, anchor="midtop", bold=is_last)
        every = max(1, math.ceil(18 / self.column))
        if arm % every == 0:
            size = 14 if self.column > 30 else 10
            y = self.canvas.height - _BOTTOM + 14
            shade = RED if is_last else INK
            self.canvas.text(
                str(arm), (x, y), size=size, color=shade, anchor="center", bold=is_last
            )
        if arm == 0:
            at = (_LEFT - 8, self.canvas.height - _BOTTOM + 14)
            self.canvas.text("arm", at, size=12, color=MUTED, anchor="midright")
            self.canvas.text("pulls", (_LEFT - 8, top + 6), size=12, color=MUTED, anchor="midright")

    def draw_reward(self, arm: int, reward: float) -> None:
        """Mark the last pull above its column."""
        words = _signed(f"{reward:+.2g}")
        x, width = self.middle(arm), self.canvas.text_width(words, size=14, bold=True) + 14
        x = min(max(x, _LEFT + width / 2), self.canvas.width - _RIGHT - width / 2 + 16)
        y, tip = _TOP - 18, self.middle(arm)
        self.canvas.rect(x - width / 2, y - 11, width, 22, RED, radius=6)
        self.canvas.polygon([(tip - 6, y + 10), (tip + 6, y + 10), (tip, y + 17)], RED)
        self.canvas.text(words, (x, y), size=14, color=PAPER, anchor="center", bold=True)


def _draw_title(canvas: Canvas, pull: int, n_pulls: int, total: float) -> None:
    canvas.text(f"pull {pull} of {n_pulls}", (20, 14), size=18, bold=True)
    words = _signed(f"sum of rewards {round(total, 2) + 0.0:.6g}")
    canvas.text(words, (canvas.width - _RIGHT, 14), size=18, anchor="topright", bold=True)
    x, y = 20.0, 40
    canvas.rect(x, y + 2, 14, 11, INK, line_width=1.5)
    canvas.line((x - 3, y + 2.5), (x + 17, y + 2.5), INK, 3)
    x += 22 + canvas.text("hidden mean", (x + 22, y), size=12, color=MUTED)
    canvas.rect(x + 18, y + 2, 14, 11, mix(BLUE, PAPER, 0.15))
    x += 38 + canvas.text("mean so far", (x + 38, y), size=12, color=MUTED)
    canvas.rect(x + 18, y + 2, 14, 11, mix(RED, PAPER, 0.15))
    canvas.text("last pull", (x + 38, y), size=12, color=MUTED)


def _axis(means: np.ndarray, reward_range: tuple[float, float]) -> tuple[float, float]:
    low, high = reward_range
    return min(low, math.floor(means.min())), max(high, math.ceil(means.max()))


def _ticks(low: float, high: float) -> np.ndarray:
    span = high - low
    step = next(step for step in (0.25, 1.0, 2.0, 5.0, span) if span / step <= 6)
    return np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step


def _signed(number: str) -> str:
    """Format a number with a true minus sign instead of a hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")
