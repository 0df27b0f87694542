"""Pictures of MuJoCo bodies: outlines that are to scale, and OpenGL where it works."""

import copy

import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")

from meta_envs.locomotion.bodies import load_model  # noqa: E402
from meta_envs.physics import (  # noqa: E402
    outlines,
    planar_picture,
)
from meta_envs.pictures import drawing  # noqa: E402

KINDS = {
    "hopper.xml": "side",
    "walker2d_v5.xml": "side",
    "half_cheetah.xml": "side",
    "reacher.xml": "above",
    "swimmer.xml": "above",
    "ant.xml": "corner",
    "humanoid.xml": "corner",
}
RED = np.array(drawing.RED)
GREEN = np.array(drawing.GREEN)


def at_rest(file):
    model = copy.copy(load_model(file))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def of_color(picture, color):
    """Return rows and columns of the pixels of a colour."""
    return np.nonzero((np.abs(picture.astype(int) - color) < 12).all(axis=-1))


def drawn(picture):
    """Return which pixels of a side view are a body's: neither paper, floor, ticks nor text."""
    saturation = picture.max(axis=-1).astype(int) - picture.min(axis=-1)
    return saturation > 60


@pytest.mark.parametrize("file", KINDS)
def test_every_body_is_seen_from_where_its_motion_shows(file):
    model, data = at_rest(file)
    view = planar_picture.view_of(model)
    assert view.kind == KINDS[file] and view.follows == (file != "reacher.xml")
    assert np.allclose(view.axes @ view.axes.T, np.eye(3)) and np.linalg.det(view.axes) > 0
    picture = planar_picture.draw_body(model, data, view=view)
    assert picture.shape == (planar_picture.HEIGHT, planar_picture.WIDTH, 3)
    rows, columns = np.nonzero(drawn(picture))
    assert rows.min() > 2 and rows.max() < planar_picture.HEIGHT - 3  # whole
    assert columns.min() > 2 and columns.max() < planar_picture.WIDTH - 3
    assert len(rows) > 500


def test_capsules_are_as_thick_as_they_are():
    model, data = at_rest("hopper.xml")
    view = planar_picture.view_of(model)
    thigh = model.geom("thigh_geom").id
    widths = []
    for radius in (0.03, 0.06, 0.09):
        model.geom_size[thigh, 0] = radius
        picture = planar_picture.draw_body(model, data, view=view)
        pen = planar_picture._Pen(None, view, view.middle(data))
        row = round(pen.at(data.geom_xpos[thigh])[1])
        widths.append(int(drawn(picture)[row].sum()))
    expected = [2 * radius * view.scale for radius in (0.03, 0.06, 0.09)]
    assert np.allclose(widths, expected, atol=2.5)  # without the dark outline


def test_the_picture_follows_the_body_and_the_floor_moves():
    model, data = at_rest("half_cheetah.xml")
    first = planar_picture.draw_body(model, data)
    data.qpos[0] = 0.31
    mujoco.mj_forward(model, data)
    second = planar_picture.draw_body(model, data)
    before, after = np.nonzero(drawn(first)), np.nonzero(drawn(second))
    assert abs(before[1].mean() - after[1].mean()) < 1
    floor = int(planar_picture.HEIGHT * 0.86)
    assert (first[floor:, :380] != second[floor:, :380]).any()


def test_a_jump_is_seen():
    model, data = at_rest("hopper.xml")
    view = planar_picture.view_of(model)
    lowest = []
    for height in (0.0, 0.2):
        data.qpos[1] = model.qpos0[1] + height
        mujoco.mj_forward(model, data)
        rows, _ = np.nonzero(drawn(planar_picture.draw_body(model, data, view=view)))
        lowest.append(rows.max())
    assert lowest[0] - lowest[1] == pytest.approx(0.2 * view.scale, abs=1.5)


@pytest.mark.parametrize(("sign", "marks"), [(1, {"velocity": 1.5}), (-1, {"direction": -1.0})])
def test_an_arrow_points_where_to_run(sign, marks):
    model, data = at_rest("walker2d_v5.xml")
    picture = planar_picture.draw_body(model, data, marks=planar_picture.Marks(**marks))
    rows, columns = of_color(picture, GREEN)
    arrow = columns[rows > 24]  # below its words
    assert sign * (arrow.mean() - planar_picture.WIDTH / 2) > 20


