"""Drawing pictures without a display: one canvas, one palette, one font for every family."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

Color = tuple[int, int, int] | tuple[int, int, int, int]  # red, green, blue(, opacity), 0-255
Point = tuple[float, float]  # x, y in pixels from the top left corner

PAPER = (252, 251, 248)  # background
INK = (38, 40, 46)  # text, outlines
MUTED = (122, 126, 136)  # secondary text
RULE = (204, 206, 212)  # axes, light walls
FAINT = (236, 236, 234)  # empty cells, tracks

# Okabe and Ito's colours, distinguishable with every type of colour vision.
BLUE = (0, 114, 178)
SKY = (86, 180, 233)
GREEN = (0, 158, 115)
YELLOW = (240, 228, 66)
ORANGE = (230, 159, 0)
RED = (213, 94, 0)
PINK = (204, 121, 167)
CYCLE = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW)  # for telling series apart

_OVERSAMPLE = 2  # drawn twice as large, then scaled down: smooths shapes and text


def mix(color: Color, other: Color, weight: float) -> tuple[int, int, int]:
    """Return the colour `weight` (0 to 1) of the way from one colour to another."""
    red, green, blue = (
        round(a + (b - a) * weight) for a, b in zip(color[:3], other[:3], strict=True)
    )
    return red, green, blue


class Canvas:
    """A picture to draw on; needs no display and changes nothing global.

    Sizes and positions are in pixels, x to the right and y down, and may be fractional. Every
    colour may carry an opacity as its fourth number.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        color: Background colour.
    """

    def __init__(self, width: int, height: int, color: Color = PAPER):
        # Imported here: importing meta_envs must not import pygame.
        import pygame

        pygame.font.init()
        self.width, self.height = int(width), int(height)
        self._pygame = pygame
        # Kept by the canvas, not the module: a font does not outlive `pygame.quit`, which closing
        # a window calls.
        self._fonts: dict[tuple[int, bool], Any] = {}
        size = (self.width * _OVERSAMPLE, self.height * _OVERSAMPLE)
        self._surface = pygame.Surface(size, depth=32)
        self._surface.fill(color[:3])

    def rect(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        color: Color,
        *,
        line_width: float = 0,
        radius: float = 0,
    ) -> None:
        """Draw a rectangle, filled unless it has a line width (then its outline, inside it)."""
        edges = [_pixels(edge) for edge in (left, top, left + width, top + height)]
        box = self._pygame.Rect(edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1])
        line, corner = _stroke(line_width), _pixels(radius)
        if len(color) == 4:
            layer = self._pygame.Surface(box.size, self._pygame.SRCALPHA)
            self._pygame.draw.rect(layer, color, layer.get_rect(), line, border_radius=corner)
            self._surface.blit(layer, box)
        else:
            self._pygame.draw.rect(self._surface, color, box, line, border_radius=corner)

    def circle(self, center: Point, radius: float, color: Color, *, line_width: float = 0) -> None:
        """Draw a disc, or a ring if a line width is given."""
        where, size = (_pixels(center[0]), _pixels(center[1])), max(_pixels(radius), 1)
        if len(color) == 4:
            layer = self._pygame.Surface((2 * size + 1, 2 * size + 1), self._pygame.SRCALPHA)
            self._pygame.draw.circle(layer, color, (size, size), size, _stroke(line_width))
            self._surface.blit(layer, (where[0] - size, where[1] - size))
        else:
            self._pygame.draw.circle(self._surface, color, where, size, _stroke(line_width))

    def line(self, start: Point, end: Point, color: Color, line_width: float = 1) -> None:
        """Draw a straight line, centred on its end points, with flat ends."""
        along = np.subtract(end, start)
        length = float(np.hypot(*along))
        if length == 0:
            return
        across = np.array([-along[1], along[0]]) / length * line_width / 2
        corners = [start + across, end + across, end - across, start - across]
        self.polygon([(float(x), float(y)) for x, y in corners], color)

    def polygon(self, corners: list[Point], color: Color) -> None:
        """Draw a filled polygon, e.g. a marker or an arrow's head."""
        points = [(_pixels(x), _pixels(y)) for x, y in corners]
        if len(color) == 4:
            low = np.min(points, axis=0)
            size = np.max(points, axis=0) - low + 1
            layer = self._pygame.Surface((int(size[0]), int(size[1])), self._pygame.SRCALPHA)
            moved = [(int(x - low[0]), int(y - low[1])) for x, y in points]
            self._pygame.draw.polygon(layer, color, moved)
            self._surface.blit(layer, (int(low[0]), int(low[1])))
        else:
            self._pygame.draw.polygon(self._surface, color, points)

    def star(self, center: Point, radius: float, color: Color) -> None:
        """Draw a star of five points, e.g. a goal."""
        angles = np.arange(10) * np.pi / 5 - np.pi / 2
        reach = np.where(np.arange(10) % 2 == 0, radius, radius * 0.45)
        x, y = center[0] + reach * np.cos(angles), center[1] + reach * np.sin(angles)
        self.polygon(list(zip(x.tolist(), y.tolist(), strict=True)), color)

    def text(
        self,
        words: str,
        at: Point,
        *,
        size: float = 14,
        color: Color = INK,
        anchor: str = "topleft",
        bold: bool = False,
    ) -> float:
        """Write one line and return its width in pixels.

        Args:
            words: What to write.
            at: Position of the anchor.
            size: Line height in pixels.
            color: Colour of the letters.
            anchor: Point of the text placed at `at`: `"topleft"`, `"midtop"`, `"topright"`,
                `"midleft"`, `"center"`, `"midright"`, `"bottomleft"`, `"midbottom"` or
                `"bottomright"`.
            bold: Whether the letters are bold.
        """
        letters = self._font(size, bold).render(words, True, color[:3])
        if len(color) == 4:
            letters.set_alpha(color[3])
        box = letters.get_rect(**{anchor: (_pixels(at[0]), _pixels(at[1]))})
        self._surface.blit(letters, box)
        return box.width / _OVERSAMPLE

    def text_width(self, words: str, *, size: float = 14, bold: bool = False) -> float:
        """Return the width in pixels of a line of text."""
        return self._font(size, bold).size(words)[0] / _OVERSAMPLE

    def fitted(self, words: str, width: float, *, size: float = 14, bold: bool = False) -> str:
        """Return as many whole words as fit into a width, with "..." for the rest."""
        if self.text_width(words, size=size, bold=bold) <= width:
            return words
        kept = words.split(" ")
        while len(kept) > 1 and self._too_wide(kept, width, size, bold):
            kept.pop()
        letters = " ".join(kept)
        while letters and self._too_wide([letters], width, size, bold):  # one word is too long
            letters = letters[:-1]
        return f"{letters} ..."

    def _too_wide(self, words: list[str], width: float, size: float, bold: bool) -> bool:
        return self.text_width(" ".join([*words, "..."]), size=size, bold=bold) > width

    def array(self) -> np.ndarray:
        """Return the picture: uint8 [height, width, 3]."""
        small = self._pygame.transform.smoothscale(self._surface, (self.width, self.height))
        return np.ascontiguousarray(self._pygame.surfarray.array3d(small).swapaxes(0, 1))

    def _font(self, size: float, bold: bool) -> Any:
        key = (_pixels(size), bold)
        if key not in self._fonts:
            self._fonts[key] = self._pygame.font.Font(_font_file(bold), key[0])
        return self._fonts[key]


def _pixels(length: float) -> int:
    return round(length * _OVERSAMPLE)


def _stroke(line_width: float) -> int:
    return max(_pixels(line_width), 1) if line_width else 0


def _font_file(bold: bool) -> str | None:
    """Find matplotlib's DejaVu Sans, the same on every machine; None for pygame's own."""
    package = importlib.util.find_spec("matplotlib")
    if package is None or package.origin is None:
        return None
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    file = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / name
    return str(file) if file.is_file() else None
