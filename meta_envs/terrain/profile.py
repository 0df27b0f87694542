"""The ground's profile, and lidar rays that see it. N rows, K nodes of the ground; metres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

STEP = 14 / 30  # metres of a terrain step
LENGTH = 200  # terrain steps
_CELLS = 2  # of a terrain step
NODES = LENGTH * _CELLS + 1
SPACING = STEP / _CELLS
_WALL = 0.25  # steps from a terrain step to the middle of a wall that slopes over one cell
START = 20  # steps of flat ground; the walker begins in their middle
_FIRST_OBSTACLE = 22  # out of the lidar's reach, so that the first observation shows no task
_GRASS = (5, 10)  # steps between obstacles, the second excluded
_DEPTH = 4  # of a pit, steps
_STAIR_WIDTH = 4  # steps
_STUMP_WIDTH = (1.0, 2.0)  # steps
_NOISE = 1 / 30  # m, of the ground's velocity a step
HIGHEST = 95.0  # m; the ground stays within it

RAYS = 10
RANGE = 160 / 30  # m
_ANGLES = 1.5 * np.arange(RAYS) / RAYS  # from straight down towards +x, radians
_SIN, _COS = np.sin(_ANGLES), np.cos(_ANGLES)
_REACH = int(np.ceil(RANGE * _SIN[-1] / SPACING)) + 1  # cells that rays may cross


@dataclass(frozen=True)
class Change:
    """Where the ground is higher or lower than its rough surface, between two walls."""

    start: float  # terrain steps
    width: float  # terrain steps; infinite for what does not end
    height: float  # metres

    @property
    def end(self) -> float:
        """Where it ends, terrain steps."""
        return self.start + self.width


def profile(task: Mapping[str, Any]) -> np.ndarray:
    """Return the ground's heights at nodes `SPACING` apart, [K]; 0 at the start.

    Heights are linear between nodes, so walls slope over one cell, a half step. The mean width of
    a pit or stump is the one drawn.

    Source:
        `_generate_terrain` of the release, where the walls are vertical and the first obstacle may
        be two steps nearer.
    """
    ground, changes = survey(task)
    extra = np.zeros(NODES)
    for change in changes:
        first = int(_CELLS * (change.start + _WALL))  # the node behind the wall
        last = None if np.isinf(change.width) else first + round(_CELLS * change.width)
        extra[first:last] += change.height
    nodes = np.interp(np.arange(NODES) / _CELLS, np.arange(LENGTH + 1), ground)
    return np.clip(nodes + extra, -HIGHEST, HIGHEST)


def outline(task: Mapping[str, Any]) -> np.ndarray:
    """Return the same ground with vertical walls, as points of a line, [P, 2]: x and z, metres."""
    ground, changes = survey(task)
    steps = np.arange(LENGTH + 1, dtype=np.float64)
    walls = {at for change in changes for at in (change.start, change.end) if at < LENGTH}
    places = np.concatenate([steps, np.repeat(sorted(walls), 2)])
    behind = np.concatenate([np.zeros(len(steps)), np.tile([0, 1], len(walls))])  # 1: past the wall
    order = np.lexsort((behind, places))
    places, behind = places[order], behind[order] > 0
    heights = np.interp(places, steps, ground)
    for change in changes:
        begun = (places > change.start) | ((places == change.start) & behind)
        over = (places > change.end) | ((places == change.end) & behind)
        heights = heights + change.height * (begun & ~over)
    line = np.stack([places * STEP, np.clip(heights, -HIGHEST, HIGHEST)], axis=1)
    return line[np.append(True, np.diff(line, axis=0).any(axis=1))]  # no point twice in a row


def survey(task: Mapping[str, Any]) -> tuple[np.ndarray, list[Change]]:
    """Return a ground's rough surface at terrain steps, [LENGTH + 1], and what stands on it."""
    rng = np.random.default_rng(int(task["terrain_seed"]))
    rough = float(task["ground_roughness"])
    kinds = [
        name
        for name in ("stump_height", "stair_height", "pit_gap")
        if float(np.max(task[name])) > 0
    ]
    ground = np.zeros(LENGTH + 1)
    changes: list[Change] = []
    height = velocity = 0.0
    obstacle, left = False, _FIRST_OBSTACLE
    for at in range(1, LENGTH + 1):
        if not obstacle:
            velocity = 0.8 * velocity + 0.01 * np.sign(-height)
            if at > START:
                velocity += rng.uniform(-_NOISE, _NOISE)
            height = float(np.clip(height + rough * velocity, -HIGHEST / 2, HIGHEST / 2))
        ground[at] = height
        left -= 1
        if left > 0:
            continue
        if obstacle or not kinds:
            obstacle, left = False, int(rng.integers(*_GRASS))
            continue
        obstacle = True
        left, built = _obstacle(kinds[int(rng.integers(len(kinds)))], task, at, rng)
        changes += built
    return ground, changes


