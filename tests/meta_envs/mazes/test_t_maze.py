"""The T-maze: what is seen where, and what memory is worth."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs
from meta_envs.laws.case import LawBroken
from meta_envs.laws.check import check_law
from meta_envs.laws.leak import law_leak

_ID = "meta/TMaze-v0"
_UP, _RIGHT, _DOWN, _LEFT = range(4)


def two(**kwargs: Any) -> Any:
    """Make two rows: the reward is up in row 0, down in row 1."""
    env = gym.make_vec(_ID, num_envs=2, **kwargs)
    env.set_tasks({"turn": [0, 1]})
    return env


def test_the_sign_is_seen_at_the_start_and_the_right_turn_pays_4() -> None:
    env = two(length=3)
    seen, _ = env.reset(seed=0)
    assert seen.tolist() == [2, 3]
    for expected in ([0, 0], [0, 0], [1, 1]):
        seen, rewards, terminated, *_ = env.step(np.array([_RIGHT, _RIGHT]))
        assert seen.tolist() == expected and not rewards.any() and not terminated.any()
    seen, rewards, terminated, _, infos = env.step(np.array([_UP, _UP]))
    assert rewards.tolist() == [4.0, -0.1] and terminated.all()
    assert infos["success"].tolist() == [True, False] and infos["final_obs"].tolist() == [1, 1]


def test_standing_still_costs_and_the_junction_ends_the_corridor() -> None:
    env = two(length=2)
    env.reset(seed=0)
    moves = [_UP, _DOWN, _LEFT, _RIGHT, _UP, _LEFT, _RIGHT, _RIGHT, _RIGHT]
    costs = [env.step(np.full(2, move))[1].tolist() for move in moves]
    still = [-0.1, -0.1]
    free = [0.0, 0.0]
    assert costs == [still, still, still, free, still, free, free, free, still]


def test_the_active_form_begins_beside_the_sign() -> None:
    env = two(length=4, active=True)
    seen, _ = env.reset(seed=0)
    assert seen.tolist() == [0, 0]  # nothing is told
    assert env.step(np.full(2, _LEFT))[0].tolist() == [2, 3]
    for _ in range(4):
        seen, *_ = env.step(np.full(2, _RIGHT))
    assert seen.tolist() == [1, 1]
    assert env.step(np.array([_UP, _DOWN]))[1].tolist() == [4.0, 4.0]


def test_only_the_passive_form_shows_the_task_at_first() -> None:
    assert meta_envs.task_api(gym.make(_ID)).start_shows == ("turn",)
    assert meta_envs.task_api(gym.make(_ID, active=True)).start_shows == ()
    check_law(law_leak, _ID, active=True)
    family = type(meta_envs.task_api(gym.make_vec(_ID, num_envs=1)))
    try:
        family.start_shows, kept = (), family.start_shows
        with pytest.raises(LawBroken, match="the first observation is"):
            check_law(law_leak, _ID)
    finally:
        family.start_shows = kept


def test_corridors_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="length=1 leaves no corridor"):
        gym.make(_ID, length=1)
    with pytest.raises(ValueError, match="active=1 must be True or False"):
        gym.make(_ID, active=1)


def test_the_picture_shows_the_way() -> None:
    env: Any = gym.make(_ID, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.step(_RIGHT)
    assert before.shape == env.render().shape and (before != env.render()).any()
