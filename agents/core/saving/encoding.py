"""Encode values as JSON and back, bit for bit, without pickle: the contents of `data.json`.

JSON's own values are unchanged; every other value becomes a dict with one reserved key:

    {"tuple": [...]}                       a tuple, such as a schedule ("linear", start, end)
    {"float": "inf"}                       a float that JSON lacks
    {"class": "torch.nn.Tanh"}             a class on the allow-list
    {"scalar": [dtype, value]}             a NumPy scalar
    {"array": {"dtype", "shape", ...}}     a small NumPy array
    {"space": {"type": "Box", ...}}        a Gymnasium space
    {"dict": [[key, value], ...]}          a dict JSON would change or that looks like these
    {"custom": "policy_kwargs.fn"}         not saved; `decode` takes it from `custom_objects`
"""

from __future__ import annotations

import collections.abc
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

MAX_BYTES = 2**28  # limit for an array that is read: image bounds take a few megabytes
MAX_ELEMENTS = 100_000  # limit for an array in JSON; larger ones belong in a checkpoint's tensors

_TAGS = ("tuple", "float", "class", "scalar", "array", "space", "dict", "custom")
_ACTIVATIONS = (
    "CELU ELU GELU Hardtanh Identity LeakyReLU Mish ReLU ReLU6 SELU Sigmoid SiLU Softplus "
    "Softsign Tanh"
)
_OPTIMIZERS = "Adagrad Adam Adamax AdamW NAdam RAdam RMSprop SGD"
_CLASSES: dict[str, type] = {
    **{f"torch.nn.{name}": getattr(torch.nn, name) for name in _ACTIVATIONS.split()},
    **{f"torch.optim.{name}": getattr(torch.optim, name) for name in _OPTIMIZERS.split()},
    "stable_baselines3.RMSpropTFLike": RMSpropTFLike,
}
_NO_CLASSES: Mapping[str, type] = {}


def encode_settings(
    settings: Mapping[str, Any], classes: Mapping[str, type] = _NO_CLASSES
) -> dict[str, Any]:
    """Encode named settings for `write_checkpoint`, and warn once about those that cannot be saved.

    Args:
        settings: Values by name, e.g. an agent's constructor arguments.
        classes: Further classes that may be saved, by name, e.g. an agent's `policy_aliases`.

    Returns:
        JSON data with the same keys, plus `"custom_objects"`: the keys of the values not saved.

    Raises:
        ValueError: A setting is called "custom_objects", or an array is too large for JSON.
    """
    if "custom_objects" in settings:
        raise ValueError("settings have the key 'custom_objects', which is reserved; rename it")
    custom: set[str] = set()
    data = {
        name: encode(value, custom, key=name, classes=classes) for name, value in settings.items()
    }
    if custom:
        needed = ", ".join(f"{key!r}: ..." for key in sorted(custom))
        warnings.warn(
            f"not saved: {sorted(custom)} (only numbers, schedules, spaces and known classes are); "
            f"load(..., custom_objects={{{needed}}}) will need them",
            stacklevel=2,
        )
    return {**data, "custom_objects": sorted(custom)}


def decode_settings(
    data: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None = None,
    classes: Mapping[str, type] = _NO_CLASSES,
) -> dict[str, Any]:
    """Undo `encode_settings`.

    Args:
        data: What `encode_settings` returned.
        custom_objects: Values by key. A setting's own name replaces it, saved or not, as in
            Stable-Baselines3; a dotted key from the warning fills in the part that was not saved.
        classes: The `classes` that `encode_settings` was given.

    Raises:
        ValueError: A value that was not saved is not in `custom_objects`, or `data` is damaged.
    """
    given = dict(custom_objects or {})
    saved = {name: value for name, value in data.items() if name != "custom_objects"}
    unsaved = data.get("custom_objects", [])
    missing = [key for key in unsaved if key not in given and key.split(".")[0] not in given]
    if missing:
        needed = ", ".join(f"{key!r}: ..." for key in missing)
        raise ValueError(f"{missing} could not be saved; loading needs custom_objects={{{needed}}}")
    if unknown := sorted(given.keys() - saved.keys() - set(unsaved)):
        warnings.warn(
            f"custom_objects has {unknown}, which was not saved; there are {sorted(saved)}",
            stacklevel=2,
        )
    return {
        name: given[name] if name in given else decode(value, given, classes)
        for name, value in saved.items()
    }


