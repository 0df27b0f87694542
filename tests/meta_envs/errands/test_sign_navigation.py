"""Rooms with a sign: what pays, from where the sign is seen, and what exploring does not pay."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401
from meta_envs.errands.sign_navigation import OBJECTS, rooms

ID = "meta/SignNavigation-v0"
LEFT, RIGHT, FORWARD, END = range(4)


def at(venv: Any, place: tuple[float, float], heading: int) -> Any:
    """Put every row somewhere, and return what it sees."""
    state = venv.unwrapped.get_state()
    state["state.place"][:], state["state.heading"][:] = place, heading
    venv.unwrapped.set_state(state)
    return venv.unwrapped._frames(np.arange(venv.num_envs))


def begun(problems: list[int], told: list[int], **kwargs: Any) -> Any:
    venv = gym.make_vec(ID, num_envs=len(problems), **kwargs)
    tasks = {"problem": np.array(problems), "instruction": np.array(told)}
    venv.reset(seed=0, options={"task": None})
    venv.unwrapped.set_tasks(tasks)
    venv.reset(seed=0)
    return venv


def test_the_right_object_is_of_the_signs_colour_and_the_told_shape() -> None:
    for shape, colour in np.ndindex(2, 3):
        venv = begun([0, 1, 2] * 3, [0] * 3 + [1] * 3 + [2] * 3)
        x, y = OBJECTS[shape, colour]
        # a stride away from the object, and one too far from all others
        at(venv, (x + (2.3 if x < 5 else -2.3), y), 36 if x < 5 else 0)
        _, rewards, over, _, infos = venv.step(np.full(9, FORWARD))
        assert over.all()
        right = [0 if told == 0 else 1 if (told - 1, one) == (shape, colour) else -1
                 for told in (0, 1, 2) for one in (0, 1, 2)]  # fmt: skip
        assert rewards.tolist() == right
        assert infos["success"].tolist() == [one == 1 for one in right]


def test_the_sign_is_seen_from_the_lower_rooms_alone() -> None:
    venv = begun([0, 1, 2], [0, 0, 0])
    below = at(venv, (3.0, 10.25), 0)
    assert not np.array_equal(below[0], below[1]) and not np.array_equal(below[1], below[2])
    for place in ((4.0, 6.0), (5.0, 5.0), (5.9, 6.9)):
        for heading in range(0, 72, 9):
            above = at(venv, place, heading)
            assert np.array_equal(above[0], above[1]) and np.array_equal(above[1], above[2])


def test_walls_stop_it_and_an_action_ends() -> None:
    venv = begun([0, 0], [0, 0])
    at(venv, (7.0, 8.0), 54)  # below the wall, looking up at it
    venv.step(np.full(2, FORWARD))
    place = venv.unwrapped.get_state()["state.place"]
    assert place[0].tolist() == pytest.approx([7.0, 8.0])
    _, rewards, over, _, _ = venv.step(np.array([END, LEFT]))
    assert over.tolist() == [True, False] and rewards.tolist() == [0, 0]
    walls = rooms()
    assert walls.shape == (15, 12) and walls[7, 7:].all() and not walls[7, 1:7].any()


def test_instructions_come_after_exploring() -> None:
    venv: Any = gym.make_vec(ID, num_envs=3)
    first, _ = venv.reset(seed=0)
    assert (first["instruction"] == 0).all() and first["frame"].shape == (3, 60, 80, 3)
    place = venv.unwrapped.get_state()["state.place"]
    assert (place >= (4, 4)).all() and (place <= (5, 6)).all()
    following, *_ = venv.step(np.full(3, END))
    assert (following["instruction"] > 0).all()


def test_a_picture_shows_frame_and_plan() -> None:
    env = gym.make(ID, render_mode="rgb_array", episodes_per_trial=1)
    env.reset(seed=0, options={"task": {"problem": 2, "instruction": 2}})
    env.step(FORWARD)
    picture: Any = env.render()
    assert picture.shape[1] > 700 and picture.dtype == np.uint8


def test_states_outside_the_rooms_are_refused() -> None:
    venv = begun([0], [0])
    good = venv.unwrapped.get_state()
    for key, value in (("state.place", (8.0, 6.5)), ("state.place", (-1.0, 2.0)),
                       ("state.heading", 72)):  # fmt: skip
        bad = {**good, key: np.broadcast_to(np.asarray(value, good[key].dtype), good[key].shape)}
        with pytest.raises(ValueError, match=key):
            venv.unwrapped.set_state(bad)
