"""First-person frames of worlds of square cells, all rows at once, in NumPy.

N rows, R some of them; H and W pixels down and across; S cells along a side; K sprites of a row.
Lengths are in cells; x counts columns of cells and y rows. A ray walks from cell to cell until it
meets a wall (Amanatides and Woo 1987). No operation mixes rows, so a frame is the same whatever the
number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HEADINGS = 72  # directions of a full turn, clockwise as rows count downwards; 0 looks along x
_TURN = 2.0 * np.pi * np.arange(HEADINGS) / HEADINGS
_COS, _SIN = np.cos(_TURN), np.sin(_TURN)
_TINY = 1e-9  # in place of 0 where a ray runs along an axis
_NEAREST = 0.05  # nothing is drawn as if nearer
_WAITING = 0.75  # share of rays still under way below which the others are dropped
_CHUNK = 64  # rows drawn at a time, so that what is in between fits a cache
_MOST_WIDTH = 480  # of a frame beside a plan, pixels
_LEVELS = 8  # of shade
_FADE = 0.8  # levels of shade a cell of distance
_DARKEST, _SIDE = 0.35, 0.8  # factors on the colour of the farthest walls, and of every other side


@dataclass(frozen=True)
class Sprite:
    """A picture that always faces who looks.

    Args:
        image: uint8 [h, w, 4]; where the last number is 0, one sees through.
        width: In cells.
        height: In cells.
        bottom: Above the floor, in cells.
    """

    image: np.ndarray
    width: float
    height: float
    bottom: float = 0.0


class RayCaster:
    """Draws what is seen from places in worlds of cells.

    Args:
        width: W.
        height: H, even.
        view: Angle that is seen, in degrees.
        wall_height: In cells; eyes are at half of it.
        walls: Colours of walls of kind 1, 2, ..., uint8 [kinds, 3].
        ceiling: Colour.
        floor: Colour.
        sprites: What may stand in a world.

    Raises:
        ValueError: If the height is odd.
    """

    def __init__(
        self,
        width: int = 64,
        height: int = 48,
        view: float = 60.0,
        wall_height: float = 1.0,
        walls: Sequence[Sequence[int]] = ((190, 190, 200),),
        ceiling: Sequence[int] = (90, 110, 140),
        floor: Sequence[int] = (110, 95, 80),
        sprites: Sequence[Sprite] = (),
    ):
        if height % 2:
            raise ValueError(f"height={height} has no middle; give an even number of pixels")
        self.width, self.height, self.wall_height = width, height, wall_height
        self._atlas = _Atlas(sprites)
        self._slope = float(np.tan(np.radians(view) / 2))
        self._focal = width / (2 * self._slope)  # pixels of a cell at a distance of one
        self._across = (2.0 * np.arange(width) + 1.0) / width - 1.0
        self._shades = _shades(np.asarray(walls, dtype=np.float64))
        self._backs = tuple(np.tile(np.asarray(c, np.uint8), width) for c in (ceiling, floor))
        self._from_middle = np.arange(height // 2, dtype=np.uint16)[:, None]

    def frames(
        self,
        walls: np.ndarray,
        places: np.ndarray,
        headings: np.ndarray,
        kinds: np.ndarray | None = None,
        where: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return frames, uint8 [N, H, W, 3].

        Args:
            walls: 0 is free, k a wall of the k-th colour; the border is all wall, [N, S, S'].
            places: x and y of the eyes, in free cells, float64 [N, 2].
            headings: Directions of sight, 0 to `HEADINGS` - 1, [N].
            kinds: Which sprites there are, -1 for none, [N, K].
            where: x and y of the sprites, float64 [N, K, 2].
        """
        found = np.empty((len(places), self.height, self.width, 3), np.uint8)
        for first in range(0, len(places), _CHUNK):
            part = slice(first, first + _CHUNK)
            ahead = np.stack([_COS[headings[part]], _SIN[headings[part]]], axis=1)
            depths = self._draw_walls(found[part], walls[part], places[part], ahead)
            if kinds is not None and where is not None:
                away = where[part] - places[part][:, None]
                self._draw_sprites(found[part], depths, ahead, kinds[part], away)
        return found

    # ---- walls ----------------------------------------------------------------------------------

    def _draw_walls(
        self, frames: np.ndarray, walls: np.ndarray, places: np.ndarray, ahead: np.ndarray
    ) -> np.ndarray:
        """Draw ceiling, floor and walls, and return how far the walls are, [R, W]."""
        depths, kinds, sides = self._cast(walls, places, ahead)
        depths = np.maximum(depths, _NEAREST)
        middle = self.height // 2
        reach = np.minimum(self._focal * self.wall_height / 2 / depths + 0.5, middle)
        level = np.minimum(depths * _FADE, _LEVELS - 1).astype(np.intp)
        colours = self._shades[kinds - 1, sides, level].reshape(len(frames), 1, -1)
        tops = np.repeat(reach.astype(np.uint16), 3, axis=1)[:, None]
        is_wall = (self._from_middle < tops).view(np.uint8)  # [R, H / 2, W * 3]
        flat = frames.reshape(len(frames), self.height, -1)
        for back, half in zip(
            self._backs, (flat[:, middle - 1 :: -1], flat[:, middle:]), strict=True
        ):
            np.multiply(is_wall, colours - back, out=half)  # wraps round, and back again
            half += back
        return depths

    def _cast(
        self, walls: np.ndarray, places: np.ndarray, ahead: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return depths, kinds and sides (0 across x, 1 across y) of the walls met, [R, W] each."""
        rows, down, along = walls.shape
        flat = walls.reshape(-1)
        sideways = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * self._slope
        way = ahead[:, :, None] + sideways[:, :, None] * self._across  # [R, 2, W]
        way[np.abs(way) < _TINY] = _TINY
        paces = 1.0 / np.abs(way)  # depth between two lines of the grid
        cells = np.floor(places)
        inside = (places - cells)[:, :, None]
        nexts = np.where(way > 0, 1.0 - inside, inside) * paces
        steps = np.where(way > 0, 1, -1) * np.array([1, along])[:, None]
        start = cells[:, 1].astype(np.intp) * along + cells[:, 0].astype(np.intp)
        start += np.arange(rows) * (down * along)
        count = rows * self.width
        reals = np.concatenate([nexts, paces], axis=1).transpose(1, 0, 2).reshape(4, count)
        moves = steps.transpose(1, 0, 2).reshape(2, count)
        cell = np.repeat(start, self.width)
        rays = np.arange(count)
        depths, kinds = np.empty(count), np.empty(count, flat.dtype)
        sides = np.empty(count, np.intp)
        under_way = np.ones(count, dtype=bool)
        left = count
        while True:
            next_x, next_y, pace_x, pace_y = reals
            across_y = next_y < next_x
            cell += np.where(across_y, moves[1], moves[0])
            met = flat.take(cell)
            hit = np.flatnonzero(met)
            over = rays[hit]
            depths[over] = np.minimum(next_x[hit], next_y[hit])
            kinds[over], sides[over] = met[hit], across_y[hit]
            left -= hit.size
            if not left:
                break
            under_way[hit] = False
            next_x += np.where(across_y, 0.0, pace_x)
            next_y += np.where(across_y, pace_y, 0.0)
            if left < _WAITING * rays.size:
                going = np.flatnonzero(under_way)
                reals, moves = reals[:, going], moves[:, going]
                cell, rays, under_way = cell[going], rays[going], under_way[going]
            else:  # those that have met a wall wait in a free cell
                moves[:, hit], cell[hit] = 0, start[0]
        shape = (rows, self.width)
        return depths.reshape(shape), kinds.reshape(shape), sides.reshape(shape)

    # ---- sprites --------------------------------------------------------------------------------

    def _draw_sprites(
        self,
        frames: np.ndarray,
        depths: np.ndarray,
        ahead: np.ndarray,
        kinds: np.ndarray,
        away: np.ndarray,
    ) -> None:
        """Draw sprites, the farthest first, where no wall is nearer."""
        forward = away[..., 0] * ahead[:, None, 0] + away[..., 1] * ahead[:, None, 1]
        aside = away[..., 1] * ahead[:, None, 0] - away[..., 0] * ahead[:, None, 1]
        in_view = np.abs(aside) - self._atlas.widths[kinds] / 2 < forward * self._slope
        seen = (kinds >= 0) & (forward > _NEAREST) & in_view
        order = np.argsort(np.where(seen, -forward, 0.0), axis=1, kind="stable")
        most = int(seen.sum(axis=1).max(initial=0))
        for turn in range(most):
            which = order[:, turn]
            rows = np.flatnonzero(seen[np.arange(len(seen)), which])
            which = which[rows]
            sprites = kinds[rows, which], forward[rows, which], aside[rows, which]
            self._draw_one_each(frames, depths, rows, *sprites)

    def _draw_one_each(
        self,
        frames: np.ndarray,
        depths: np.ndarray,
        rows: np.ndarray,
        kinds: np.ndarray,
        forward: np.ndarray,
        aside: np.ndarray,
    ) -> None:
        """Draw a sprite in each of some rows [R], `forward` and `aside` of the eyes [R]."""
        atlas = self._atlas
        scale = self._focal / forward  # pixels of a cell there
        wide, high = atlas.widths[kinds] * scale, atlas.heights[kinds] * scale
        left = self.width / 2 + aside * scale - wide / 2
        across = (np.arange(self.width) + 0.5 - left[:, None]) / wide[:, None]
        shown = (across >= 0) & (across < 1) & (forward[:, None] < depths[rows])
        place, where = np.nonzero(shown)
        if not place.size:
            return
        above = (atlas.bottoms[kinds] - self.wall_height / 2) * scale + high
        top = self.height / 2 - above
        below = (np.arange(self.height) + 0.5 - top[:, None]) / high[:, None]  # [R, H]
        inside = (below >= 0) & (below < 1)
        line = (below * atlas.lines[kinds, None]).astype(np.intp)
        column = (across[place, where] * atlas.columns[kinds[place]]).astype(np.intp)
        # every column of pixels that is seen, from its first line inside to its last
        tall = inside.sum(axis=1)[place]
        skipped = np.cumsum(tall) - tall - inside.argmax(axis=1)[place]
        down = np.arange(tall.sum()) - np.repeat(skipped, tall)
        texel = line.reshape(-1)[np.repeat(place * self.height, tall) + down] * atlas.along
        texel += np.repeat(kinds[place] * atlas.size + column, tall)
        first = rows[place] * (self.height * self.width) + where
        pixel = down * self.width + np.repeat(first, tall)
        opaque = np.flatnonzero(atlas.opaque[texel])
        frames.reshape(-1, 3)[pixel[opaque]] = atlas.colours[texel[opaque]]


class _Atlas:
    """Sprites as arrays, by kind.

    Args:
        sprites: The sprites.
    """

    def __init__(self, sprites: Sequence[Sprite]):
        shapes = np.array([one.image.shape[:2] for one in sprites] or [(1, 1)])
        self.lines, self.columns = shapes[:, 0], shapes[:, 1]
        images = np.zeros((len(shapes), *shapes.max(axis=0), 4), np.uint8)
        for kind, one in enumerate(sprites):
            images[kind, : len(one.image), : one.image.shape[1]] = one.image
        self.along, self.size = images.shape[2], images.shape[1] * images.shape[2]
        flat = images.reshape(-1, 4)
        self.colours, self.opaque = np.ascontiguousarray(flat[:, :3]), flat[:, 3] > 0
        blank = [1.0]
        self.widths = np.array([one.width for one in sprites] or blank)
        self.heights = np.array([one.height for one in sprites] or blank)
        self.bottoms = np.array([one.bottom for one in sprites] or blank)


def _shades(colours: np.ndarray) -> np.ndarray:
    """Return the colours of walls by kind, side and level of shade, uint8 [kinds, 2, levels, 3]."""
    fade = np.linspace(1.0, _DARKEST, _LEVELS)[:, None]
    sides = np.array([1.0, _SIDE])[:, None, None]
    return np.rint(colours[:, None, None] * sides * fade).astype(np.uint8)


def ahead_of(headings: np.ndarray) -> np.ndarray:
    """Return the directions of headings as x and y, float64 [..., 2]."""
    return np.stack([_COS[headings], _SIN[headings]], axis=-1)


def enlarged(frame: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Return a frame, in larger pixels, left of a plan of the world: uint8 [height, width, 3].

    Args:
        frame: uint8 [H, W, 3].
        plan: uint8 [height, width, 3], not lower than the enlarged frame.
    """
    factor = max(min(plan.shape[0] // frame.shape[0], _MOST_WIDTH // frame.shape[1]), 1)
    large = frame.repeat(factor, axis=0).repeat(factor, axis=1)
    high = max(len(large), len(plan))
    page = np.full((high, large.shape[1] + plan.shape[1], 3), plan[0, 0], np.uint8)
    top = (high - len(large)) // 2
    page[top : top + len(large), : large.shape[1]] = large
    page[: len(plan), large.shape[1] :] = plan
    return page
