"""Networks that tasks refer to by index: M of them as arrays, run in NumPy for R rows at once.

Discriminators (for rewards) and opponents are such banks: too big for a task, which holds an index.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

Arrays = Mapping[str, np.ndarray]

_FOLDER, _ENDING = "banks", ".safetensors"
_MOMENTS = "standardise.moments"
_OUTPUTS = ("head.means", "head.logits")  # the last layer of a policy: Gaussian, categorical
_BESIDE = ("head.log_std",)  # also in policies, not read here
_ABOUT = "about."  # start of names of arrays [M] that say something about the networks
_LARGEST = 10.0  # bound on standardised inputs, as in agents' policies
_SMALLEST_VARIANCE = 1e-8
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x93NUMPY")


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0)


_ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"tanh": np.tanh, "relu": _relu}


class Bank:
    """M feed-forward networks of one architecture.

    Arrays have the names of a policy's state dict (`MlpPolicy`, or `layers` alone) and a leading
    axis M: `"layers.0.weight"` [M, out, in], `"layers.0.bias"` [M, out], `"layers.1.weight"`, ...;
    the last layer may be `"head.means"` or `"head.logits"`; `"standardise.moments"` [M, 3, in]
    (count, mean, variance) standardises the inputs. A state dict of one policy, without the axis,
    is a bank of one. Arrays [M] whose names begin with `"about."` say something about the networks
    to those who know them; they are kept.

    Args:
        source: Arrays by name; or a safetensors file: its path, or, without folder and ending, its
            name in `assets/banks`.
        activation: Activation between layers: `"tanh"` or `"relu"`.

    Raises:
        OSError: If the file cannot be read.
        TypeError: If `source` is something else.
        ValueError: If it is not a safetensors file (a pickle is never read), or names, shapes
            or types are not those of networks, or numbers are not finite.
    """

    def __init__(self, source: Arrays | str | os.PathLike, activation: str = "tanh"):
        if activation not in _ACTIVATIONS:
            allowed = ", ".join(repr(name) for name in _ACTIVATIONS)
            raise ValueError(f"activation={activation!r} is unknown; allowed are {allowed}")
        if isinstance(source, Mapping):
            arrays: Arrays = source
        elif isinstance(source, str | os.PathLike):
            arrays = read(source)
        else:
            raise TypeError(
                "a bank is a dict of arrays by name or a safetensors file, not "
                f"{type(source).__name__}"
            )
        self.activation = activation
        self.arrays = _led(_numbers(arrays))
        self._layers = _layer_names(self.arrays)
        self.size = len(self.arrays[f"{self._layers[0]}.weight"])
        self.inputs, self.outputs = self._checked_widths()
        self.hash = _hash(self.arrays, activation)

    def forward(self, index: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Run one network per row; a row's result does not depend on the other rows.

        Args:
            index: Network of each row, int [R].
            inputs: Inputs of each row, [R, `inputs`].

        Returns:
            Outputs [R, `outputs`] of the last layer; for a policy, means or logits.

        Raises:
            ValueError: If an index is out of range or a shape is wrong.
        """
        index, inputs = np.asarray(index), np.asarray(inputs)
        if inputs.shape != (*index.shape, self.inputs) or index.ndim != 1:
            raise ValueError(
                f"inputs of shape {inputs.shape} for index of shape {index.shape}; this bank takes "
                f"[R, {self.inputs}] and [R]"
            )
        if index.dtype.kind not in "iu":
            raise ValueError(f"index is {index.dtype}; give integers")
        if index.size and not (0 <= index.min() and index.max() < self.size):
            raise ValueError(f"index={index} is outside a bank of {self.size} networks, from 0")
        hidden = self._standardised(index, inputs)
        for number, name in enumerate(self._layers):
            if number:
                hidden = _ACTIVATIONS[self.activation](hidden)
            weight, bias = (self.arrays[f"{name}.{part}"] for part in ("weight", "bias"))
            own = weight if self.size == 1 else weight[index]  # one network's are not copied
            # One product per row with its own weights: BLAS never sees two rows at once.
            hidden = np.matmul(own, hidden[:, :, None])[:, :, 0] + bias[index]
        return hidden

    def __repr__(self) -> str:
        """Show the sizes and the start of the hash."""
        sizes = f"{self.size} networks, {self.inputs} -> {self.outputs}"
        return f"Bank({sizes}, hash {self.hash[:12]})"

    def _standardised(self, index: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        dtype = self.arrays[f"{self._layers[0]}.weight"].dtype
        shown = inputs.astype(dtype)
        if _MOMENTS not in self.arrays:
            return shown
        moments = self.arrays[_MOMENTS][index].astype(dtype)
        scale = 1 / np.sqrt(moments[:, 2] + dtype.type(_SMALLEST_VARIANCE))
        return np.clip((shown - moments[:, 1]) * scale, -_LARGEST, _LARGEST)

    def _checked_widths(self) -> tuple[int, int]:
        """Check that array shapes fit together; return the input and output widths."""
        first = self.arrays[f"{self._layers[0]}.weight"]
        inputs = width = first.shape[-1]
        for name in self._layers:
            weight, bias = self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"]
            self._check(f"{name}.weight", (self.size, weight.shape[-2], width))
            width = weight.shape[-2]
            self._check(f"{name}.bias", (self.size, width))
            if weight.dtype != first.dtype or bias.dtype != first.dtype:
                raise ValueError(f"{name!r} is not {first.dtype} as the first layer of the bank is")
        for name in self.arrays:
            if name.startswith(_ABOUT):
                self._check(name, (self.size,))
        if _MOMENTS in self.arrays:
            self._check(_MOMENTS, (self.size, 3, inputs))
            if (self.arrays[_MOMENTS][:, 2] < 0).any():
                raise ValueError(f"{_MOMENTS!r} of the bank has a variance below 0")
        return inputs, width

    def _check(self, name: str, shape: tuple[int, ...]) -> None:
        found = self.arrays[name].shape
        if found != shape:
            raise ValueError(f"{name!r} of the bank has the shape {found}, not {shape}")


BankSource = Bank | Arrays | str | os.PathLike  # what set_bank accepts


def read(source: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read arrays from a safetensors file, given by path or by its name in `assets/banks`.

    Raises:
        OSError: If the file does not exist or cannot be read.
        ValueError: If it is not a safetensors file.
    """
    content = _content(source)
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as reason:
        # only now: the length that a safetensors file begins with may look like a pickle's head
        if content.startswith(_PICKLES):
            raise ValueError(
                f"{os.fspath(source)} is a pickle or an archive (PyTorch, NumPy), which may run "
                "code when it is read; save the arrays with safetensors.numpy.save_file instead"
            ) from None
        raise ValueError(f"{os.fspath(source)} is not a safetensors file: {reason}") from reason


def _content(source: str | os.PathLike) -> bytes:
    name, path = os.fspath(source), Path(source)
    if not isinstance(source, str) or path.name != name or path.suffix:
        return path.read_bytes()
    folder = resources.files("assets") / _FOLDER
    files = (
        {one.name.removesuffix(_ENDING): one for one in folder.iterdir()} if folder.is_dir() else {}
    )
    if name in files:
        return files[name].read_bytes()
    near = get_close_matches(name, files, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; a file is given with its {_ENDING!r}"
    raise FileNotFoundError(f"there is no bank {name!r} in assets/{_FOLDER}{hint}")


def _numbers(arrays: Arrays) -> dict[str, np.ndarray]:
    taken = {}
    for name, values in arrays.items():
        array = np.array(values)  # a copy: the caller may write into the original
        if array.dtype not in (np.float32, np.float64):
            raise ValueError(f"{name!r} of the bank is {array.dtype}; give float32 or float64")
        if not np.isfinite(array).all():
            raise ValueError(f"{name!r} of the bank has numbers that are not finite")
        array.flags.writeable = False
        taken[str(name)] = array
    return taken


def _led(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the arrays of one network a leading axis."""
    names = ["layers.0.weight", *_last(arrays)]
    first = next((arrays[name] for name in names if name in arrays), None)
    alone = first is not None and first.ndim == 2
    return {name: part[None] for name, part in arrays.items()} if alone else arrays


def _last(arrays: Arrays) -> list[str]:
    return [f"{name}.weight" for name in _OUTPUTS if f"{name}.weight" in arrays]


def _layer_names(arrays: Arrays) -> list[str]:
    count = 0
    while f"layers.{count}.weight" in arrays:
        count += 1
    names = [f"layers.{number}" for number in range(count)]
    names += [name.removesuffix(".weight") for name in _last(arrays)]
    wanted = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    if missing := sorted(wanted - set(arrays)) or ([] if names else ["layers.0.weight"]):
        raise ValueError(f"the bank lacks {missing[0]!r}; it has {sorted(arrays)[:6]}")
    if len(_last(arrays)) > 1:
        raise ValueError(f"the bank has two last layers, {_last(arrays)}; leave one out")
    about = {name for name in arrays if name.startswith(_ABOUT)}
    if unknown := sorted(set(arrays) - wanted - about - {_MOMENTS, *_BESIDE}):
        near = get_close_matches(unknown[0], wanted, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{unknown[0]!r} is unknown to banks, which have the layers {names}{hint}")
    for name in wanted:
        expected = 3 if name.endswith("weight") else 2
        if arrays[name].ndim != expected:
            raise ValueError(
                f"{name!r} of the bank has {arrays[name].ndim} axes, not {expected}: networks "
                "first, then outputs (and inputs)"
            )
    return names


def _hash(arrays: Arrays, activation: str) -> str:
    digest = hashlib.sha256(activation.encode())
    for name in sorted(arrays):
        digest.update(f"|{name} {arrays[name].dtype.str} {arrays[name].shape}|".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
