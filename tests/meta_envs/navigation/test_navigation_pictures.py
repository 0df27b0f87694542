"""The pictures of the plane show what happened, and drawing changes nothing."""

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs
from meta_envs.navigation.pictures import Ring, Scene, Trail, draw_plane

_IDS = [
    id
    for id in meta_envs.list_distributions()
    if id.startswith("meta/")
    and meta_envs.card(id).family.startswith("meta_envs.navigation")
    and ".moving_bandits:" not in meta_envs.card(id).family
]


def test_all_seven_are_here():
    assert len(_IDS) == 7


@pytest.mark.parametrize("id", _IDS)
def test_a_step_changes_the_picture(id):
    env: Any = gym.make(id, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert np.array_equal(before, env.render())
    for action in ([1, 0], [0, 1], [-1, 0]):
        env.step(np.array(action))
        assert env.render().shape == before.shape
        assert not np.array_equal(env.render(), before)
        before = env.render()


@pytest.mark.parametrize("id", _IDS)
def test_drawing_changes_nothing(id):
    drawn: Any = gym.make_vec(id, num_envs=2, render_mode="rgb_array")
    plain: Any = gym.make_vec(id, num_envs=2)
    actions = np.random.default_rng(0).uniform(-1, 1, size=(110, 2, 2))
    for env in (drawn, plain):
        env.reset(seed=1)
    for step, action in enumerate(actions):
        parts = [env.step(action) for env in (drawn, plain)]
        if step % 40 == 0:
            drawn.render()
        for one, other in zip(parts[0][:4], parts[1][:4], strict=True):
            assert np.array_equal(one, other)


def test_ways_last_for_a_trial():
    kwargs = {"max_episode_steps": 3, "episodes_per_trial": 2, "render_mode": "rgb_array"}
    env: Any = gym.make_vec("meta/PointNavigation-v0", num_envs=2, **kwargs)
    env.reset(seed=0)
    for _ in range(4):
        env.step(np.array([[1, 0], [0, -1]]))
    trail = env._trails.of(1)
    assert np.allclose(trail.past, [[(0, 0), (0, -0.1), (0, -0.2), (0, -0.3)]])
    assert np.allclose(trail.way, [(0, 0), (0, -0.1)])
    assert trail.total == pytest.approx(-np.hypot(*(env.tasks["goal"][1] - [0, -0.1])))
    for _ in range(2):
        env.step(np.zeros((2, 2)))
    assert env._trails.of(1).past == []


def picture(trail=None, scene=None, episode=1, step=1):
    trail = trail or Trail([], [(0.0, 0.0), (0.3, 0.1)], 0.5)
    scene = scene or Scene(goal=np.array([0.5, 0.5]), extent=1.0)
    return draw_plane("Plane", trail, scene, episode=(episode, 2), step=(step, None))


_SCENE = Scene(goal=np.array([0.5, 0.5]), extent=1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"trail": Trail([], [(0.0, 0.0), (0.3, 0.2)], 0.5)},
        {"trail": Trail([], [(0.0, 0.0), (0.3, 0.1)], -0.5)},
        {"trail": Trail([[(0.0, 0.0), (-0.3, 0.1)]], [(0.0, 0.0), (0.3, 0.1)], 0.5)},
        {"scene": replace(_SCENE, goal=np.array([0.5, -0.5]))},
        {"scene": replace(_SCENE, extent=1.2)},
        {"scene": replace(_SCENE, radius=0.2)},
        {"scene": replace(_SCENE, others=((-0.5, -0.5),))},
        {"scene": replace(_SCENE, rings=(Ring(0.7, (0.7, 0.0), 0.3),))},
        {"episode": 2},
        {"step": 2},
    ],
)
def test_everything_that_differs_is_seen(change):
    assert not np.array_equal(picture(), picture(**change))


def test_the_view_widens_for_this_episode_and_leaves_out_what_is_far():
    far = Trail([], [(0.0, 0.0), (9.0, 0.0)], 0.5)
    assert not np.array_equal(picture(), picture(far))
    gone = Trail([[(50.0, 50.0), (60.0, 50.0)]], [(0.0, 0.0), (0.3, 0.1)], 0.5)
    here = Trail([[]], [(0.0, 0.0), (0.3, 0.1)], 0.5)
    assert np.array_equal(picture(gone), picture(here))
