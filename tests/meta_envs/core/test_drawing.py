"""The canvas puts things where it is told to."""

import subprocess
import sys

import numpy as np
import pytest

from meta_envs.pictures.drawing import BLUE, CYCLE, INK, PAPER, RED, Canvas, mix


def test_a_new_canvas_is_paper():
    picture = Canvas(30, 20).array()
    assert picture.shape == (20, 30, 3)
    assert picture.dtype == np.uint8
    assert np.all(picture == PAPER)


def test_a_rectangle_covers_its_pixels_and_no_others():
    canvas = Canvas(30, 20)
    canvas.rect(5, 3, 10, 8, BLUE)
    picture = canvas.array()
    assert np.all(picture[3:11, 5:15] == BLUE)
    assert np.all(picture[:3] == PAPER)
    assert np.all(picture[11:] == PAPER)
    assert np.all(picture[:, :5] == PAPER)
    assert np.all(picture[:, 15:] == PAPER)


def test_an_outline_leaves_the_inside_free():
    canvas = Canvas(30, 20)
    canvas.rect(5, 3, 10, 8, BLUE, line_width=2)
    picture = canvas.array()
    assert tuple(picture[4, 10]) == BLUE
    assert tuple(picture[7, 10]) == PAPER


def test_opacity_mixes():
    canvas = Canvas(30, 20)
    canvas.rect(0, 0, 30, 20, (*RED, 128))
    canvas.circle((100, 100), 5, (*RED, 128))  # outside: nothing happens
    canvas.polygon([(40, 40), (50, 40), (45, 50)], (*RED, 128))
    assert np.allclose(canvas.array()[10, 10], mix(PAPER, RED, 128 / 255), atol=2)


def test_shapes_are_centred():
    canvas = Canvas(41, 41)
    canvas.circle((20, 20), 10, BLUE)
    canvas.line((0, 20), (41, 20), RED, line_width=2)
    canvas.line((7, 7), (7, 7), RED)  # no length, no line
    picture = canvas.array()
    assert tuple(picture[14, 20]) == BLUE
    assert tuple(picture[26, 20]) == BLUE
    assert tuple(picture[20, 3]) == RED
    assert tuple(picture[7, 7]) == PAPER


@pytest.mark.parametrize("anchor", ["topleft", "center", "bottomright", "midright"])
def test_text_hangs_from_its_anchor(anchor):
    canvas = Canvas(200, 60)
    width = canvas.text("arm 12", (100, 30), size=16, anchor=anchor)
    assert width == canvas.text_width("arm 12", size=16)
    _, columns = np.nonzero((canvas.array() != PAPER).any(2))
    left = {"topleft": 100, "center": 100 - width / 2}.get(anchor, 100 - width)
    assert abs(columns.min() - left) < 4
    assert abs(columns.max() - left - width) < 4


def test_bold_is_bolder_and_colours_differ():
    ink = []
    for bold in (False, True):
        canvas = Canvas(100, 30)
        canvas.text("arm", (5, 5), bold=bold)
        ink.append(int((canvas.array().astype(int) < np.array(PAPER)).sum()))
    assert ink[1] > ink[0] > 0
    assert len({*CYCLE, INK, PAPER}) == len(CYCLE) + 2


def test_families_do_not_import_pygame_until_they_draw():
    code = "import meta_envs.bandits.base, sys; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_long_texts_are_shortened_by_whole_words():
    canvas = Canvas(200, 20)
    assert canvas.fitted("mass 1.0", 190) == "mass 1.0"
    words = " ".join(f"key{number}" for number in range(50))
    shown = canvas.fitted(words, 190, bold=True)
    assert canvas.text_width(shown, bold=True) <= 190
    assert (
        shown.endswith(" ...") and words.startswith(shown.removesuffix("...")) and len(shown) > 15
    )
    assert canvas.text_width(canvas.fitted("x" * 500, 190)) <= 190
