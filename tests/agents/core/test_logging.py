"""Logs: nothing erased, torn or beyond the checkpoint; and a bar that tells the truth."""

import csv
import errno
import io
import os
import re
import time
import types
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import ProgressBarCallback
from stable_baselines3.common.logger import FormatUnsupportedError, Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.core.saving.progress_bar import ProgressBar
from agents.core.saving.writers import TIMESTEPS, AppendingCSV, cut_back, make_logger


def rows_of(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def write(writer, **values):
    writer.write(values, {key: ("",) for key in values})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "progress.csv"


def test_rows_are_appended_and_columns_grow(path):
    writer = AppendingCSV(path)
    write(writer, a=1, b=np.float32(0.5))
    assert path.read_text() == "a,b\n1,0.5\n"
    write(writer, b=torch.tensor(2), a=1 / 3)
    writer.write({"c": 'x, "y"\nz', "a": None, "no": 3}, {"c": ("",), "a": ("",), "no": ("csv",)})
    assert path.read_text() == f'a,b,c\n1,0.5,\n{1 / 3},2,\n,,"x, ""y""\nz"\n'
    writer.close()
    again = AppendingCSV(path)
    write(again, a=4)
    assert [row["a"] for row in rows_of(path)] == ["1", str(1 / 3), "", "4"]
    assert rows_of(path)[2]["c"] == 'x, "y"\nz'
    with pytest.raises(FormatUnsupportedError):
        write(again, a=Image(torch.zeros(1), "HW"))


def test_a_torn_line_is_not_built_upon(path):
    for torn in (
        "a,b\n1,2\n3,4",
        "a,b\n1,2\n3\n",
        'a,b\n1,2\n3,"4\n',
        "a,b\n1,2\n\0\0\0\n",
        "a,b\n1,2\n\n",
    ):
        path.write_text(torn)
        writer = AppendingCSV(path)
        assert path.read_text() == "a,b\n1,2\n"
        write(writer, a=5, b=6)
        assert path.read_text() == "a,b\n1,2\n5,6\n"
    path.write_text("a,b")
    write(AppendingCSV(path), x=1)
    assert path.read_text() == "x\n1\n"


def _full(monkeypatch, written=3):
    real = open

    class Full(io.FileIO):
        def write(self, content):
            super().write(bytes(content)[:written])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(file, mode="r", *args, **kwargs):
        return Full(file, mode) if mode in ("ab", "xb") else real(file, mode, *args, **kwargs)

    monkeypatch.setattr("agents.core.saving.writers.open", opened, raising=False)
    monkeypatch.setattr("agents.core.saving.files.open", opened, raising=False)


def test_a_full_disk_loses_no_row(path, monkeypatch):
    writer = AppendingCSV(path)
    write(writer, a=1)
    with monkeypatch.context() as patch:
        _full(patch)
        for values in ({"a": 2345678}, {"a": 3, "b": 3}):  # appended; rewritten with a new column
            with pytest.warns(UserWarning, match=r"cannot write .*progress\.csv \(No space left"):
                write(writer, **values)
            assert path.read_text() == "a\n1\n"
        with pytest.warns(UserWarning, match="cannot write"):
            writer.close()
    writer.close()
    assert path.read_text() == "a,b\n1,\n2345678,\n3,3\n"
    assert [file.name for file in path.parent.iterdir()] == ["progress.csv"]


def test_an_unwritable_log_shows_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        AppendingCSV(tmp_path / "file" / "progress.csv")
    with pytest.raises(OSError):
        make_logger(tmp_path / "file")


def test_cut_back(path):
    text = "a,time/total_timesteps\n1,100\n2,200\n3,\n4,300\n5,\n6,4"
    path.write_text(text)
    assert cut_back(path, TIMESTEPS, 200) == 2  # 300, and the row after it; "6,4" was torn
    assert path.read_text() == "a,time/total_timesteps\n1,100\n2,200\n3,\n"
    before = path.stat()
    assert cut_back(path, TIMESTEPS, 200) == 0
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert cut_back(path, TIMESTEPS, 0) == 3
    assert path.read_text() == "a,time/total_timesteps\n"
    assert cut_back(path.with_name("missing.csv"), TIMESTEPS, 0) == 0
    assert not path.with_name("missing.csv").exists()
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"no column 'time/total_timesteps' .*\['a', 'b'\]"):
        cut_back(path, TIMESTEPS, 1)


