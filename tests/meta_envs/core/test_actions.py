from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from meta_envs.core.actions import InvalidAction, valid_actions

_BOX = spaces.Box(np.array([-1, 0], np.float32), np.array([1, 5], np.float32), dtype=np.float32)
_DISCRETE, _MULTI = spaces.Discrete(3, start=-1), spaces.MultiDiscrete([2, 4])


def test_boxes_are_clipped_and_cast() -> None:
    checked = valid_actions(_BOX, [[-3, 2], [np.inf, -np.inf]], 2)
    assert checked.tolist() == [[-1.0, 2.0], [1.0, 0.0]]
    assert checked.dtype == np.float32


def test_valid_actions_are_not_written_into() -> None:
    given = np.array([[9.0, 9.0]], dtype=np.float32)
    valid_actions(_BOX, given, 1)
    assert given.tolist() == [[9.0, 9.0]]


def test_whole_floats_are_integers() -> None:
    assert valid_actions(_DISCRETE, [1.0, -1.0], 2).tolist() == [1, -1]
    assert valid_actions(_MULTI, np.array([[1, 3]], dtype=np.uint8), 1).tolist() == [[1, 3]]


def test_bits_may_be_bools() -> None:
    space = spaces.MultiBinary(2)
    checked = valid_actions(space, [[True, False], [False, False]], 2)
    assert checked.tolist() == [[1, 0], [0, 0]] and all(row in space for row in checked)
    assert valid_actions(space, [[1, 0]], 1).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("space", "actions", "message"),
    [
        (spaces.MultiBinary(2), [[0, 2]], r"\[0 2\] of row 0 is outside \[0, 1\]"),
        (_BOX, [[0.0, np.nan]], r"action \[ ?0. nan\] of row 0 holds NaN"),
        (_BOX, [0.0, 0.0], r"shape \(2,\); 1 rows of Box.* take \(1, 2\)"),
        (_BOX, [["a", "b"]], "'a'.* is not numeric"),
        (_BOX, [[None, 1.0]], "None is not numeric"),
        (_BOX, [[0.0, 1.0], [0.0]], "actions differ in shape"),
        (_DISCRETE, [2], r"action 2 of row 0 is outside \[-1, 1\]"),
        (_DISCRETE, [-2], r"action -2 of row 0 is outside \[-1, 1\]"),
        (_DISCRETE, [0.5], "0.5.* is not an integer"),
        (_DISCRETE, [np.nan], "nan.* is not an integer"),
        (_DISCRETE, [np.inf], "inf.* is not an integer"),
        (_DISCRETE, [None], "None is not an integer"),
        (_DISCRETE, [[0]], r"shape \(1, 1\)"),
        (_DISCRETE, 0, r"shape \(\)"),
        (_MULTI, [[0, 4]], r"\[0 4\] of row 0 is outside"),
    ],
)
def test_bad_actions_are_refused(space: spaces.Space, actions: Any, message: str) -> None:
    with pytest.raises(InvalidAction, match=message) as caught:
        valid_actions(space, actions, 1)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, gym.error.InvalidAction)


def test_the_row_is_named() -> None:
    with pytest.raises(InvalidAction, match="of row 2"):
        valid_actions(_DISCRETE, [0, 0, 5, 0], 4)


def test_other_spaces_are_refused() -> None:
    with pytest.raises(TypeError, match="are Box, Discrete, MultiDiscrete or MultiBinary"):
        valid_actions(spaces.Text(3), [0], 1)
