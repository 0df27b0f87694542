"""NumPy arrays and Gymnasium spaces as JSON and back, bit for bit; see `encoding`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

MAX_BYTES = 2**28  # limit for an array that is read: image bounds take a few megabytes
MAX_ELEMENTS = 100_000  # limit for an array in JSON; larger ones belong in a checkpoint's tensors


def is_plain(dtype: np.dtype) -> bool:
    """Tell whether numbers or text of this type can be saved."""
    return dtype.kind in "biuU" or (dtype.kind == "f" and dtype.itemsize <= 8)


def plain_dtype(name: str) -> np.dtype:
    """Return the type of that name, if it is one that can be saved."""
    dtype = np.dtype(name)
    if not is_plain(dtype):
        raise ValueError(f"dtype {name!r} is never saved")
    return dtype


def dtype_name(dtype: np.dtype) -> str:
    """Return the name that `plain_dtype` reads."""
    return dtype.str if dtype.kind == "U" else dtype.name


def encode_item(value: bool | int | float | str | None) -> Any:
    """Return a plain value as JSON has it: floats that JSON lacks become `{"float": "inf"}`."""
    return {"float": str(value)} if type(value) is float and not np.isfinite(value) else value


def decode_item(value: Any) -> Any:
    """Undo `encode_item`."""
    return float(value["float"]) if isinstance(value, dict) else value


def encode_array(array: np.ndarray, key: str) -> dict[str, Any]:
    """Return an array as JSON; `key` is its name in errors."""
    head = {"dtype": dtype_name(array.dtype), "shape": list(array.shape)}
    if array.size > 1 and array.tobytes() == array.flat[0].tobytes() * array.size:
        return {**head, "fill": encode_item(array.flat[0].item())}  # image bounds
    if array.size > MAX_ELEMENTS:
        raise ValueError(
            f"{key} is an array of {array.size} elements, too many for JSON (at most "
            f"{MAX_ELEMENTS}); give it to write_checkpoint as a tensor"
        )
    return {**head, "values": [encode_item(item) for item in array.ravel().tolist()]}


def decode_array(content: dict[str, Any]) -> np.ndarray:
    """Undo `encode_array`."""
    dtype, shape = plain_dtype(content["dtype"]), tuple(content["shape"])
    count = math.prod(_whole(side) for side in shape)
    if count * max(dtype.itemsize, 1) > MAX_BYTES:
        raise ValueError(f"an array of shape {shape} and {dtype} is larger than {MAX_BYTES} bytes")
    if "fill" in content:
        return np.full(shape, decode_item(content["fill"]), dtype=dtype)
    return np.array([decode_item(item) for item in content["values"]], dtype=dtype).reshape(shape)


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is not a size")
    return value


def encode_space(space: spaces.Space, key: str) -> dict[str, Any] | None:
    """Describe a space as JSON; None for unknown types (a subclass would lose its own parts)."""
    if type(space) is spaces.Box:
        arrays = {name: getattr(space, name) for name in ("low", "high")}
        # an unbounded integer Box has finite `low` and `high`: only the masks show it
        masks = {name: getattr(space, name) for name in ("bounded_below", "bounded_above")}
        return {
            "type": "Box",
            **{name: encode_array(a, key) for name, a in {**arrays, **masks}.items()},
        }
    if type(space) is spaces.Discrete:
        head = {"type": "Discrete", "n": int(space.n), "start": int(space.start)}
        return {**head, "dtype": np.dtype(space.dtype).name}
    if type(space) is spaces.MultiDiscrete:
        starts = {name: encode_array(getattr(space, name), key) for name in ("nvec", "start")}
        return {"type": "MultiDiscrete", **starts}
    if type(space) is spaces.MultiBinary:
        n = space.n
        return {"type": "MultiBinary", "n": {"tuple": [*n]} if isinstance(n, tuple) else n}
    named: list[tuple[Any, Any]]
    if type(space) is spaces.Dict:
        named = list(space.spaces.items())
    elif type(space) is spaces.Tuple:
        named = list(enumerate(space.spaces))
    else:
        return None
    parts = [[name, encode_space(part, f"{key}.{name}")] for name, part in named]
    if any(part is None or type(name) not in (str, int) for name, part in parts):
        return None
    return {"type": type(space).__name__, "spaces": parts}


def decode_space(content: dict[str, Any]) -> spaces.Space:
    """Undo `encode_space`."""
    kind = content["type"]
    if kind == "Box":
        low, high = decode_array(content["low"]), decode_array(content["high"])
        box = spaces.Box(low, high, dtype=low.dtype.type)
        box.bounded_below = decode_array(content["bounded_below"])
        box.bounded_above = decode_array(content["bounded_above"])
        return box
    if kind == "Discrete":
        space = spaces.Discrete(content["n"], start=content["start"])
        if (
            np.dtype(space.dtype).name != content["dtype"]
        ):  # older releases of Gymnasium only know int64
            space = spaces.Discrete(content["n"], start=content["start"], dtype=content["dtype"])
        return space
    if kind == "MultiDiscrete":
        nvec = decode_array(content["nvec"])
        return spaces.MultiDiscrete(
            nvec, dtype=nvec.dtype.type, start=decode_array(content["start"])
        )
    if kind == "MultiBinary":
        return spaces.MultiBinary(tuple(n["tuple"]) if isinstance(n := content["n"], dict) else n)
    parts = [(name, decode_space(part)) for name, part in content["spaces"]]
    if kind == "Dict":
        return spaces.Dict(parts)
    if kind == "Tuple":
        return spaces.Tuple([part for _, part in parts])
    raise ValueError(f"unknown space {kind!r}; it may come from a newer metazoo")
