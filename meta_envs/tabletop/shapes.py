"""Drawing objects into batches of small pictures. K pictures of P x P pixels.

Only sums, products, comparisons and square roots are used: they give the same bits in any batch.
"""

from __future__ import annotations

import numpy as np

NAMES = ("disc", "square", "triangle", "diamond", "ring", "cross")
_TABLE = np.array([232, 230, 225], np.uint8)
_PUSHER = np.array([40, 42, 48], np.float32)
_BRIGHT, _GREY = 0.9, 0.15  # of an object's colour: its largest and smallest of red, green, blue
_INNER, _ARM = 0.5, 0.35  # radius of a ring's hole, half the width of a cross's arms
_DIAGONAL = 0.8660254  # half the square root of 3
_ALIKE = 25  # of 255, in red, green and blue: less than hues 0.06 apart differ by
_LEAST_SHARE = 0.3  # of a pixel, to be seen as the object's
_INSIDE = 0.8  # of a square's half side, and other shapes' share of their circle


def blank(count: int, pixels: int) -> np.ndarray:
    """Return pictures of an empty table, uint8 [N, P, P, 3]."""
    found = np.empty((count, pixels, pixels, 3), np.uint8)
    found[:] = _TABLE
    return found


def colours_of(hues: np.ndarray) -> np.ndarray:
    """Return red, green and blue from 0 to 255, float32 [..., 3], of hues in [0, 1]."""
    turn = np.asarray(hues, np.float64)[..., None] * 6.0
    parts = np.abs((turn + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0
    shares = np.clip(parts, 0.0, 1.0)
    return (255.0 * (_GREY + (_BRIGHT - _GREY) * shares)).astype(np.float32)


def inside(shapes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far inside its outline each point is, in radii of its object, [K, ...].

    Args:
        shapes: Indices into `NAMES`, [K].
        x: Places relative to the object's centre, in its radii, [K, ...].
        y: Likewise.
    """
    there = set(shapes.tolist())
    if len(there) == 1:
        return _INSIDES[there.pop()](x, y)
    found = np.empty(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for shape in there:
        own = shapes == shape
        found[own] = _INSIDES[shape](x[own], y[own])
    return found


def stamp(
    pictures: np.ndarray,
    places: np.ndarray,
    radius: float,
    shapes: np.ndarray,
    colours: np.ndarray,
) -> None:
    """Draw an object, smoothly, into each of K pictures [K, P, P, 3] of the square from -1 to 1.

    Args:
        pictures: Changed in place.
        places: x and y of their centres, [K, 2]; y points up.
        radius: Of all.
        shapes: Indices into `NAMES`, [K].
        colours: float32 [K, 3].
    """
    pixels = pictures.shape[1]
    scale = pixels / 2.0  # pixels a unit
    size = radius * scale
    offsets = np.arange(2 * int(size) + 6) - int(size) - 2
    across, down = (places[:, :1] + 1.0) * scale - 0.5, (1.0 - places[:, 1:]) * scale - 0.5
    column, row = (np.floor(one).astype(np.int64) + offsets for one in (across, down))
    x = ((column - across) / size).astype(np.float32)[:, None, :]
    y = ((down - row) / size).astype(np.float32)[:, :, None]
    cover = np.minimum(inside(shapes, x, y) * np.float32(size) + np.float32(0.5), 1.0)
    seen = ((row >= 0) & (row < pixels))[:, :, None] & ((column >= 0) & (column < pixels))[:, None]
    k, i, j = np.nonzero(seen & (cover > 0))
    at = k, row[k, i], column[k, j]
    before = pictures[at].astype(np.float32)
    after = before + cover[k, i, j, None] * (colours[k] - before)
    pictures[at] = (after + np.float32(0.5)).astype(np.uint8)


def find(picture: np.ndarray, hue: float) -> np.ndarray | None:
    """Return the centre of the object of a hue, x and y; None if it is not to be seen.

    Args:
        picture: uint8 [P, P, 3].
        hue: Its hue; other objects differ by at least 0.06.
    """
    table = _TABLE.astype(np.float64)
    way = colours_of(np.array(hue)) - table
    off = picture - table
    share = (off @ way) / float(way @ way)  # of a pixel that the object covers
    strange = np.abs(off - share[..., None] * way).max(axis=2)
    share = np.where((strange < _ALIKE) & (share > _LEAST_SHARE), np.minimum(share, 1.0), 0.0)
    total = float(share.sum())
    if not total:
        return None
    places = (np.arange(len(picture)) + 0.5) * 2.0 / len(picture) - 1.0
    return np.array([share.sum(axis=0) @ places, -(share.sum(axis=1) @ places)]) / total


def stamp_pusher(pictures: np.ndarray, places: np.ndarray, radius: float) -> None:
    """Draw the dark disc that moves into each picture; as in `stamp`."""
    count = len(places)
    stamp(pictures, places, radius, np.zeros(count, np.int64), np.tile(_PUSHER, (count, 1)))


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(x * x + y * y)


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 1.0 - _length(x, y)


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _INSIDE - np.maximum(np.abs(x), np.abs(y))


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(y + 0.5, 0.5 - 0.5 * y - _DIAGONAL * np.abs(x))


def _diamond(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (1.0 - np.abs(x) - np.abs(y)) * 0.7071068


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    length = _length(x, y)
    return np.minimum(1.0 - length, length - _INNER)


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    across, along = np.abs(x), np.abs(y)
    one = np.minimum(_ARM - across, 1.0 - along)
    other = np.minimum(_ARM - along, 1.0 - across)
    return np.maximum(one, other)


_INSIDES = (_disc, _square, _triangle, _diamond, _ring, _cross)
