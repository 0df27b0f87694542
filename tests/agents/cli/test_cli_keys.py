"""Keys and the actions that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from agents.cli import keys


def actions_of(controls, words):
    """Return what the keys make, an action a look."""
    made = []
    for word in words.split():
        if word.startswith("-"):
            controls.release(word[1:])
        else:
            controls.press(word)
        action = controls.take()
        if action is not None:
            made.append(np.asarray(action).tolist())
    return made


def test_discrete_keys():
    assert actions_of(keys.DiscreteKeys(12), "0 9 b c x") == [0, 9, 11]
    assert actions_of(keys.DiscreteKeys(3, start=5), "1 right return left left space") == [6, 7, 5]
    assert actions_of(keys.DiscreteKeys(50), "left return") == [49]
    named = keys.DiscreteKeys(4, 0, ("left", "down", "right", "up"))
    assert actions_of(named, "up left right 1 return") == [3, 0, 2, 1, 1]
    assert "0 left" in named.legend()[0]


def test_keys_for_lists_of_numbers():
    controls = keys.controls_for(spaces.MultiDiscrete([3, 2], start=[1, 0]))
    assert actions_of(controls, "return q q w return q return a return") == [
        [1, 0],
        [3, 1],
        [1, 1],
        [3, 1],
    ]
    assert actions_of(keys.controls_for(spaces.MultiBinary(3)), "e return") == [[0, 0, 1]]


def test_box_keys_push_dimensions():
    controls = keys.controls_for(
        spaces.Box(np.array([-1, -2, 1], np.float32), np.array([1, 4, 3], np.float32))
    )
    assert actions_of(controls, "-q q s 5 -q q a -a") == [
        [1, 0, 1],
        [1, -2, 1],
        [0.5, -1, 1],
        [0, -1, 1],
        [0.5, -1, 1],
        [0, -1, 1],  # both ways at once
        [0.5, -1, 1],
    ]
    controls.pause()
    assert controls.take() is None


def test_box_keys_by_single_steps():
    controls = keys.controls_for(spaces.Box(-1, 1, (3,)))
    assert actions_of(controls, "return q return -q return") == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_box_keys_have_pages():
    controls = keys.controls_for(spaces.Box(-0.5, 0.5, (13,)))
    controls.press("right")
    controls.press("e")
    assert np.flatnonzero(controls.action()).tolist() == [12]
    assert any("page 2 of 2" in line for line in controls.legend())
    controls.press("right")
    assert "q/a: 0" in controls.legend()[0]


def test_actions_without_keys_are_refused():
    with pytest.raises(ValueError, match="no keys for actions"):
        keys.controls_for(spaces.Box(0, 1, (2, 2)))
