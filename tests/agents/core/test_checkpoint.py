"""Checkpoints: exact round trips, whole files or none, and a clear error for every other file."""

import errno
import hashlib
import io
import json
import os
import pathlib
import zipfile

import numpy as np
import pytest
import torch

from agents.core.saving.checkpoint import CheckpointError, read_checkpoint, write_checkpoint

DATA = {"n_steps": 5, "learning_rate": 0.1 + 0.2, "name": "Zoë", "none": None, "list": [1, [2.5]]}


def some_tensors(seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(3, 4, generator=generator)
    return {
        "policy": {
            "weight": weight,
            "tied": weight,
            "transposed": weight.t(),
            "step": weight.sum(),
        },
        "rng": {
            "state": generator.get_state(),
            "counts": np.array([1, 2**62]),
            "none": np.zeros(0),
        },
        "empty": {},
    }


def assert_same(tensors, expected):
    assert tensors.keys() == expected.keys()
    for group in expected:
        assert tensors[group].keys() == expected[group].keys()
        for name, value in expected[group].items():
            value = torch.as_tensor(value)
            assert tensors[group][name].dtype == value.dtype
            assert torch.equal(tensors[group][name], value)


def rewrite(path, edit, seal=True):
    """Rewrite a checkpoint's members, with hashes that fit if `seal`."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    edit(members)
    if seal and "manifest.json" in members:
        sums = {
            n: hashlib.sha256(c).hexdigest() for n, c in members.items() if n != "manifest.json"
        }
        members["manifest.json"] = json.dumps(sums).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "agent.zip"
    write_checkpoint(path, DATA, some_tensors())
    return path


def test_round_trip_through_names_and_files(tmp_path):
    write_checkpoint(tmp_path / "new" / "agent", DATA, some_tensors())
    assert (tmp_path / "new" / "agent.zip").is_file()
    stream = io.BytesIO()
    write_checkpoint(stream, DATA, some_tensors())
    assert stream.getvalue() == (tmp_path / "new" / "agent.zip").read_bytes()
    stream.seek(0)
    (tmp_path / "new" / "agent").mkdir()  # a folder of that name is not the checkpoint
    for source in (stream, str(tmp_path / "new" / "agent"), tmp_path / "new" / "agent.zip"):
        data, tensors = read_checkpoint(source)
        assert data == DATA
        assert_same(tensors, some_tensors())


def test_bytes_follow_from_the_content(tmp_path, monkeypatch):
    tensors = some_tensors()
    backwards = {g: dict(reversed(t.items())) for g, t in reversed(tensors.items())}
    write_checkpoint(tmp_path / "a.zip", DATA, tensors)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_checkpoint(tmp_path / "b.zip", dict(reversed(DATA.items())), backwards)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    write_checkpoint(tmp_path / "c.zip", DATA, some_tensors(seed=1))
    assert (tmp_path / "a.zip").read_bytes() != (tmp_path / "c.zip").read_bytes()


def test_nothing_is_pickled_or_compressed(saved):
    with zipfile.ZipFile(saved) as archive:
        names = {info.filename: info.compress_type for info in archive.infolist()}
    groups = {"policy.safetensors", "rng.safetensors", "empty.safetensors"}
    assert names.keys() == {"data.json", "manifest.json"} | groups
    assert set(names.values()) == {zipfile.ZIP_STORED}


class _FullDisk(io.FileIO):
    room = 500

    def write(self, content):
        if self.tell() + len(content) > self.room:
            super().write(bytes(content)[: self.room])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


def _full_write(monkeypatch):
    real = open

    def opened(file, mode="r", *args, **kwargs):
        return _FullDisk(file, "xb") if mode == "xb" else real(file, mode, *args, **kwargs)

    monkeypatch.setattr("agents.core.saving.files.open", opened, raising=False)


def _fail(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_full_disk_keeps_the_old_checkpoint(saved, monkeypatch, where):
    before = saved.read_bytes()
    with monkeypatch.context() as patch:
        _full_write(patch) if where == "write" else patch.setattr(os, where, _fail)
        with pytest.raises(OSError, match="untouched.*agent.zip") as caught:
            write_checkpoint(saved, DATA, some_tensors(seed=1))
    assert caught.value.errno == errno.ENOSPC
    assert [file.name for file in saved.parent.iterdir()] == ["agent.zip"]
    assert saved.read_bytes() == before
    write_checkpoint(saved, DATA, some_tensors(seed=1))  # and with room again it works
    assert saved.read_bytes() != before


def test_an_interrupt_keeps_the_old_checkpoint(saved, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    before = saved.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(saved, DATA, {})
    assert [file.name for file in saved.parent.iterdir()] == ["agent.zip"]
    assert saved.read_bytes() == before


def test_unwritable_and_unreadable_paths_are_os_errors(tmp_path, saved):
    with pytest.raises(OSError, match="cannot save the checkpoint.*agent.zip"):
        write_checkpoint(saved / "below" / "file.zip", DATA, {})
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(OSError, match="cannot save the checkpoint.*folder.zip"):
        write_checkpoint(tmp_path / "folder.zip", DATA, {})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["agent.zip", "folder.zip"]
    with pytest.raises(OSError, match="cannot read the checkpoint.*folder.zip"):
        read_checkpoint(tmp_path / "folder.zip")
    with pytest.raises(FileNotFoundError, match=r"\['agent.zip', 'folder.zip'\].*agnet.zip"):
        read_checkpoint(tmp_path / "agnet")


def test_a_link_is_written_through(tmp_path, saved):
    (tmp_path / "link.zip").symlink_to(saved)
    write_checkpoint(tmp_path / "link.zip", {"other": 1}, {})
    assert (tmp_path / "link.zip").is_symlink()
    assert read_checkpoint(saved) == ({"other": 1}, {})


def test_every_truncation_is_noticed(saved):
    content = saved.read_bytes()
    for length in [*range(0, len(content), 37), len(content) - 1]:
        saved.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"agent\.zip"):
            read_checkpoint(saved)


def test_no_flipped_byte_changes_what_is_read(saved):
    content = saved.read_bytes()
    noticed = 0
    for position in range(0, len(content), 5):
        flipped = bytearray(content)
        flipped[position] ^= 0x41
        try:
            data, tensors = read_checkpoint(io.BytesIO(flipped))
        except CheckpointError:
            noticed += 1
        else:  # a date in a zip header, say
            assert data == DATA
            assert_same(tensors, some_tensors())
    assert noticed > 0.7 * len(range(0, len(content), 5))


def _set_format(members):
    members["data.json"] = members["data.json"].replace(b'"format": 1', b'"format": 99')


def _edit_data(members):
    members["data.json"] = members["data.json"].replace(b'"n_steps": 5', b'"n_steps": 6')


def _swap_tensors(members):
    members["policy.safetensors"] = members["rng.safetensors"]


def _add_pickle(members):
    members["policy.pth"] = b"\x80\x04."


def _escape(members):
    members["../evil.safetensors"] = members.pop("policy.safetensors")


@pytest.mark.parametrize(
    ("edit", "seal", "message"),
    [
        (_edit_data, False, r"damaged \(data.json is not what was written"),
        (_swap_tensors, False, r"damaged \(policy.safetensors is not what was written"),
        (lambda m: m.pop("policy.safetensors"), False, "damaged .*it should hold"),
        (lambda m: m.pop("data.json"), True, r"damaged .*data.json'\] is missing"),
        (lambda m: m.pop("manifest.json"), False, r"damaged .*manifest.json'\] is missing"),
        (_add_pickle, False, "damaged .*policy.pth"),
        (_add_pickle, True, "'policy.pth' is not a member's name"),
        (_escape, True, "evil.safetensors' is not a member's name"),
        (lambda m: m.update({"data.json": b"[" * 100_000}), True, "damaged"),
        (lambda m: m.update({"data.json": b'{"format": "x"}'}), True, "damaged"),
        (_set_format, False, "format 99.*up to 1: pip install --upgrade metazoo"),
        (_set_format, True, "format 99.*up to 1: pip install --upgrade metazoo"),
        (
            lambda m: m.update({"_stable_baselines3_version": b"2"}),
            True,
            "model of Stable-Baselines3",
        ),
        (lambda m: (m.clear(), m.update({"a.txt": b"hi"})), False, r"no metazoo .*\['a.txt'\]"),
    ],
)
def test_foreign_and_tampered_files_are_refused(saved, edit, seal, message):
    rewrite(saved, edit, seal)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 no zip", b"\x80\x04N."])
def test_what_is_no_zip_is_refused(saved, content):
    saved.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"agent\.zip is (empty|not a zip|damaged)"):
        read_checkpoint(saved)


def test_a_zip_bomb_is_not_unpacked(saved):
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("data.json", b"0" * 10_000_000)
    with pytest.raises(CheckpointError, match="compressed"):
        read_checkpoint(saved)


def test_bad_content_is_refused_before_writing(tmp_path):
    with pytest.raises(ValueError, match="must be JSON.*encode_settings"):
        write_checkpoint(tmp_path / "a.zip", {"x": np.zeros(2)}, {})
    with pytest.raises(ValueError, match="must be JSON"):
        write_checkpoint(tmp_path / "a.zip", {"x": float("nan")}, {})
    with pytest.raises(ValueError, match="tensor group '../x' must match"):
        write_checkpoint(tmp_path / "a.zip", {}, {"../x": {}})
    assert list(tmp_path.iterdir()) == []


def test_the_reader_writes_nothing(saved, monkeypatch):
    monkeypatch.setattr(pathlib.Path, "mkdir", _fail)
    monkeypatch.setattr(os, "replace", _fail)
    read_checkpoint(saved)
    assert [file.name for file in saved.parent.iterdir()] == ["agent.zip"]