def test_a_failed_cut_leaves_the_file(path, monkeypatch):
    path.write_text("a\n1\n2\n")
    _full(monkeypatch)
    with pytest.raises(OSError):
        cut_back(path, "a", 1)
    assert path.read_text() == "a\n1\n2\n"


def log(logger, *timesteps):
    for step in timesteps:
        logger.record("train/loss", step / 2)
        logger.record(TIMESTEPS, step, exclude="tensorboard")
        logger.dump(step)


def test_a_resumed_logger_goes_on_at_the_checkpoint(tmp_path, capsys):
    first = make_logger(tmp_path / "run", verbose=1)
    log(first, 10, 20, 30)
    first.close()
    assert "total_timesteps" in capsys.readouterr().out
    second = make_logger(tmp_path / "run", resume_timesteps=20)
    log(second, 30, 40)
    second.close()
    assert capsys.readouterr().out == ""
    rows = rows_of(tmp_path / "run" / "progress.csv")
    assert [row[TIMESTEPS] for row in rows] == ["10", "20", "30", "40"]
    events = EventAccumulator(str(tmp_path / "run" / "tb")).Reload()
    assert events.Tags()["scalars"] == ["train/loss"]
    assert [event.step for event in events.Scalars("train/loss")] == [10, 20, 30, 40]


def test_tensorboard_on_a_full_disk_does_not_end_training(tmp_path, monkeypatch):
    logger = make_logger(tmp_path)
    tensorboard: Any = logger.output_formats[1]

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tensorboard.writer, "add_scalar", full)
    with pytest.warns(UserWarning, match="TensorBoard stops here"):
        log(logger, 1)
    log(logger, 2)
    logger.close()
    assert len(rows_of(tmp_path / "progress.csv")) == 2


def shown(text):
    return [line for line in re.split(r"[\r\n]", text) if line.strip()]


def test_the_bar_follows_the_timesteps(capsys):
    model: Any = types.SimpleNamespace(num_timesteps=100, latest={})
    bar = ProgressBar()
    assert isinstance(bar, ProgressBarCallback)
    bar.model = model
    start = time.monotonic()
    bar.on_training_start({"total_timesteps": 400}, {})
    assert "100/400" in capsys.readouterr().err
    assert time.monotonic() - start < 1
    bar.on_rollout_start()
    model.num_timesteps = 107  # as many as were counted, whatever num_envs is
    bar.on_step()
    assert bar.pbar.n == 107
    model.latest = {"rollout/mean_return": 73.77912}
    model.num_timesteps = 430
    bar.on_rollout_end()
    bar.on_training_end()
    last = shown(capsys.readouterr().err)[-1]
    assert "400/400" in last
    assert "100%" in last
    assert "mean_return=73.78" in last
    bar.close()  # again, as after Ctrl-C
    assert shown(capsys.readouterr().err) == []


def test_the_bar_without_latest_and_after_an_interrupt(capsys):
    bar = ProgressBar()
    bar.close()
    model: Any = types.SimpleNamespace(num_timesteps=0)
    bar.model = model
    bar.on_training_start({"total_timesteps": 10}, {})
    bar.on_rollout_start()
    model.num_timesteps = 5
    assert bar.on_step() is True
    bar.close()
    assert "5.00/10.0" in shown(capsys.readouterr().err)[-1]


def test_a_removed_log_begins_anew_with_its_header(path):
    writer = AppendingCSV(path)
    write(writer, a=1, b=2)
    path.unlink()
    write(writer, a=3, b=4)
    assert path.read_text() == "a,b\n3,4\n"


def test_rows_wait_while_the_folder_is_gone(tmp_path):
    path = tmp_path / "run" / "progress.csv"
    path.parent.mkdir()
    writer = AppendingCSV(path)
    write(writer, a=1)
    path.parent.rename(tmp_path / "moved")
    path.parent.mkdir()  # somebody else's
    with pytest.warns(UserWarning, match="its folder was removed or replaced"):
        write(writer, a=2)
    assert list(path.parent.iterdir()) == []
    path.parent.rmdir()
    (tmp_path / "moved").rename(path.parent)
    writer.close()
    assert path.read_text() == "a\n1\n2\n"


def test_a_log_with_another_name_is_not_appended_to(path):
    path.write_text("a\n1\n")
    other = path.with_name("other")
    os.link(path, other)
    write(AppendingCSV(path), a=2)
    assert path.read_text() == "a\n1\n2\n" and other.read_text() == "a\n1\n"
