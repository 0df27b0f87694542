"""The pictures of the mazes show what happened, and drawing changes nothing."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mazes.pictures import Visit, draw_grid_navi, draw_maze

_CASES = [
    ("meta/GridNavi-v0", {}),
    ("meta/GridNavi-v0", {"size": 30}),
    ("meta/RandomMaze-v0", {}),
    ("meta/RandomMaze-v0", {"size": 41}),
]


@pytest.mark.parametrize(("id", "kwargs"), _CASES)
def test_a_step_changes_the_picture(id, kwargs):
    env: Any = gym.make(id, render_mode="rgb_array", **kwargs)
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 20
    assert np.array_equal(before, env.render())
    for action in (1, 2, 3):
        env.step(action)
        assert env.render().shape == before.shape
        assert not np.array_equal(env.render(), before)
        before = env.render()


def test_visits_last_for_a_trial_and_the_way_for_an_episode():
    env: Any = gym.make_vec("meta/GridNavi-v0", num_envs=2, steps=3, render_mode="rgb_array")
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.array([1, 2]))
    up, right = env.render()
    assert not np.array_equal(up, right)
    visit = env._visits.of(0)
    assert visit.way == [(0, 0)]
    assert visit.total == 0
    assert visit.counts[0].tolist() == [2, 1, 1, 1, 0]
    for _ in range(9):
        env.step(np.array([0, 0]))
    assert env._visits.of(0).counts.sum() == 1  # a new trial's first cell


@pytest.mark.parametrize("id", ["meta/GridNavi-v0", "meta/RandomMaze-v0"])
def test_drawing_changes_nothing(id):
    drawn: Any = gym.make_vec(id, num_envs=2, render_mode="rgb_array")
    plain: Any = gym.make_vec(id, num_envs=2)
    actions = np.random.default_rng(0).integers(4, size=(230, 2))
    for env in (drawn, plain):
        env.reset(seed=1)
    for step, action in enumerate(actions):
        parts = [env.step(action) for env in (drawn, plain)]
        if step % 40 == 0:
            drawn.render()
        for one, other in zip(parts[0][:4], parts[1][:4], strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("id", ["meta/GridNavi-v0", "meta/RandomMaze-v0"])
def test_a_window_opens_on_a_machine_without_a_display(id, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env: Any = gym.make(id, render_mode="human")
    env.reset(seed=0)
    env.step(0)
    env.close()


def picture(draw, cell=(1, 1), way=((1, 2), (1, 1)), total=0.5, episode=1, step=1, **place):
    counts = np.zeros((5, 5), dtype=np.int64)
    counts[cell] = 1
    visit = Visit(counts, list(way), total)
    place = {"goal": np.array([3, 3]), **place}
    if draw is draw_maze:
        walls = np.pad(np.zeros((3, 3), dtype=np.int64), 1, constant_values=1)
        place = {"walls": walls, "start": np.array([1, 2]), **place}
    return draw(visit, episode=(episode, 2), step=(step, 9), **place)


@pytest.mark.parametrize("draw", [draw_grid_navi, draw_maze])
@pytest.mark.parametrize(
    "change",
    [
        {"cell": (2, 1)},
        {"way": ((1, 1),)},
        {"way": ((1, 1), (1, 2))},
        {"total": -0.5},
        {"goal": np.array([3, 2])},
        {"episode": 2},
        {"step": 2},
    ],
)
def test_everything_that_is_known_is_in_the_picture(draw, change):
    assert not np.array_equal(picture(draw), picture(draw, **change))


@pytest.mark.parametrize("change", [{"walls": np.ones((5, 5))}, {"start": np.array([2, 2])}])
def test_walls_and_start_are_in_the_picture_of_a_maze(change):
    assert not np.array_equal(picture(draw_maze), picture(draw_maze, **change))