@pytest.mark.parametrize(
    ("heading", "right", "up"), [(0.0, 1, 0), (np.pi / 2, 0, 1), (np.pi, -1, 0)]
)
def test_headings_seen_from_above(heading, right, up):
    model, data = at_rest("swimmer.xml")
    marked = planar_picture.draw_body(model, data, marks=planar_picture.Marks(heading=heading))
    rows, columns = of_color(marked, GREEN)
    below = rows > 24
    across = columns[below].mean() - planar_picture.WIDTH / 2
    down = rows[below].mean() - planar_picture.HEIGHT / 2
    assert np.sign(np.round([across, -down], -1)).tolist() == [right, up]


def test_targets_are_marked_or_pointed_at():
    model, data = at_rest("reacher.xml")
    view = planar_picture.view_of(model)
    for target in ((0.1, 0.2), (-0.2, -0.1)):
        picture = planar_picture.draw_body(model, data, marks=planar_picture.Marks(target=target))
        plain = planar_picture.draw_body(model, data)
        rows, columns = np.nonzero((picture != plain).any(axis=-1))
        pen = planar_picture._Pen(None, view, view.middle(data))
        assert np.allclose((columns.mean(), rows.mean()), pen.at((*target, 0.0)), atol=1)
    model, data = at_rest("ant.xml")
    far = planar_picture.draw_body(model, data, marks=planar_picture.Marks(target=(40.0, 0.0)))
    rows, columns = of_color(far, RED)
    assert len(rows) > 30 and columns.min() > planar_picture.WIDTH / 2  # at the edge


def test_a_place_in_space_is_marked_over_what_hides_it():
    model, data = at_rest("ant.xml")
    view = planar_picture.view_of(model)
    for place in (data.xpos[1], data.xpos[1] + [0.3, 0.0, 0.5]):
        marks = planar_picture.Marks(target=tuple(place))
        rows, columns = of_color(planar_picture.draw_body(model, data, marks=marks), RED)
        right, up = view.axes[:2] @ (place - view.middle(data))
        assert abs(columns.mean() - (planar_picture.WIDTH / 2 + right * view.scale)) < 1.5
        assert abs(rows.mean() - (planar_picture.HEIGHT / 2 - up * view.scale)) < 1.5


def test_a_heading_has_a_line_for_each_fact_whatever_it_says():
    picture = np.zeros((10, 480, 3), dtype=np.uint8)
    short = planar_picture.under_heading(picture, [("mass", "1.0"), ("goal", "2")])
    long = planar_picture.under_heading(picture, [("mass", "1.0 " * 40), ("goal", "2")])
    assert short.shape == long.shape == (10 + 50, 480, 3)
    assert (short[-10:] == 0).all() and (short[:50] != long[:50]).any()
    assert planar_picture.under_heading(picture, None) is picture


def test_hulls():
    corners = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    assert set(outlines.hull([*corners, (1.0, 1.0), (1.0, 0.0)])) == set(corners)


XML = """<mujoco><worldbody><geom type="plane" size="1 1 1"/><body pos="0 0 1"><freejoint/>
<geom type="box" size=".3 .2 .1"/><geom type="cylinder" size=".1 .2" pos=".5 0 0"/>
<geom type="ellipsoid" size=".1 .2 .3" pos="-.5 0 0"/></body></worldbody></mujoco>"""


def test_other_geoms_lie_within_their_bounds():
    model = mujoco.MjModel.from_xml_string(XML)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    sizes = []
    for geom in (1, 2, 3):
        places = outlines.outline(model, data, geom).places
        sizes.append(np.ptp(places, axis=0) / 2)
    assert np.allclose(sizes[0], (0.3, 0.2, 0.1)) and np.allclose(sizes[1], (0.1, 0.1, 0.2))
    assert np.allclose(sizes[2], (0.1, 0.2, 0.3), atol=1e-2)
    assert planar_picture.view_of(model).kind == "corner"
    assert len(np.nonzero(drawn(planar_picture.draw_body(model, data)))[0]) > 500


# ---- with and without OpenGL ---------------------------------------------------------------------
