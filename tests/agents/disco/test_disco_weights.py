"""The file of the published rule: read as numbers alone, or refused in words."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest
import torch

from agents.core.nets.memory import Lstm
from agents.disco.weights import FILE_SHAPES, read_weights
from tests.agents.disco.settings import file_arrays, sines


@pytest.fixture(scope="module")
def arrays():
    return file_arrays()


@pytest.fixture(scope="module")
def path(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("disco") / "rule.npz"
    np.savez_compressed(path, **{name: part.astype(np.float32) for name, part in arrays.items()})
    return path


def test_the_file_has_as_many_numbers_as_the_published_one():
    assert len(FILE_SHAPES) == 42
    assert sum(int(np.prod(shape)) for shape in FILE_SHAPES.values()) == 754_778


def test_layers_are_read_with_their_outputs_first(arrays, path):
    parts = read_weights(path)
    assert np.allclose(parts["to_y.weight"], arrays["lstm/linear_2/w"].T)
    assert np.allclose(parts["actions.1.weight"], arrays["lstm/sequential/conv1_d_1/w"][0].T)
    assert np.allclose(
        parts["life.input.bias"], arrays["lstm/~/meta_lstm/~unroll/mlp_2/~/linear_0/b"]
    )
    assert sum(part.numel() for part in parts.values()) == 754_778


def test_memories_step_as_the_files_do(arrays, path):
    """Gates are i, g, f, o there, and the forget gate has 1 added as it runs."""
    name, inputs, units = "lstm/~/meta_lstm/~unroll/lstm/linear", 16, 128
    seen, hidden, cell = (sines((size,), size) for size in (inputs, units, units + 0))
    gates = np.concatenate([seen, hidden]) @ arrays[f"{name}/w"] + arrays[f"{name}/b"]
    let_in, new, keep, let_out = gates.reshape(4, units)

    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    after = sigmoid(keep + 1) * cell + sigmoid(let_in) * np.tanh(new)
    output = sigmoid(let_out) * np.tanh(after)
    own = {
        key.removeprefix("life.memory."): part[None]
        for key, part in read_weights(path).items()
        if key.startswith("life.memory.")
    }
    state = torch.from_numpy(np.concatenate([hidden, cell])).float()[None, None]
    found, carried = Lstm(inputs, units).step(
        own, torch.from_numpy(seen).float()[None, None], state
    )
    np.testing.assert_allclose(found[0, 0], output, atol=1e-5)
    np.testing.assert_allclose(carried[0, 0], np.concatenate([output, after]), atol=1e-5)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_weights(tmp_path / "none.npz")


def test_pickles_are_refused_and_never_read(tmp_path, arrays):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "exploded"), "w")

    plain = tmp_path / "rule.pkl"
    plain.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="a pickle, which is never read; the rule is disco_103"):
        read_weights(plain)
    hidden = tmp_path / "rule.npz"
    name = "lstm/linear/b"
    held = {**arrays, name: np.array([Bomb()] * 256, dtype=object)}
    np.savez(hidden, **held)
    with pytest.raises(ValueError, match=f"'{name}' in rule.npz cannot be read: Object arrays"):
        read_weights(hidden)
    assert not (tmp_path / "exploded").exists()


def _without(arrays, name):
    return {key: part for key, part in arrays.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: _without(a, "lstm/linear/b"), r"lacks \['lstm/linear/b'\]"),
        (lambda a: {**a, "more": np.zeros(2)}, r"and has \['more'\] besides"),
        (lambda a: {**a, "lstm/linear/b": np.zeros(255)}, r"of shape \(256,\), not float64 of"),
        (lambda a: {**a, "lstm/linear/b": np.zeros(256, int)}, "not int64"),
        (lambda a: {**a, "lstm/linear/b": np.full(256, np.nan)}, "must be finite"),
        (lambda a: {**a, "lstm/linear/b": np.zeros(10**6)}, r"is larger than \(256,\)"),
    ],
)
def test_other_arrays_are_refused_by_name(change, words, arrays, tmp_path):
    np.savez(tmp_path / "rule.npz", **change(arrays))
    with pytest.raises(ValueError, match=words):
        read_weights(tmp_path / "rule.npz")


def test_damaged_files_are_refused(path, tmp_path):
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:2], b"", b"not a rule"):
        other = tmp_path / "rule.npz"
        other.write_bytes(data)
        with pytest.raises(ValueError, match="rule.npz' is (damaged|no npz file)"):
            read_weights(other)
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("lstm/linear_2/w.npy").header_offset + 500
    flipped = bytearray(whole)
    flipped[place : place + 50] = bytes(50)
    other.write_bytes(flipped)
    with pytest.raises(ValueError, match=r"damaged|cannot be read|must be finite"):
        read_weights(other)
