"""Glyphs to tell apart, drawn from the fonts that matplotlib brings.

C classes (characters), D drawings of each, one in each font.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

# Letters of several scripts that all of these fonts have, and that look different from each other.
CHARACTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefgkmnoprtuxy0123456789ΔΞΣΦΨΩΫά"
    "έήΰαβγδεζηικλμνπρςστυφχψωДЖИЙКЛУФЦЧШЩЪЫЬЭЮЯбвгзийлмнпфцчшщъы"
    "ьэяЂЃЉЊЋЌЎЏђѓєљћќџԱԲԳԴԵԶԷԸԹԺԻԽԾԿՀՁՃՄՅՆՇՈՉՊՋՌՎՏՒՔՖաբգդեէըթժիխ"
    "ծհձճմնշչպջռվտփքօֆაბგდევზთილმნოპჟრსტუფქღყცწჭჯɐɑɒɔɕɗɘəɚɝɞɠɢɣɤɥ"
    "ɧɬɭɮɱɲɳɴɵɶɷɸɹɺɻɼɾɿʀʁʂʆʇʉʊʌʍʎʏʐʑʒʓʔʕʖʗʘʚʞʣʤʥʦʧʨʩʪʫʬʭʮʯƀƁƄƇƈƉƊ"
    "ƋƍƎƏƐƑƕƘƜƝƞƠơƢƣƤƥƦƧƪƮƯưƱƲƳƴƶƸƺƼƽƿǟ"
)
_FONTS = tuple(
    f"DejaVu{family}{style}.ttf"
    for family, styles in (
        ("Sans", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("SansMono", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("Serif", ("", "-Bold", "-Italic", "-BoldItalic")),
    )
    for style in styles
)
_LARGE = 64  # side of what is drawn first, pixels
_POINTS = 46  # size of its letters
_TURN = 10.0  # largest rotation, degrees
_SLANT = 0.15  # largest shear
_SIZES = (0.9, 1.15)  # factors of a letter's size
_SHIFT = 0.05  # largest move in each direction, of the side


@functools.lru_cache(maxsize=4)
def glyphs(size: int) -> np.ndarray:
    """Return every character in every font, turned, slanted and moved a little.

    The same at every call and in every process.

    Args:
        size: Side of a picture in pixels.

    Returns:
        Pictures uint8 [C, D, size, size], 0 where there is no ink.
    """
    from PIL import Image

    found = np.zeros((len(CHARACTERS), len(_FONTS), size, size), dtype=np.uint8)
    for index, large in enumerate(_drawn()):
        small = large.resize((size, size), Image.Resampling.BOX)
        found[divmod(index, len(_FONTS))] = np.asarray(small)
    return found


@functools.cache
def _drawn() -> list[Any]:
    """Draw the characters, each in all fonts: a second's work, once a process."""
    import matplotlib  # half a second that other families need not wait
    from PIL import Image, ImageFont

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    plain = ImageFont.Layout.BASIC
    fonts = [
        ImageFont.truetype(str(folder / name), _POINTS, layout_engine=plain) for name in _FONTS
    ]
    found = []
    for index, character in enumerate(CHARACTERS):
        random = np.random.default_rng(index)
        for font in fonts:
            place = _affine(random)
            whole, smooth = (_LARGE, _LARGE), Image.Resampling.BILINEAR
            drawn = _centred(character, font)
            found.append(drawn.transform(whole, Image.Transform.AFFINE, place, smooth))
    return found


def _centred(character: str, font: Any) -> Any:
    """Return a picture of a character, its ink in the middle."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = font.getbbox(character)
    large = Image.new("L", (_LARGE, _LARGE))
    corner = (_LARGE - left - right) / 2, (_LARGE - top - bottom) / 2
    ImageDraw.Draw(large).text(corner, character, fill=255, font=font)
    return large


def _affine(random: np.random.Generator) -> tuple[float, ...]:
    """Draw a map from places in a picture to places in what was drawn, as Pillow takes it."""
    turn = np.deg2rad(random.uniform(-_TURN, _TURN))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    slant = np.array([[1.0, random.uniform(-_SLANT, _SLANT)], [0.0, 1.0]])
    matrix = rotation @ slant / random.uniform(*_SIZES)
    middle = np.full(2, _LARGE / 2)
    shift = random.uniform(-_SHIFT, _SHIFT, 2) * _LARGE
    offset = middle - matrix @ (middle + shift)
    return (*matrix[0].tolist(), offset[0], *matrix[1].tolist(), offset[1])
