"""Values as JSON: exact round trips, and what is not saved is named."""

import json
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.saving.checkpoint import decode, decode_settings, encode, encode_settings


class _OwnPolicy:
    pass


PLAIN = [
    {"a": (1, 2.5, ["b", None, True]), "b": {}},
    ("linear", 3e-4, 0.0),
    [-0.0, 1e-320, 2**70, float("inf"), -float("inf")],
    {1: "a", (2, 3): "b", "class": "torch.nn.Tanh"},
    {"class": "torch.nn.Tanh"},
    {"tuple": [1]},
    {"policy_kwargs": {"activation_fn": torch.nn.Tanh, "optimizer_class": torch.optim.RMSprop}},
    _OwnPolicy,
]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_round_trip(value):
    custom: set[str] = set()
    classes = {"OwnPolicy": _OwnPolicy}
    text = json.dumps(encode(value, custom, classes=classes), allow_nan=False)
    back = decode(json.loads(text), classes=classes)
    assert back == value
    assert repr(back) == repr(value)  # -0.0, tuples, order
    assert custom == set()


@pytest.mark.parametrize(
    "value",
    [
        np.float32(0.1),
        np.int64(-(2**62)),
        np.bool_(True),
        np.float64(np.nan),
        np.array(2.5),
        np.array([[0.1, -0.0], [np.inf, np.nan]], dtype=np.float32),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.full((400, 400), 1 / 3),
        np.zeros((0, 3), dtype=bool),
        np.array(["ab", "c"]),
    ],
    ids=repr,
)
def test_numpy_values_round_trip(value):
    back = decode(json.loads(json.dumps(encode(value, set()), allow_nan=False)))
    assert type(back) is type(value)
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert back.tobytes() == value.tobytes()


def test_a_large_array_is_sent_to_the_tensors():
    with pytest.raises(ValueError, match="value.bank is an array of 100001 elements.*as a tensor"):
        encode({"bank": np.arange(100_001)}, set())


SPACES = [
    spaces.Box(-np.inf, np.inf, (2, 3)),
    spaces.Box(np.array([0.1, -np.inf]), np.array([np.inf, 1 / 3]), dtype=np.float64),
    spaces.Box(0, 255, (84, 84, 3), dtype=np.uint8),
    spaces.Box(-np.inf, 7, (2,), dtype=np.int64),
    spaces.Box(-(2**62), 2**62 + 1, (), dtype=np.int64),
    spaces.Discrete(5),
    spaces.Discrete(5, start=-2),
    spaces.MultiDiscrete(
        np.array([[2, 3], [4, 5]]), dtype="int32", start=np.array([[1, 0], [-1, 2]])
    ),
    spaces.MultiBinary(4),
    spaces.MultiBinary((2, 3)),
    spaces.Dict([("z", spaces.Discrete(2)), ("a", spaces.Dict({"b": spaces.Box(-1.0, 1.0)}))]),
    spaces.Tuple([spaces.Discrete(2), spaces.Box(0.0, 1.0, ())]),
]


def assert_same_space(back, space):
    assert type(back) is type(space)
    assert back == space
    assert repr(back) == repr(space)
    assert back.dtype == space.dtype
    if isinstance(space, spaces.Box):
        for name in ("low", "high", "bounded_below", "bounded_above"):
            assert getattr(back, name).tobytes() == getattr(space, name).tobytes()
    if isinstance(space, spaces.Dict):
        assert list(back) == list(space)
        for key in space:
            assert_same_space(back[key], space[key])


@pytest.mark.parametrize("space", SPACES, ids=repr)
def test_spaces_round_trip(space):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = json.dumps(encode(space, set()), allow_nan=False)
        back = decode(json.loads(text))
    assert_same_space(back, space)
    space.seed(3)
    back.seed(3)
    assert repr(back.sample()) == repr(space.sample())


def _own_function(x):
    return x


class _OwnSpace(spaces.Discrete):
    pass


def test_what_cannot_be_saved_is_announced_once_and_asked_for():
    settings = {
        "gamma": 0.9,
        "learning_rate": _own_function,
        "policy_kwargs": {"fn": _own_function, "net": [_OwnPolicy], "size": 3},
        "space": _OwnSpace(2),
    }
    keys = ["learning_rate", "policy_kwargs.fn", "policy_kwargs.net.0", "space"]
    with pytest.warns(UserWarning, match="not saved") as caught:
        data = encode_settings(settings)
    assert len(caught) == 1
    assert all(key in str(caught[0].message) for key in keys)
    assert data["custom_objects"] == keys
    data = json.loads(json.dumps(data))
    with pytest.raises(ValueError, match="needs custom_objects={'learning_rate': ...,"):
        decode_settings(data)
    with pytest.raises(ValueError, match="needs custom_objects={'policy_kwargs.fn': ...}"):
        decode(data["policy_kwargs"])
    given = {"learning_rate": 1.0, "space": 2, "policy_kwargs": {"size": 4}}
    assert decode_settings(data, given) == {"gamma": 0.9, **given}
    parts = {"learning_rate": 1.0, "space": 2, keys[1]: _own_function, keys[2]: _OwnPolicy}
    assert decode_settings(data, parts)["policy_kwargs"] == settings["policy_kwargs"]
    with pytest.warns(UserWarning, match="gama"):
        assert decode_settings({"gamma": 0.9}, {"gama": 1}) == {"gamma": 0.9}
    assert decode_settings({"gamma": 0.9}, {"gamma": 1}) == {"gamma": 1}


def test_damaged_values_and_unknown_classes_are_value_errors():
    with pytest.raises(ValueError, match="class 'os.system' is not one that may be loaded"):
        decode({"class": "os.system"})
    damaged: tuple[dict[str, Any], ...] = (
        {"space": {"type": "Box"}},
        {"space": {"type": "Moebius", "spaces": []}},
        {"array": {"dtype": "float32", "shape": [3], "values": [1]}},
        {"scalar": ["object", 1, 2]},
        {"scalar": []},
        {"float": "many"},
        {"tuple": 3},
        {"array": {"dtype": "object", "shape": [1], "values": [1]}},
    )
    for value in damaged:
        with pytest.raises(ValueError):
            decode(value)