def encode(
    value: Any, custom: set[str], key: str = "value", classes: Mapping[str, type] = _NO_CLASSES
) -> Any:
    """Turn a value into something `json.dumps` accepts.

    Args:
        value: Numbers, strings, None, lists, tuples, dicts, NumPy scalars and small arrays,
            Gymnasium spaces, allow-listed classes; anything else is not saved.
        custom: Collects the keys of values that are not saved.
        key: The value's dotted name.
        classes: Further classes that may be saved, by name.

    Raises:
        ValueError: An array has more than `MAX_ELEMENTS` elements.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if np.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.generic) and _is_plain(value.dtype):
        return {"scalar": [_dtype_name(value.dtype), encode(value.item(), custom)]}
    if isinstance(value, np.ndarray) and _is_plain(value.dtype):
        return {"array": _encode_array(value, key)}
    if type(value) in (list, tuple):
        items = [encode(v, custom, f"{key}.{i}", classes) for i, v in enumerate(value)]
        return items if type(value) is list else {"tuple": items}
    if type(value) is dict:
        return _encode_dict(value, custom, key, classes)
    if isinstance(value, spaces.Space) and (space := _encode_space(value, key)) is not None:
        return {"space": space}
    if isinstance(value, type):
        for name, known in {**_CLASSES, **classes}.items():
            if value is known:
                return {"class": name}
    custom.add(key)
    return {"custom": key}


def decode(
    value: Any,
    custom_objects: Mapping[str, Any] | None = None,
    classes: Mapping[str, type] = _NO_CLASSES,
) -> Any:
    """Undo `encode`.

    Args:
        value: What `encode` returned, through JSON or not.
        custom_objects: The values that were not saved, by key.
        classes: The `classes` that `encode` was given.

    Raises:
        ValueError: Something that was not saved is not in `custom_objects`; a class is not
            on the allow-list; or the value is damaged.
    """
    if isinstance(value, list):
        return [decode(item, custom_objects, classes) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or next(iter(value)) not in _TAGS:
        return {name: decode(item, custom_objects, classes) for name, item in value.items()}
    [(tag, content)] = value.items()
    if tag == "custom":
        if str(content) not in (given := custom_objects or {}):
            raise ValueError(
                f"{content!r} could not be saved; loading needs custom_objects={{{content!r}: ...}}"
            )
        return given[content]
    if tag == "class":
        if str(content) not in (known := {**_CLASSES, **classes}):
            raise ValueError(
                f"class {content!r} is not one that may be loaded; known are {sorted(known)}"
            )
        return known[content]
    try:
        if tag == "float":
            return float(content)
        if tag == "scalar":
            return _plain(content[0]).type(decode(content[1]))
        if tag == "array":
            return _decode_array(content)
        if tag == "space":
            return _decode_space(content)
    except Exception as error:  # Gymnasium and NumPy raise a dozen kinds of error for bad data
        raise ValueError(f"cannot read a saved {tag}: {error!r} in {str(content)[:80]}") from error
    if not isinstance(content, list):
        raise ValueError(f"cannot read a saved {tag}: {str(content)[:80]} is no list")
    if tag == "tuple":
        return tuple(decode(item, custom_objects, classes) for item in content)
    pairs = [pair for pair in content if isinstance(pair, list) and len(pair) == 2]
    keys = [decode(pair[0]) for pair in pairs]
    if len(pairs) < len(content) or not all(isinstance(k, collections.abc.Hashable) for k in keys):
        raise ValueError(f"cannot read a saved dict: {str(content)[:80]} are no pairs")
    return {
        k: decode(pair[1], custom_objects, classes) for k, pair in zip(keys, pairs, strict=True)
    }


def _is_plain(dtype: np.dtype) -> bool:
    return dtype.kind in "biuU" or (dtype.kind == "f" and dtype.itemsize <= 8)


def _plain(name: str) -> np.dtype:
    dtype = np.dtype(name)
    if not _is_plain(dtype):
        raise ValueError(f"dtype {name!r} is never saved")
    return dtype


def _dtype_name(dtype: np.dtype) -> str:
    return dtype.str if dtype.kind == "U" else dtype.name


def _encode_dict(
    value: dict, custom: set[str], key: str, classes: Mapping[str, type]
) -> dict[str, Any]:
    pairs = [(k, encode(v, custom, f"{key}.{k}", classes)) for k, v in value.items()]
    looks_tagged = len(value) == 1 and next(iter(value)) in _TAGS
    if looks_tagged or any(type(k) is not str for k in value):
        return {"dict": [[encode(k, custom, f"{key}.{k}", classes), v] for k, v in pairs]}
    return dict(pairs)


def _encode_array(array: np.ndarray, key: str) -> dict[str, Any]:
    head = {"dtype": _dtype_name(array.dtype), "shape": list(array.shape)}
    if array.size > 1 and array.tobytes() == array.flat[0].tobytes() * array.size:
        return {**head, "fill": encode(array.flat[0].item(), set())}  # image bounds
    if array.size > MAX_ELEMENTS:
        raise ValueError(
            f"{key} is an array of {array.size} elements, too many for JSON (at most "
            f"{MAX_ELEMENTS}); give it to write_checkpoint as a tensor"
        )
    return {**head, "values": [encode(item, set()) for item in array.ravel().tolist()]}


def _decode_array(content: dict[str, Any]) -> np.ndarray:
    dtype, shape = _plain(content["dtype"]), tuple(content["shape"])
    count = math.prod(_whole(side) for side in shape)
    if count * max(dtype.itemsize, 1) > MAX_BYTES:
        raise ValueError(f"an array of shape {shape} and {dtype} is larger than {MAX_BYTES} bytes")
    if "fill" in content:
        return np.full(shape, decode(content["fill"]), dtype=dtype)
    return np.array([decode(item) for item in content["values"]], dtype=dtype).reshape(shape)


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is no size")
    return value


def _encode_space(space: spaces.Space, key: str) -> dict[str, Any] | None:
    """Describe a space as JSON; None for unknown types (a subclass would lose its own parts)."""
    if type(space) is spaces.Box:
        arrays = {name: getattr(space, name) for name in ("low", "high")}
        # an unbounded integer Box has finite `low` and `high`: only the masks show it
        masks = {name: getattr(space, name) for name in ("bounded_below", "bounded_above")}
        return {
            "type": "Box",
            **{name: _encode_array(a, key) for name, a in {**arrays, **masks}.items()},
        }
    if type(space) is spaces.Discrete:
        head = {"type": "Discrete", "n": int(space.n), "start": int(space.start)}
        return {**head, "dtype": np.dtype(space.dtype).name}
    if type(space) is spaces.MultiDiscrete:
        starts = {name: _encode_array(getattr(space, name), key) for name in ("nvec", "start")}
        return {"type": "MultiDiscrete", **starts}
    if type(space) is spaces.MultiBinary:
        return {"type": "MultiBinary", "n": encode(space.n, set())}
    named: list[tuple[Any, Any]]
    if type(space) is spaces.Dict:
        named = list(space.spaces.items())
    elif type(space) is spaces.Tuple:
        named = list(enumerate(space.spaces))
    else:
        return None
    parts = [[name, _encode_space(part, f"{key}.{name}")] for name, part in named]
    if any(part is None or type(name) not in (str, int) for name, part in parts):
        return None
    return {"type": type(space).__name__, "spaces": parts}


def _decode_space(content: dict[str, Any]) -> spaces.Space:
    kind = content["type"]
    if kind == "Box":
        low, high = _decode_array(content["low"]), _decode_array(content["high"])
        box = spaces.Box(low, high, dtype=low.dtype.type)
        box.bounded_below = _decode_array(content["bounded_below"])
        box.bounded_above = _decode_array(content["bounded_above"])
        return box
    if kind == "Discrete":
        space = spaces.Discrete(content["n"], start=content["start"])
        if (
            np.dtype(space.dtype).name != content["dtype"]
        ):  # older releases of Gymnasium only know int64
            space = spaces.Discrete(content["n"], start=content["start"], dtype=content["dtype"])
        return space
    if kind == "MultiDiscrete":
        nvec = _decode_array(content["nvec"])
        return spaces.MultiDiscrete(
            nvec, dtype=nvec.dtype.type, start=_decode_array(content["start"])
        )
    if kind == "MultiBinary":
        return spaces.MultiBinary(decode(content["n"]))
    parts = [(name, _decode_space(part)) for name, part in content["spaces"]]
    if kind == "Dict":
        return spaces.Dict(parts)
    if kind == "Tuple":
        return spaces.Tuple([part for _, part in parts])
    raise ValueError(f"unknown space {kind!r}; it may come from a newer metazoo")
