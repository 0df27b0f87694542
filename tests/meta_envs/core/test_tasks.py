from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from meta_envs.core import tasks

_SPACE = spaces.Dict(
    {
        "speed": spaces.Box(0.0, 3.0, (), np.float64),
        "means": spaces.Box(np.array([0.0, -1.0]), np.array([1.0, np.inf]), dtype=np.float64),
        "goal": spaces.Discrete(3, start=1),
        "cell": spaces.MultiDiscrete([2, 5]),
    }
)
_GOOD: dict[str, Any] = {"speed": 1, "means": [0.5, 7], "goal": 3, "cell": (1, 4.0)}


def test_numbers_and_lists_are_cast_to_the_types_of_the_space() -> None:
    task = tasks.as_task(_SPACE, _GOOD)
    assert _SPACE.contains(task)
    kinds = {key: (value.dtype.name, value.shape) for key, value in task.items()}
    assert kinds == {
        "speed": ("float64", ()),
        "means": ("float64", (2,)),
        "goal": ("int64", ()),
        "cell": ("int64", (2,)),
    }
    assert task["means"].tolist() == [0.5, 7.0]
    assert task["cell"].tolist() == [1, 4]


def test_a_task_is_a_copy() -> None:
    means = np.array([0.5, 0.5])
    task = tasks.as_task(_SPACE, {**_GOOD, "means": means})
    means[0] = 9.0
    assert task["means"][0] == 0.5


_BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"speed": 3.5}, ValueError, r"task\['speed'\]=3.5 is outside \[0.0, 3.0\]"),
    ({"speed": np.nan}, ValueError, r"task\['speed'\]=nan is outside \[0.0, 3.0\]"),
    ({"speed": -np.inf}, ValueError, r"task\['speed'\]=-inf is outside"),
    ({"means": [0.5, -2]}, ValueError, r"task\['means'\]\[1\]=-2.0 is outside \[-1.0, inf\]"),
    ({"cell": [0, 5]}, ValueError, r"task\['cell'\]\[1\]=5 is outside \[0, 4\]"),
    ({"goal": 0}, ValueError, r"task\['goal'\]=0 is outside \[1, 3\]"),
    ({"goal": 1.5}, TypeError, r"task\['goal'\]=.*1.5.* is not an integer; .* Discrete"),
    ({"goal": np.nan}, TypeError, r"task\['goal'\]=.*nan.* is not an integer"),
    ({"speed": "fast"}, TypeError, r"task\['speed'\]=.*'fast'.* is not numeric; .* Box"),
    ({"speed": None}, TypeError, r"task\['speed'\]=None is not numeric"),
    ({"speed": 1j}, TypeError, r"task\['speed'\]=.* is not numeric"),
    ({"means": [[1], [1, 2]]}, TypeError, r"task\['means'\]=.* is not numeric"),
    ({"means": [1.0]}, ValueError, r"task\['means'\] has shape \(1,\); .* takes shape \(2,\)"),
    ({"speed": [1.0]}, ValueError, r"task\['speed'\] has shape \(1,\); .* takes shape \(\)"),
    ({"sped": 1.0}, ValueError, r"unknown task key 'sped'; a task has \[.*did you mean 'speed'"),
    ({7: 1.0}, ValueError, r"unknown task key 7"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("change", "error", "message"), _BAD)
def test_bad_values_are_refused_by_key_value_and_bounds(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tasks.as_task(_SPACE, {**_GOOD, **change})
    with pytest.raises(error, match=message):
        tasks.as_tasks(_SPACE, [_GOOD, {**_GOOD, **change}], 2)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"task key 'means' is missing; a task has \['cell', 'goal'"
    ):
        tasks.as_task(_SPACE, {key: value for key, value in _GOOD.items() if key != "means"})


@pytest.mark.parametrize("wrong", [None, 3, "speed", [1.0], ({},)])
def test_what_is_no_dict_is_refused_by_type(wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"not .* of type {type(wrong).__name__}"):
        tasks.as_task(_SPACE, wrong)


def _many(count: int) -> dict[str, Any]:
    return tasks.stack([tasks.as_task(_SPACE, _GOOD)] * count)


def test_many_tasks_are_a_dict_or_a_list() -> None:
    from_list = tasks.as_tasks(_SPACE, [_GOOD, _GOOD], 2)
    from_dict = tasks.as_tasks(_SPACE, {key: part.tolist() for key, part in _many(2).items()}, 2)
    assert tasks.equal(from_list, from_dict)
    assert from_list["means"].shape == (2, 2)
    assert tasks.as_tasks(_SPACE, [], 0)["means"].shape == (0, 2)


def test_the_row_of_a_bad_task_is_named() -> None:
    many = _many(3)
    many["speed"][2] = 5.0
    with pytest.raises(ValueError, match=r"task\['speed'\]=5.0 \(row 2\) is outside \[0.0, 3.0\]"):
        tasks.as_tasks(_SPACE, many, 3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (_many(2), ValueError, r"leading axis of 3, .* given \{'.*': 2"),
        (tasks.as_task(_SPACE, _GOOD), ValueError, r"leading axis of 3.*'speed': None"),
        ([_GOOD, _GOOD], ValueError, "2 tasks given for 3 rows"),
        ("tasks", TypeError, "not str"),
        (3, TypeError, "not int"),
    ],
)
def test_a_wrong_number_of_tasks_is_refused(given: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        tasks.as_tasks(_SPACE, given, 3)


def test_equal_compares_every_value() -> None:
    one, other = tasks.as_task(_SPACE, _GOOD), tasks.as_task(_SPACE, _GOOD)
    assert tasks.equal(one, other)
    other["cell"][0] = 0
    assert not tasks.equal(one, other)
    assert not tasks.equal(one, {"speed": one["speed"]})


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        (spaces.Discrete(3), TypeError, "a task space is a spaces.Dict"),
        (spaces.Dict({"x": spaces.Text(3)}), TypeError, r"task_space\['x'\].*holds Box, Discrete"),
        (spaces.Dict({"x": spaces.Box(0, 1)}), ValueError, r"task_space\['x'\].*are float64"),
    ],
)
def test_other_task_spaces_are_refused(space: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        tasks.check_task_space(space)
