"""Pictures by OpenGL, and what is drawn where there is none."""

import os
import subprocess
import sys

import numpy as np
import pytest

from meta_envs.physics import (  # noqa: E402
    opengl,  # noqa: E402
    planar_picture,
    renderer,
)
from tests.meta_envs.locomotion.test_pictures import at_rest, mujoco


@pytest.fixture
def untried(monkeypatch):
    monkeypatch.setattr(renderer.OpenGL, "failure", None)


def test_without_opengl_bodies_are_outlines_and_it_is_tried_once(monkeypatch, untried):
    tried = []

    def fail(*arguments):
        tried.append(arguments)
        raise RuntimeError("no such library")

    monkeypatch.setattr(opengl, "failure", lambda: None)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(mujoco, "Renderer", fail)
    model, data = at_rest("ant.xml")
    for _ in range(3):
        rows = renderer.RowRenderer()
        picture = rows.draw(model, data, [("goal", "1")], target=(1.0, 0.0))
        marks = planar_picture.Marks(target=(1.0, 0.0))
        assert (picture == planar_picture.draw_body(model, data, [("goal", "1")], marks)).all()
        rows.close()
    assert len(tried) == 1 and "no such library" in str(renderer.OpenGL.failure)


@pytest.mark.parametrize(("chosen", "fails"), [("", False), ("glfw", True), ("egl", False)])
def test_glfw_is_not_asked_without_a_display(monkeypatch, chosen, fails):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("MUJOCO_GL", chosen)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert (opengl.failure() is not None) == fails
    monkeypatch.setenv("DISPLAY", ":0")
    assert opengl.failure() is None


class FakeRenderer:
    """Stands for MuJoCo's: has a real scene, and draws grey."""

    open = 0

    def __init__(self, model, height, width, max_geom):
        assert model.vis.global_.offwidth >= width and model.vis.global_.offheight >= height
        self.scene = mujoco.MjvScene(model, max_geom)
        FakeRenderer.open += 1

    def render(self):
        return np.full((planar_picture.HEIGHT, planar_picture.WIDTH, 3), 128, dtype=np.uint8)

    def close(self):
        FakeRenderer.open -= 1


def test_opengl_sees_the_row_s_own_body_and_marks(monkeypatch, untried):
    monkeypatch.setattr(opengl, "failure", lambda: None)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(mujoco, "Renderer", FakeRenderer)
    rows = renderer.RowRenderer()
    model, data = at_rest("hopper.xml")
    plain = rows.draw(model, data)
    count = rows._renderer.scene.ngeom
    other, other_data = at_rest("hopper.xml")
    other.geom_size[other.geom("torso_geom").id, 0] = 0.123
    picture = rows.draw(other, other_data, [("mass", "1")], velocity=1.0, target=(1.0, 0.0))
    scene = rows._renderer.scene
    assert scene.ngeom == count + 2  # an arrow and a target
    assert any(abs(scene.geoms[index].size[0] - 0.123) < 1e-6 for index in range(count))
    assert (plain == 128).all() and picture.shape == (planar_picture.HEIGHT + 30, 480, 3)
    assert FakeRenderer.open == 1
    rows.close()
    rows.close()
    assert FakeRenderer.open == 0


PROGRAM = """
import mujoco
from meta_envs.locomotion.bodies import load_model
from meta_envs.physics.renderer import OpenGL, RowRenderer
model = load_model("half_cheetah.xml")
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
for _ in range(2):
    rows = RowRenderer()
    picture = rows.draw(model, data, [("direction", "1")], direction=1.0)
    rows.close()
print(OpenGL.failure, picture.shape, picture.std() > 20)
"""


def test_osmesa_draws_where_it_is_installed():
    there = subprocess.run(
        [sys.executable, "-c", "import ctypes.util as c; print(c.find_library('OSMesa'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    if there.stdout.strip() == "None":
        pytest.skip("libosmesa6 is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "MUJOCO_GL": "osmesa", "PYOPENGL_PLATFORM": "osmesa"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "None (390, 480, 3) True" and not done.stderr


MISSING = """
import sys
sys.modules["OpenGL"] = None  # as if it were not installed
import gymnasium as gym
import meta_envs
env = gym.make("meta/HalfCheetahDir-v0", render_mode="rgb_array")
env.reset(seed=0)
print(env.render().shape)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no choice")
@pytest.mark.parametrize("chosen", ["osmesa", "egl", "nonsense"])
def test_what_does_not_work_is_said_in_a_line_and_bodies_are_outlines(chosen):
    done = subprocess.run(
        [sys.executable, "-c", MISSING],
        env={**os.environ, "MUJOCO_GL": chosen},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "(390, 480, 3)", done.stderr
    assert done.stderr.count("\n") == 1 and f"MUJOCO_GL={chosen} does not work" in done.stderr
