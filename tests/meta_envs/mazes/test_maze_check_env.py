"""Gymnasium's own checker has nothing to say."""

import warnings

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

import meta_envs  # noqa: F401


@pytest.mark.parametrize(
    ("id", "kwargs"),
    [
        ("meta/GridNavi-v0", {}),
        ("meta/RandomMaze-v0", {}),
        ("meta/RandomMaze-v0", {"size": 5}),
    ],
)
@pytest.mark.parametrize("split", [None, "all"])
def test_the_checker_is_silent(id, kwargs, split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(id, split=split, **kwargs).unwrapped)