def _obstacle(
    kind: str, task: Mapping[str, Any], at: int, rng: np.random.Generator
) -> tuple[int, list[Change]]:
    """Build an obstacle from step `at` on; return its length in steps, and what it is made of."""
    low, high = (float(one) for one in task[kind])
    size, start = rng.uniform(low, high), at + _WALL
    if kind == "pit_gap":
        return int(np.ceil(size)) + 2, [Change(start, size, -_DEPTH * STEP)]
    if kind == "stump_height":
        width = rng.uniform(*_STUMP_WIDTH)
        return int(np.ceil(width)) + 1, [Change(start, width, size * STEP)]
    rise = (1.0 if rng.random() < 0.5 else -1.0) * size * STEP
    count = int(task["stair_steps"])
    built = [
        Change(start + step * _STAIR_WIDTH, _STAIR_WIDTH, rise * (step + 1))
        for step in range(count - 1)
    ]
    built.append(Change(start + (count - 1) * _STAIR_WIDTH, np.inf, rise * count))
    return count * _STAIR_WIDTH + 1, built


def lidar(ground: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return how far each ray goes before it meets the ground, as a share of its range, [N, 10].

    Args:
        ground: Heights at nodes, [N, K].
        x: Where the rays begin, metres, [N].
        z: Their height, [N].
    """
    first = np.clip((x / SPACING).astype(np.int64), 0, NODES - 1)
    index = np.minimum(first[:, None] + np.arange(_REACH + 1), NODES - 1)  # beyond the end: flat
    heights = ground[np.arange(len(x))[:, None], index]  # [N, C + 1]
    places = (first[:, None] + np.arange(_REACH + 1)) * SPACING - x[:, None]
    # height of each ray over the ground at each node: rays fall by cot(angle) per metre
    slope = _COS[1:] / _SIN[1:]
    over = z[:, None, None] - slope[:, None] * places[:, None, :] - heights[:, None, :]
    met = (over[..., 1:] <= 0) & (over[..., :-1] > 0)
    cell = met.argmax(axis=2)  # the first crossing, [N, 9]
    before = np.take_along_axis(over, cell[..., None], axis=2)[..., 0]
    after = np.take_along_axis(over, cell[..., None] + 1, axis=2)[..., 0]
    reached = before / np.maximum(before - after, 1e-12)
    along = np.take_along_axis(places, cell.reshape(len(x), -1), axis=1) + reached * SPACING
    hit = met.any(axis=2)
    share = np.where(hit, along / (_SIN[1:] * RANGE), 1.0)
    below = _height_at(ground, x, first)
    straight = (z - below) / RANGE
    inside = (z <= below)[:, None]
    whole = np.concatenate([straight[:, None], np.where(inside, 0.0, share)], axis=1)
    return np.clip(whole, 0.0, 1.0)


def _height_at(ground: np.ndarray, x: np.ndarray, first: np.ndarray) -> np.ndarray:
    rows = np.arange(len(x))
    share = np.clip(x / SPACING - first, 0.0, 1.0)
    after = ground[rows, np.minimum(first + 1, NODES - 1)]
    return (1 - share) * ground[rows, first] + share * after
