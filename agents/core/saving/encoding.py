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
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

from .banks import InTensors
from .plain import (
    decode_array,
    decode_space,
    dtype_name,
    encode_array,
    encode_item,
    encode_space,
    is_plain,
    plain_dtype,
)

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
        ValueError: An array has more than `plain.MAX_ELEMENTS` elements.
    """
    if value is None or type(value) in (bool, int, float, str):
        return encode_item(value)
    if isinstance(value, np.generic) and is_plain(value.dtype):
        return {"scalar": [dtype_name(value.dtype), encode(value.item(), custom)]}
    if isinstance(value, np.ndarray) and is_plain(value.dtype):
        return {"array": encode_array(value, key)}
    if type(value) in (list, tuple):
        items = [encode(v, custom, f"{key}.{i}", classes) for i, v in enumerate(value)]
        return items if type(value) is list else {"tuple": items}
    if type(value) is dict:
        return _encode_dict(value, custom, key, classes)
    if isinstance(value, spaces.Space) and (space := encode_space(value, key)) is not None:
        return {"space": space}
    if isinstance(value, type):
        for name, known in {**_CLASSES, **classes}.items():
            if value is known:
                return {"class": name}
    if isinstance(value, InTensors):
        return {"custom": value.key}
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
            return plain_dtype(content[0]).type(decode(content[1]))
        if tag == "array":
            return decode_array(content)
        if tag == "space":
            return decode_space(content)
    except Exception as error:  # Gymnasium and NumPy raise a dozen kinds of error for bad data
        raise ValueError(f"cannot read a saved {tag}: {error!r} in {str(content)[:80]}") from error
    if not isinstance(content, list):
        raise ValueError(f"cannot read a saved {tag}: {str(content)[:80]} is not a list")
    if tag == "tuple":
        return tuple(decode(item, custom_objects, classes) for item in content)
    pairs = [pair for pair in content if isinstance(pair, list) and len(pair) == 2]
    keys = [decode(pair[0]) for pair in pairs]
    if len(pairs) < len(content) or not all(isinstance(k, collections.abc.Hashable) for k in keys):
        raise ValueError(f"cannot read a saved dict: {str(content)[:80]} is not a list of pairs")
    return {
        k: decode(pair[1], custom_objects, classes) for k, pair in zip(keys, pairs, strict=True)
    }


def _encode_dict(
    value: dict, custom: set[str], key: str, classes: Mapping[str, type]
) -> dict[str, Any]:
    pairs = [(k, encode(v, custom, f"{key}.{k}", classes)) for k, v in value.items()]
    looks_tagged = len(value) == 1 and next(iter(value)) in _TAGS
    if looks_tagged or any(type(k) is not str for k in value):
        return {"dict": [[encode(k, custom, f"{key}.{k}", classes), v] for k, v in pairs]}
    return dict(pairs)
