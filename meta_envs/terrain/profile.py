"""The ground's profile, and lidar rays that see it. N rows, K nodes of the ground; metres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

STEP = 14 / 30  # metres of a terrain step
LENGTH = 200  # terrain steps
_CELLS = 2  # of a terrain step
NODES = LENGTH * _CELLS + 1
SPACING = STEP / _CELLS
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


def profile(task: Mapping[str, Any]) -> np.ndarray:
    """Return the ground's heights at nodes `SPACING` apart, [K]; 0 at the start.

    Heights are linear between nodes, so walls slope over one cell, a half step. The mean width of
    a pit or stump is the one drawn.

    Source:
        `_generate_terrain` of the release, where the walls are vertical and the first obstacle may
        be two steps nearer.
    """
    rng = np.random.default_rng(int(task["terrain_seed"]))
    rough = float(task["ground_roughness"])
    kinds = [
        name
        for name in ("stump_height", "stair_height", "pit_gap")
        if float(np.max(task[name])) > 0
    ]
    ground = np.zeros(LENGTH + 1)
    extra = np.zeros(NODES)
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
        kind = kinds[int(rng.integers(len(kinds)))]
        left, rise = _obstacle(kind, task, at, extra, rng)
        if rise:
            extra[at * _CELLS :] += _stairs(rise, int(task["stair_steps"]), NODES - at * _CELLS)
    nodes = np.interp(np.arange(NODES) / _CELLS, np.arange(LENGTH + 1), ground)
    return np.clip(nodes + extra, -HIGHEST, HIGHEST)


def _obstacle(
    kind: str, task: Mapping[str, Any], at: int, extra: np.ndarray, rng: np.random.Generator
) -> tuple[int, float]:
    """Build an obstacle from step `at` on; return its length in steps, and the rise of a stair."""
    low, high = (float(one) for one in task[kind])
    size = rng.uniform(low, high)
    first = at * _CELLS + 1
    if kind == "pit_gap":
        extra[first : first + round(_CELLS * size)] -= _DEPTH * STEP
        return int(np.ceil(size)) + 2, 0.0
    if kind == "stump_height":
        width = rng.uniform(*_STUMP_WIDTH)
        extra[first : first + round(_CELLS * width)] += size * STEP
        return int(np.ceil(width)) + 1, 0.0
    up = 1.0 if rng.random() < 0.5 else -1.0
    return int(task["stair_steps"]) * _STAIR_WIDTH + 1, up * size * STEP


def _stairs(rise: float, count: int, nodes: int) -> np.ndarray:
    """Return heights of stairs of `count` steps that begin at the first node, and stay."""
    stair = (np.arange(nodes) + _STAIR_WIDTH * _CELLS - 1) // (_STAIR_WIDTH * _CELLS)
    return rise * np.minimum(stair, count)


def lidar(ground: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return how far each ray goes before it meets the ground, as a share of its range, [N, 10].

    Args:
        ground: Heights at nodes, [N, K].
        x: Where the rays begin, metres, [N].
        z: Their height, [N].
    """
    first = np.clip((x / SPACING).astype(np.int64), 0, NODES - 1)
    index = np.minimum(first[:, None] + np.arange(_REACH + 1), NODES - 1)  # beyond the end: flat
    heights = np.take_along_axis(ground, index, axis=1)  # [N, C + 1]
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
