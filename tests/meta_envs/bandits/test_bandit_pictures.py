"""The picture of a bandit shows what happened."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.bandits.drawing import draw_arms

_FAMILIES = ("Bernoulli", "Dependent", "Informative", "Gaussian", "Restless")


@pytest.mark.parametrize("family", _FAMILIES)
def test_a_pull_changes_the_picture(family):
    env: Any = gym.make(f"meta/{family}Bandit-v0", render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert before.ndim == 3
    assert before.shape[2] == 3
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 10
    assert np.array_equal(before, env.render())
    env.step(1)
    assert env.render().shape == before.shape
    assert not np.array_equal(env.render(), before)


def test_every_row_of_a_batch_has_its_picture():
    env: Any = gym.make_vec("meta/BernoulliBandit-v0", num_envs=3, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(np.array([0, 1, 2]))
    pictures = env.render()
    assert len(pictures) == 3
    assert not np.array_equal(pictures[0], pictures[1])


def picture(means=(0.2, 0.8), pulls=(1, 2), paid=(1.0, 1.0), last=(1, 1.0)):
    return draw_arms(
        means=np.array(means),
        pulls=np.array(pulls),
        paid=np.array(paid),
        last=last,
        n_pulls=10,
        reward_range=(0.0, 1.0),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"means": (0.3, 0.8)},
        {"pulls": (2, 2)},
        {"paid": (0.0, 1.0)},
        {"last": (0, 1.0)},
        {"last": (1, 0.0)},
        {"last": None},
    ],
)
def test_everything_that_is_known_is_in_the_picture(change):
    assert not np.array_equal(picture(), picture(**change))


@pytest.mark.parametrize("arms", [1, 50, 300])
def test_any_number_of_arms_can_be_drawn(arms):
    env: Any = gym.make("meta/GaussianBandit-v0", arms=arms, pulls=2000, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(arms - 1)
    assert 500 < env.render().shape[1] <= 1280


def test_a_window_opens_on_a_machine_without_a_display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for _ in range(2):  # closing a window quits pygame; the next one draws all the same
        env: Any = gym.make("meta/DependentBandit-v0", render_mode="human", pulls=2)
        env.reset(seed=0)
        env.step(0)
        assert env.unwrapped.render().shape == (474, 520, 3)
        env.close()


def test_a_window_over_many_rows_is_refused():
    with pytest.raises(ValueError, match="human"):
        gym.make_vec("meta/DependentBandit-v0", num_envs=2, render_mode="human")
