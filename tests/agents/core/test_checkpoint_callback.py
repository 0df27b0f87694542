"""Checkpoints that are written while an agent trains."""

import errno
import os
import warnings
from typing import Any

import pytest

from agents.core.saving.checkpoint import read_checkpoint, write_checkpoint
from agents.core.saving.checkpoint_callback import CheckpointCallback
from tests.agents.core.test_run import full, make


class _Model:
    """As much of a model as the callback touches."""

    num_timesteps = 0

    def save(self, path):
        write_checkpoint(path, {"num_timesteps": self.num_timesteps}, {})


class _Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def training(tmp_path, monkeypatch):
    clock = _Clock()
    monkeypatch.setattr("agents.core.saving.checkpoint_callback.time", clock)
    callback = CheckpointCallback(make(tmp_path), every_seconds=60)
    model: Any = _Model()
    callback.init_callback(model)
    return callback, model, clock


def saved(callback):
    return read_checkpoint(callback.run.checkpoint)[0]["num_timesteps"]


def iterate(callback, model):
    callback.on_rollout_start()
    assert callback.on_step() is True
    model.num_timesteps += 10
    callback.on_rollout_end()


def test_checkpoints_are_written_at_boundaries_when_due(training):
    callback, model, clock = training
    leftover = callback.run.folder / ".checkpoint.zip.0123abcd.tmp"
    leftover.write_text("of a killed save")
    callback.on_training_start({}, {})
    assert not leftover.exists()
    iterate(callback, model)
    assert saved(callback) == 0  # resumable from the first moment
    iterate(callback, model)
    clock.now += 59.9
    iterate(callback, model)
    assert saved(callback) == 0
    clock.now += 0.1
    iterate(callback, model)
    assert saved(callback) == 30
    iterate(callback, model)
    callback.on_training_end()
    assert saved(callback) == 50
    assert sorted(f.name for f in callback.run.folder.iterdir()) == [
        "checkpoint.zip",
        "config.json",
        "tb",
    ]


def test_a_failed_save_is_reported_and_training_goes_on(training, monkeypatch):
    callback, model, clock = training
    callback.on_training_start({}, {})
    iterate(callback, model)
    before = callback.run.checkpoint.read_bytes()
    clock.now += 60
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.warns(UserWarning, match="not saved at 10 timesteps: .*No space.*untouched"):
            iterate(callback, model)
        assert callback.error.errno == errno.ENOSPC
    assert callback.run.checkpoint.read_bytes() == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        iterate(callback, model)  # not yet due again
        assert saved(callback) == 0
        assert callback.save() is True  # as at Ctrl-C
    assert callback.error is None
    assert saved(callback) == 30


def test_what_is_no_disk_error_is_raised(training, monkeypatch):
    callback, model, _ = training

    def save(_):
        raise ZeroDivisionError

    monkeypatch.setattr(model, "save", save)
    with pytest.raises(ZeroDivisionError):
        iterate(callback, model)
    with pytest.raises(ValueError, match="every_seconds=-1"):
        CheckpointCallback(callback.run, every_seconds=-1)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_removed_in_mid_training_is_not_written_to_again(training, replaced):
    callback, model, clock = training
    callback.on_training_start({}, {})
    iterate(callback, model)
    folder = callback.run.folder
    folder.rename(folder.with_name("moved"))
    if replaced:  # by a new run, say
        folder.mkdir()
    clock.now += 60
    with pytest.warns(UserWarning, match="not saved at 10 timesteps: .*folder was removed"):
        iterate(callback, model)
    assert isinstance(callback.error, FileNotFoundError)
    assert not replaced and not folder.exists() or list(folder.iterdir()) == []
    if not replaced:  # a disk that comes back
        folder.with_name("moved").rename(folder)
        assert callback.save() and callback.error is None
