"""The file of the published rule: which arrays it has, and what ours are called.

K is the width of a convolution over actions, 1; gates of the file's memories are i, g, f, o.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import torch

PREDICTION = 600  # numbers of a prediction
UNITS, LIFE_UNITS = 256, 128  # of the memory of a window, and of that of a life
INPUTS, LIFE_INPUTS = 27, 16  # of these memories
WHERE = (
    "disco_103.npz in the folder disco_rl/update_rules/weights of "
    "github.com/google-deepmind/disco_rl (CC-BY 4.0)"
)
_LIFE = "lstm/~/meta_lstm/~unroll/"
_LAYERS = {  # ours: the file's, inputs, outputs
    **{"y.0": ("lstm/mlp/~/linear_0", PREDICTION, 16), "y.1": ("lstm/mlp/~/linear_1", 16, 1)},
    **{"z.0": ("lstm/mlp_1/~/linear_0", PREDICTION, 16), "z.1": ("lstm/mlp_1/~/linear_1", 16, 1)},
    "gate": ("lstm/linear", LIFE_UNITS, UNITS),
    "told": ("lstm/linear_1", UNITS, 1),
    "to_y": ("lstm/linear_2", UNITS, PREDICTION),
    "to_z": ("lstm/linear_3", UNITS, PREDICTION),
    "to_policy.1": ("lstm/linear_4", 16, 1),
    "life.y.0": (f"{_LIFE}mlp/~/linear_0", PREDICTION, 16),
    "life.y.1": (f"{_LIFE}mlp/~/linear_1", 16, 1),
    "life.z.0": (f"{_LIFE}mlp_1/~/linear_0", PREDICTION, 16),
    "life.z.1": (f"{_LIFE}mlp_1/~/linear_1", 16, 1),
    "life.input": (f"{_LIFE}mlp_2/~/linear_0", 29, LIFE_INPUTS),
}
_CONVOLUTIONS = {
    "actions.0": ("lstm/sequential/conv1_d", 18, 16),
    "actions.1": ("lstm/sequential/conv1_d_1", 32, 2),
    "to_policy.0": ("lstm/sequential_1/conv1_d", 2 * (UNITS + 2), 16),
    "life.actions.0": (f"{_LIFE}sequential/conv1_d", 18, 16),
    "life.actions.1": (f"{_LIFE}sequential/conv1_d_1", 32, 2),
}
_MEMORIES = {
    "memory": ("lstm/lstm/linear", INPUTS, UNITS),
    "life.memory": (f"{_LIFE}lstm/linear", LIFE_INPUTS, LIFE_UNITS),
}


def _shapes_of_file() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, before, after in _LAYERS.values():
        shapes |= {f"{name}/w": (before, after), f"{name}/b": (after,)}
    for name, before, after in _CONVOLUTIONS.values():
        shapes |= {f"{name}/w": (1, before, after), f"{name}/b": (after,)}
    for name, before, units in _MEMORIES.values():
        shapes |= {f"{name}/w": (before + units, 4 * units), f"{name}/b": (4 * units,)}
    return shapes


FILE_SHAPES = _shapes_of_file()  # of every array in the file


def read_weights(path: str | os.PathLike) -> dict[str, torch.Tensor]:
    """Read the published rule, by the names of `DiscoMetaNetwork`.

    Args:
        path: An npz file. Nothing in it is executed, and nothing is read that the rule lacks.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is damaged, is another kind of file, or holds other arrays.
    """
    with open(path, "rb") as stream:
        start = stream.read(2)
    if start != b"PK":
        kind = "a pickle, which is never read" if start[:1] == b"\x80" else "no npz file"
        raise ValueError(f"weights={os.fspath(path)!r} is {kind}; the rule is {WHERE}")
    try:
        with zipfile.ZipFile(path) as archive:
            return translated(_arrays(archive, path))
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as wrong:
        raise ValueError(
            f"weights={os.fspath(path)!r} is damaged: {wrong}; download {WHERE} again"
        ) from wrong


def _arrays(archive: zipfile.ZipFile, path: str | os.PathLike) -> dict[str, np.ndarray]:
    place = Path(path).name
    held = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
    missing, unknown = sorted(FILE_SHAPES.keys() - held), sorted(held.keys() - FILE_SHAPES)
    if missing or unknown:
        raise ValueError(
            f"weights: {place} is not the rule's: it lacks {missing[:3]} and has {unknown[:3]} "
            f"besides; the rule is {WHERE}"
        )
    arrays = {}
    for name, shape in FILE_SHAPES.items():
        if held[name].file_size > 8 * np.prod(shape) + 1024:  # before any of it is unpacked
            raise ValueError(f"weights: {name!r} in {place} is larger than {shape}")
        with archive.open(held[name]) as stream:
            try:
                array = np.lib.format.read_array(stream)  # by default without objects
            except ValueError as wrong:
                raise ValueError(f"weights: {name!r} in {place} cannot be read: {wrong}") from wrong
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(
                f"weights: {name!r} in {place} must be finite numbers of shape {shape}, not "
                f"{array.dtype} of shape {array.shape}"
            )
        arrays[name] = array
    return arrays


def translated(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return the file's arrays in our form: outputs first, gates in the order of `Lstm`."""
    parts: dict[str, torch.Tensor] = {}

    def put(ours: str, name: str) -> None:
        weight, bias = arrays[f"{name}/w"], arrays[f"{name}/b"]
        parts[f"{ours}.weight"] = _tensor(weight.reshape(weight.shape[-2:]).T)
        parts[f"{ours}.bias"] = _tensor(bias)

    for ours, (name, *_) in {**_LAYERS, **_CONVOLUTIONS}.items():
        put(ours, name)
    for ours, (name, before, units) in _MEMORIES.items():
        blocks = np.arange(4 * units).reshape(4, units)[[0, 2, 1, 3]].ravel()  # i, f, g, o
        weight, bias = arrays[f"{name}/w"][:, blocks].T, arrays[f"{name}/b"][blocks].copy()
        bias[units : 2 * units] += 1.0  # which the published code adds as it runs
        parts[f"{ours}.input.weight"] = _tensor(weight[:, :before])
        parts[f"{ours}.hidden.weight"] = _tensor(weight[:, before:])
        parts[f"{ours}.bias"] = _tensor(bias)
    return parts


def random_arrays(seed: int, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Draw arrays of the file's shapes: a rule that teaches nothing, to try things out."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, scale * shape[-2] ** -0.5, shape) if len(shape) > 1 else np.zeros(shape)
        for name, shape in FILE_SHAPES.items()
    }


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
