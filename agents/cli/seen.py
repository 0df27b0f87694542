"""A picture of what a learner sees: observation, reward, episode, and time in the trial."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from meta_envs.pictures.drawing import BLUE, FAINT, GREEN, INK, MUTED, RED, RULE, SKY, Canvas

WIDTH, HEIGHT = 460, 600  # pixels
_MOST_CELLS = 100  # of a discrete observation, drawn
_MOST_BARS = 120  # of a vector
_NUMBERED = 24  # bars that have their number beside them
_TOP, _KEYS = 150, 440  # where observations and keys begin


@dataclass
class Told:
    """What a learner has been told, and what it did.

    Args:
        observation: The newest one.
        reward: Of the last step; None before the first one.
        action: The last one; None before the first one.
        episode: From 1.
        episodes: Of a trial.
        step: Of the episode.
        time: Steps of the trial.
        total: Rewards of the episode.
        returns: Of the episodes that have ended.
        notes: What else to say, a line each.
    """

    observation: Any
    reward: float | None = None
    action: Any = None
    episode: int = 1
    episodes: int = 1
    step: int = 0
    time: int = 0
    total: float = 0.0
    returns: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw_seen(
    name: str, space: spaces.Space, told: Told, legend: list[str], commands: list[str]
) -> np.ndarray:
    """Draw what a learner sees, and the keys.

    Args:
        name: Of the task distribution.
        space: Of observations.
        told: What the learner has been told.
        legend: The keys that act, a line each; a tab parts two columns.
        commands: The other keys.

    Returns:
        uint8 [HEIGHT, WIDTH, 3].
    """
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.text(name, (16, 12), size=16, bold=True)
    where = (
        f"episode {told.episode} of {told.episodes}   step {told.step}   of the trial {told.time}"
    )
    canvas.text(where, (16, 38), size=13, color=MUTED)
    reward = "none yet" if told.reward is None else f"{told.reward:.4g}"
    good = INK if not told.reward else (GREEN if told.reward > 0 else RED)
    left = 16 + canvas.text("reward ", (16, 60), size=15)
    left += canvas.text(reward, (left, 60), size=15, bold=True, color=good)
    canvas.text(f"return {told.total:.5g}", (WIDTH - 16, 60), size=15, anchor="topright")
    returns = "   ".join(f"{one:.4g}" for one in told.returns[-8:]) or "none"
    canvas.text(f"returns of this trial: {returns}", (16, 82), size=13, color=MUTED)
    if told.action is not None:
        canvas.text(f"action {_short(told.action)}", (16, 102), size=13, color=MUTED)
    canvas.line((16, 126), (WIDTH - 16, 126), RULE)
    canvas.text("observation", (16, 130), size=13, color=MUTED)
    _draw(canvas, space, told.observation, _TOP, _KEYS - 50)
    for index, note in enumerate(told.notes[:2]):
        canvas.text(note[:62], (16, _KEYS - 44 + 18 * index), size=13, color=BLUE, bold=True)
    canvas.line((16, _KEYS - 4), (WIDTH - 16, _KEYS - 4), RULE)
    for index, line in enumerate([*legend, *commands][:9]):
        color = INK if index < len(legend) else MUTED
        for column, words in enumerate(line.split("\t")):
            at = (16 + 220 * column, _KEYS + 2 + 17 * index)
            canvas.text(words, at, size=13, color=color)
    return canvas.array()


def image_of(space: spaces.Space, observation: Any) -> np.ndarray | None:
    """Return an observation that is an image, uint8 [height, width, 3], enlarged; else None."""
    if isinstance(space, spaces.Dict):
        images = [image_of(part, observation[key]) for key, part in space.spaces.items()]
        return next((one for one in images if one is not None), None)
    if not isinstance(space, spaces.Box) or not _is_image(space):
        return None
    image = np.asarray(observation)
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[-1] != 3:
        image = np.repeat(image[..., :1], 3, axis=-1)
    if image.dtype != np.uint8:
        low, high = float(space.low.min()), float(space.high.max())
        image = np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    times = max(HEIGHT // max(image.shape[:2]), 1)
    return np.repeat(np.repeat(image, times, axis=0), times, axis=1)


def _is_image(space: spaces.Box) -> bool:
    shape = space.shape
    colored = len(shape) == 3 and shape[-1] in (1, 3)
    bounded = bool(np.isfinite(space.low).all() and np.isfinite(space.high).all())
    return (colored or len(shape) == 2) and bounded


def _draw(canvas: Canvas, space: spaces.Space, seen: Any, top: float, bottom: float) -> None:
    """Draw an observation between two heights."""
    if isinstance(space, spaces.Dict):
        each = (bottom - top) / max(len(space.spaces), 1)
        for index, (key, part) in enumerate(space.spaces.items()):
            start = top + index * each
            canvas.text(key, (16, start), size=12, color=MUTED)
            _draw(canvas, part, seen[key], start + 16, start + each)
    elif isinstance(space, spaces.Discrete):
        _cells(canvas, int(space.n), int(seen) - int(space.start), int(seen), top)
    elif isinstance(space, spaces.Box) and not _is_image(space):
        _bars(canvas, space, np.ravel(seen).astype(float), top, bottom)
    elif isinstance(space, spaces.Box):
        canvas.text("the image on the right", (16, top), size=13)
    else:
        canvas.text(_short(seen), (16, top), size=13)


def _cells(canvas: Canvas, n: int, index: int, number: int, top: float) -> None:
    """Draw a discrete observation: the one cell of n that it is."""
    words = f"{number}, of {n}" if n > 1 else f"{number}, always: there is nothing to see"
    canvas.text(words, (16, top), size=15, bold=True)
    if 1 < n <= _MOST_CELLS:
        root = math.isqrt(n)
        columns = n if n <= 10 else root if root * root == n else 10  # grids are often square
        side = min((WIDTH - 32) / columns, 20.0)
        for cell in range(n):
            left, down = 16 + side * (cell % columns), top + 26 + side * (cell // columns)
            canvas.rect(left, down, side - 2, side - 2, BLUE if cell == index else FAINT)


def _bars(
    canvas: Canvas, space: spaces.Box, numbers: np.ndarray, top: float, bottom: float
) -> None:
    """Draw a vector: a bar a number, from zero in the middle, as long as its logarithm."""
    shown = numbers[:_MOST_BARS]
    columns = max(1, int(np.ceil(len(shown) / 12)))
    lines = int(np.ceil(len(shown) / columns)) or 1
    high = min((bottom - top - 16) / lines, 20.0)
    wide = (WIDTH - 32) / columns
    room = 90.0 if len(shown) <= _NUMBERED else 0.0  # for the numbers
    half = (wide - room - 8) / 2
    bound = np.ravel(np.maximum(np.abs(space.low), np.abs(space.high)))
    for index, number in enumerate(shown):
        left, down = 16 + wide * (index // lines), top + high * (index % lines)
        if room:
            canvas.text(f"{index}", (left, down), size=min(high, 12), color=MUTED)
            words = f"{number:.3g}"
            at = (left + room - 6, down)
            canvas.text(words, at, size=min(high, 12), anchor="topright")
        if np.isfinite(bound[index]) and bound[index] > 0:
            share = number / bound[index]
        else:  # without bounds: 10 is the end, and small numbers still show
            share = np.sign(number) * np.log1p(np.abs(number)) / np.log1p(10.0)
        length = half * float(np.clip(share, -1.0, 1.0))
        middle = left + room + half
        canvas.rect(left + room, down + 1, 2 * half, high - 3, FAINT)
        color = BLUE if number >= 0 else SKY
        canvas.rect(middle + min(length, 0), down + 1, abs(length), high - 3, color)
    if len(numbers) > len(shown):
        words = f"the first {len(shown)} of {len(numbers)} numbers"
        canvas.text(words, (16, bottom - 14), size=12, color=MUTED)


def _short(value: Any) -> str:
    numbers = np.ravel(value)
    shown = "  ".join(f"{number:.3g}" for number in numbers[:8])
    return f"{shown} ..." if numbers.size > 8 else shown
