"""Banks of networks: what they compute, which files they read, and what they refuse."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import safetensors.numpy
import torch
from gymnasium import spaces

from agents.core.nets.mlp import PerTaskPolicy
from meta_envs.core import bank as banks
from meta_envs.core.bank import Bank
from tests.meta_envs.drifting import judges


def policies(count=3, normalize=True):
    torch.manual_seed(0)
    made = []
    for _ in range(count):
        policy = PerTaskPolicy(
            spaces.Box(-1, 1, (6,)),
            spaces.Box(-1, 1, (2,)),
            (16, 8),
            normalize_observation=normalize,
        )
        if policy.standardise is not None:
            policy.standardise.update(3 * torch.randn(50, 1, 6) + 1, torch.ones(50, 1))
        made.append(policy)
    return made


def arrays_of(policy):
    return {name: part.numpy() for name, part in policy.state_dict().items()}


def stacked(made):
    each = [arrays_of(policy) for policy in made]
    return {name: np.stack([one[name] for one in each]) for name in each[0]}


@pytest.mark.parametrize("normalize", [True, False])
def test_it_computes_what_the_policies_do(normalize):
    made = policies(normalize=normalize)
    bank = Bank(stacked(made))
    inputs = np.random.default_rng(0).normal(1, 5, (40, 6)).astype(np.float32)
    index = np.arange(40) % 3
    found = bank.forward(index, inputs)
    with torch.no_grad():
        each = np.stack([policy(torch.from_numpy(inputs))[:, :2].numpy() for policy in made])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, each[index, np.arange(40)], rtol=1e-5, atol=1e-6)
    assert (bank.size, bank.inputs, bank.outputs) == (3, 6, 2)


def test_one_policy_is_a_bank_of_one():
    (policy,) = policies(1)
    alone, bank = Bank(arrays_of(policy)), Bank(stacked([policy]))
    assert alone.size == 1 and alone.hash == bank.hash


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_does_not_depend_on_the_others(dtype):
    rng = np.random.default_rng(0)
    shapes = {"layers.0": (64, 17), "layers.1": (64, 64), "layers.2": (5, 64)}
    arrays = {f"{k}.weight": rng.standard_normal((4, *s)).astype(dtype) for k, s in shapes.items()}
    arrays |= {f"{k}.bias": rng.standard_normal((4, s[0])).astype(dtype) for k, s in shapes.items()}
    inputs, index = rng.standard_normal((257, 17)).astype(dtype), rng.integers(4, size=257)
    for activation in ("tanh", "relu"):
        bank = Bank(arrays, activation)
        whole = bank.forward(index, inputs)
        for rows in ([0], [256], [3, 200, 7], list(range(100))):
            assert np.array_equal(bank.forward(index[rows], inputs[rows]), whole[rows])


def test_a_file_a_name_and_arrays_are_the_same_bank(tmp_path, monkeypatch):
    folder = tmp_path / "banks"
    folder.mkdir()
    path = folder / "critics.safetensors"
    safetensors.numpy.save_file(judges(), path)
    monkeypatch.setattr(banks.resources, "files", lambda package: tmp_path)
    same = [Bank(judges()), Bank(path), Bank(str(path)), Bank("critics")]
    assert len({bank.hash for bank in same}) == 1
    assert Bank(judges(seed=1)).hash != same[0].hash != Bank(judges(), "relu").hash
    with pytest.raises(FileNotFoundError, match="no bank 'critic' .*did you mean 'critics'"):
        Bank("critic")
    with pytest.raises(FileNotFoundError, match="away.safetensors"):
        Bank(tmp_path / "away.safetensors")


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_a_file_that_begins_as_pickles_do_is_read(version, tmp_path):
    path = tmp_path / "bank.safetensors"
    short = int.from_bytes(safetensors.numpy.save(judges(), {"note": ""})[:8], "little")
    padding = "-" * (0x80 + (version << 8) - short)  # a file begins with the length of its head
    safetensors.numpy.save_file(judges(), path, {"note": padding})
    assert path.read_bytes()[:2] == bytes([0x80, version])
    assert Bank(path).hash == Bank(judges()).hash


class Trap:
    def __reduce__(self):
        return print, ("read!",)


def test_a_pickle_is_refused_and_not_read(tmp_path, capsys):
    files = {
        "old.pkl": pickle.dumps(Trap()),
        "damaged.safetensors": b"\x10\x00\x00\x00\x00\x00\x00\x00nonsense",
        "empty.safetensors": b"",
    }
    torch.save({"layers.0.weight": torch.ones(1)}, tmp_path / "policy.pt")
    np.savez(tmp_path / "policy.npz", weight=np.ones(1))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for name in ("old.pkl", "policy.pt", "policy.npz"):
        with pytest.raises(ValueError, match=f"{name} is a pickle or an archive.*save_file"):
            Bank(tmp_path / name)
    for name in ("damaged.safetensors", "empty.safetensors"):
        with pytest.raises(ValueError, match=f"{name} is not a safetensors file"):
            Bank(tmp_path / name)
    assert capsys.readouterr().out == ""


def changed(**parts):
    whole = {**judges(), **parts}
    return {name: part for name, part in whole.items() if part is not None}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, r"lacks 'layers.0.weight'"),
        (changed(**{"layers.1.bias": None}), r"lacks 'layers.1.bias'"),
        (changed(**{"layers.2.wait": np.ones(1)}), r"'layers.2.wait' is unknown.*did you mean"),
        (changed(**{"layers.1.weight": np.ones((5, 1, 7))}), r"\(5, 1, 7\), not \(5, 1, 8\)"),
        (changed(**{"layers.1.bias": np.zeros((4, 1))}), r"\(4, 1\), not \(5, 1\)"),
        (changed(**{"layers.1.bias": np.zeros(5)}), r"has 1 axes, not 2"),
        (changed(**{"layers.1.bias": np.full((5, 1), np.nan)}), "not finite"),
        (changed(**{"layers.1.bias": np.zeros((5, 1), int)}), "give float32 or float64"),
        (changed(**{"layers.1.bias": np.zeros((5, 1), np.float32)}), "is not float64"),
        (changed(**{"standardise.moments": np.zeros((5, 3, 3))}), r"\(5, 3, 3\), not \(5, 3, 2\)"),
        (changed(**{"standardise.moments": -np.ones((5, 3, 2))}), "variance below 0"),
    ],
)
def test_what_is_no_bank_is_refused(arrays, said):
    with pytest.raises(ValueError, match=said):
        Bank(arrays)


def test_bad_calls_are_refused():
    with pytest.raises(TypeError, match="not list"):
        Bank([judges()])
    with pytest.raises(ValueError, match="activation='elu' is unknown; allowed are 'tanh', 'relu'"):
        Bank(judges(), "elu")
    bank = Bank(judges())
    for index, width in (([0, 1], 3), ([[0, 1]], 2)):
        with pytest.raises(ValueError, match=r"takes \[R, 2\] and \[R\]"):
            bank.forward(np.array(index), np.zeros((2, width)))
    for index in (-1, 5):
        with pytest.raises(ValueError, match="outside a bank of 5 networks"):
            bank.forward(np.array([index]), np.zeros((1, 2)))
