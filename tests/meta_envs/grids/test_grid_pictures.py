"""The pictures of grids and chains show what happened; Gymnasium's checker has nothing to say."""

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import meta_envs  # noqa: F401

CASES = [
    ("meta/TabularGrid-v0", {"level": "groove"}),
    ("meta/RandomGrid-v0", {"level": "small", "moves": 4}),
    ("meta/DelayedChain-v0", {"level": "distractor"}),
]


@pytest.mark.parametrize(("id", "kwargs"), CASES)
def test_a_step_changes_the_picture_and_drawing_changes_nothing(id, kwargs):
    env: Any = gym.make(id, render_mode="rgb_array", **kwargs)
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 20
    assert np.array_equal(before, env.render())
    env.step(0)
    assert not np.array_equal(env.render(), before)


@pytest.mark.parametrize(("id", "kwargs"), CASES)
def test_the_checker_is_silent(id, kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(id, **kwargs).unwrapped)
