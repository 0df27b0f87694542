"""The pictures of the MDPs show what happened, and drawing changes nothing."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.mdps.tabular_picture import Travelled, draw_mdp
from meta_envs.mdps.two_step_picture import Played, draw_two_step

_CASES = [
    ("meta/TabularMDP-v0", {}),
    ("meta/TabularMDP-v0", {"states": 2, "actions": 2}),
    ("meta/TabularMDP-v0", {"states": 60, "actions": 12}),
    ("meta/TwoStep-v0", {}),
    ("meta/TwoStep-v0", {"second_stage": False, "rounds": 7}),
    ("meta/TwoStep-v0", {"rounds": 900}),
]


@pytest.mark.parametrize(("id", "kwargs"), _CASES)
def test_a_step_changes_the_picture(id, kwargs):
    env: Any = gym.make(id, render_mode="rgb_array", **kwargs)
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 20
    assert np.array_equal(before, env.render())
    for action in (1, 0, 1):
        env.step(action)
        assert env.render().shape == before.shape
        assert not np.array_equal(env.render(), before)
        before = env.render()


@pytest.mark.parametrize("id", ["meta/TabularMDP-v0", "meta/TwoStep-v0"])
def test_drawing_changes_nothing(id):
    drawn: Any = gym.make_vec(id, num_envs=2, render_mode="rgb_array")
    plain: Any = gym.make_vec(id, num_envs=2)
    for env in (drawn, plain):
        env.reset(seed=1)
    for step in range(230):
        parts = [env.step(np.array([step % 2, 1])) for env in (drawn, plain)]
        if step % 40 == 0:
            first, second = drawn.render()
            assert not np.array_equal(first, second)
        for one, other in zip(parts[0][:4], parts[1][:4], strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("id", ["meta/TabularMDP-v0", "meta/TwoStep-v0"])
def test_a_window_opens_on_a_machine_without_a_display(id, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env: Any = gym.make(id, render_mode="human")
    env.reset(seed=0)
    env.step(0)
    env.close()


def mdp_picture(reward=0.0, state=1, moves=(0, 1), last=(0, 0, 1), total=1.0, episode=1, step=1):
    seen = np.zeros((3, 3), dtype=np.int64)
    seen[moves] += 1
    return draw_mdp(
        np.full((3, 2), reward),
        state,
        Travelled(seen, last, total),
        episode=(episode, 10),
        step=(step, 10),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"reward": 2.0},
        {"state": 2},
        {"moves": (1, 2)},
        {"last": (0, 1, 1)},
        {"last": None},
        {"total": -1.0},
        {"episode": 2},
        {"step": 2},
    ],
)
def test_everything_that_is_known_is_in_the_picture_of_an_mdp(change):
    assert not np.array_equal(mdp_picture(), mdp_picture(**change))


def two_step_picture(now=None, **rounds):
    kept = {"actions": (0, 1), "second": (1, 2), "good": (0, 0), "rewards": (1, 0), "paid": 2}
    changed: Any = {key: np.array(value) for key, value in {**kept, **rounds}.items()}
    arguments = {"stage": 0, "good": 0, "p_common": 0.8, "p_reward": 0.9, "rounds": 10}
    return draw_two_step(Played(**changed), **{**arguments, **(now or {})})


@pytest.mark.parametrize(
    "change",
    [
        {"actions": (1, 1)},
        {"second": (1, 1)},
        {"good": (1, 0)},
        {"rewards": (0, 0)},
        {"rewards": (1, 1)},
        {"paid": 1, "now": {"stage": 2}},
        {"now": {"good": 1}},
        {"now": {"p_common": 0.7}},
        {"now": {"p_reward": 0.7}},
        {"now": {"rounds": 20}},
    ],
)
def test_everything_that_is_known_is_in_the_picture_of_two_steps(change):
    assert not np.array_equal(two_step_picture(), two_step_picture(**change))
