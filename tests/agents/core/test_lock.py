"""Who writes a run: one process at a time, into its own folder and nowhere else."""

import os
import signal
import subprocess
import sys

import pytest

from agents.core.saving.files import refuse_links
from agents.core.saving.lock import LOCK, locked
from agents.core.saving.run import Run

HOLD = """
import sys, time
from agents.core.saving.lock import locked
with locked(sys.argv[1], "trained"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "runs", "RL2", "meta/B-v0", 0, {})


def test_the_second_is_told_who_the_first_is(tmp_path):
    with locked(tmp_path, "trained"):
        said = rf"being trained by process {os.getpid()} on \S* since \d{{4}}-.*wait for its end"
        with pytest.raises(BlockingIOError, match=said):
            with locked(tmp_path, "trained"):
                pass
        (tmp_path / LOCK).write_text("{")
        with pytest.raises(BlockingIOError, match="by another process"):
            with locked(tmp_path, "trained"):
                pass
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path, "trained"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_lock_dies_with_its_process(tmp_path):
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match=f"process {holder.pid} "):
            with locked(tmp_path, "trained"):
                pass
        holder.send_signal(signal.SIGKILL)
    with locked(tmp_path, "trained"):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_holds_nothing(tmp_path):
    ready, parent = os.pipe()
    with locked(tmp_path, "trained"):
        child = os.fork()
        if not child:
            os.close(parent)
            os.read(ready, 1)  # outlives the block below
            os._exit(0)
    with locked(tmp_path, "trained"):
        pass
    os.close(parent)
    os.close(ready)
    assert os.waitpid(child, 0)[1] == 0


def test_the_lock_of_a_later_folder_of_the_same_name_stays(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with locked(folder, "trained"):
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        (folder / LOCK).write_text("of another")
    assert (folder / LOCK).read_text() == "of another"


@pytest.mark.parametrize("name", ["progress.csv", "checkpoint.zip", "tb/events", "plot.png"])
def test_links_in_a_run_are_refused_and_what_they_name_is_untouched(tmp_path, run, name):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (run.folder / name).symlink_to(precious)
    with pytest.raises(OSError, match="is a link to .*precious; a run is written into its own"):
        with run.writing():
            pass
    assert precious.read_text() == "mine"


def test_folders_that_are_links_and_pipes_are_refused(tmp_path, run):
    run.tb.rmdir()
    run.tb.symlink_to(tmp_path)
    with pytest.raises(OSError, match="tb"):
        refuse_links(run.folder)
    run.tb.unlink()
    os.mkfifo(run.progress)
    with pytest.raises(OSError, match="neither a file nor a folder.*progress.csv"):
        refuse_links(run.folder)
    run.progress.unlink()
    (run.folder / LOCK).symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="link"):
        with locked(run.folder, "trained"):
            pass
    assert not (tmp_path / "made").exists()


def test_what_killed_writers_left_is_removed(run):
    names = [f".{name}.0123abcd.tmp" for name in ("progress.csv", "config.json", "curve.csv")]
    for name in names:
        (run.folder / name).write_text("torn")
    with run.writing():
        assert not any((run.folder / name).exists() for name in names)
