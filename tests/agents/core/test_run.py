"""Runs: never overwritten, found again, and their checkpoint survives what goes wrong."""

import errno
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
import torch

from agents.core.saving.run import Run

ID = "mypkg:mine/Bandit-v0"


def make(root, agent="RL2", env_id=ID, seed=3, **config):
    return Run.create(root, agent, env_id, seed, config)


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_run_says_what_it_is(tmp_path):
    config = {"gamma": 0.99, "lr": ("linear", 1, 0), "fn": torch.nn.Tanh, "n": np.int64(3)}
    run = make(tmp_path / "a" / "runs", **config)
    assert run.folder == tmp_path / "a" / "runs" / "RL2-mypkg-mine-Bandit-v0-s3"
    assert run.tb.is_dir()
    assert sorted(file.name for file in run.folder.iterdir()) == ["config.json", "tb"]
    document = json.loads(run.config.read_text())
    assert document == run.read_config()
    assert document["config"] == {"gamma": 0.99, "lr": ["linear", 1, 0], "fn": "Tanh", "n": 3}
    assert (document["agent"], document["env_id"], document["seed"]) == ("RL2", ID, 3)
    assert document["versions"]["torch"] == torch.__version__
    assert document["versions"].keys() >= {"python", "gymnasium", "numpy", "stable-baselines3"}
    assert isinstance(document["command"], list)
    assert make(tmp_path, seed=None).folder.name == "RL2-mypkg-mine-Bandit-v0-snone"


def test_paths():
    run = Run(pathlib.Path("runs/x"))
    paths = (run.checkpoint, run.progress, run.config, run.curve_csv, run.curve_png, run.tb)
    names = ["checkpoint.zip", "progress.csv", "config.json", "curve.csv", "curve.png", "tb"]
    assert list(paths) == [pathlib.Path("runs/x") / name for name in names]


def test_a_run_is_never_overwritten(tmp_path):
    runs = [make(tmp_path) for _ in range(3)]
    runs[1].checkpoint.write_text("precious")
    name = "RL2-mypkg-mine-Bandit-v0-s3"
    assert [run.folder.name for run in runs] == [name, f"{name}-2", f"{name}-3"]
    (tmp_path / f"{name}-4").write_text("a file of that name")
    assert make(tmp_path).folder.name == f"{name}-5"
    assert runs[1].checkpoint.read_text() == "precious"
    evil = make(tmp_path, env_id="../../x y\\z")
    assert evil.folder.resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize("git", ["none", "slow", "no repository"])
def test_a_run_needs_no_git(tmp_path, monkeypatch, git):
    def run(*_, **__):
        if git == "none":
            raise FileNotFoundError("git")
        if git == "slow":
            raise subprocess.TimeoutExpired("git", 2)
        return subprocess.CompletedProcess("git", 128, "", "fatal")

    monkeypatch.setattr(subprocess, "run", run)
    assert make(tmp_path).read_config()["commit"] is None


def test_the_commit_is_written(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "x")
    git("tag", "v1")
    assert make(tmp_path / "runs").read_config()["commit"] == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("2")
    assert make(tmp_path / "runs").read_config()["commit"].endswith("-dirty")


@pytest.mark.parametrize("links", [True, False])
def test_last_is_the_newest(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(pathlib.Path, "symlink_to", full)
    for _ in range(2):
        run = make(tmp_path)
        run.checkpoint.write_text("x")
        assert (tmp_path / "last").is_symlink() == links
        assert Run.open(tmp_path / "last").folder.samefile(run.folder)
        monkeypatch.chdir(tmp_path)
        assert Run.open("last").folder.samefile(run.folder)
    assert not list(tmp_path.glob(".*"))
    assert Run.open(run.folder) == run
    assert Run.open(str(run.checkpoint)).folder == run.folder


def test_last_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "last").mkdir()
    (tmp_path / "last" / "file").write_text("")
    with pytest.warns(UserWarning, match="last could not be pointed to RL2"):
        run = make(tmp_path)
    assert run.config.is_file()
    assert not list(tmp_path.glob(".*"))


def test_an_unwritable_root_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(OSError, match="cannot write a run folder .*choose another.*file"):
            make(root)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"cannot write a run folder \(No space left") as caught:
            make(tmp_path / "runs")
    assert caught.value.errno == errno.ENOSPC
    assert list((tmp_path / "runs").iterdir()) == []  # the failed run left nothing


def test_nothing_to_resume(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run is in .*runs yet.*last"):
        Run.open(tmp_path / "runs" / "last")
    run = make(tmp_path / "runs")
    run.progress.write_text("")
    held = r"\['config.json', 'progress.csv', 'tb'\]"
    with pytest.raises(FileNotFoundError, match=f"to resume from here; it holds {held}"):
        Run.open(tmp_path / "runs" / "last")
    assert Run.open(run.folder, needs="progress.csv") == run
    assert Run.open(run.folder, needs=None) == run
    with pytest.raises(FileNotFoundError, match="no curve.csv here"):
        Run.open(run.folder, needs="curve.csv")
    with pytest.raises(FileNotFoundError, match=r"nearest are \['RL2-mypkg-mine-Bandit-v0-s3'\]"):
        Run.open(tmp_path / "runs" / "RL2-mypkg-mine-Bandit-v0-s4")
    with pytest.raises(FileNotFoundError, match=r"has \['RL2-mypkg-mine-Bandit-v0-s3'\]"):
        Run.open(tmp_path / "runs" / "zzz")
    with pytest.raises(FileNotFoundError, match=r"it is a folder of runs: .*'RL2-mypkg"):
        Run.open(tmp_path / "runs")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="it is empty"):
        Run.open(tmp_path / "empty")


def test_a_damaged_config_is_a_value_error(tmp_path):
    run = make(tmp_path)
    for text in ("", "{", "[]", "{}", '{"config": 3}'):
        run.config.write_text(text)
        with pytest.raises(ValueError, match=r"config\.json is damaged"):
            run.read_config()


@pytest.mark.parametrize("as_link", [True, False])
@pytest.mark.parametrize("name", ["../precious", "{tmp}/precious", "x", ".", "..", "last", "x\0y"])
def test_last_names_a_folder_beside_it_or_nothing(tmp_path, as_link, name):
    root, precious = tmp_path / "runs", tmp_path / "precious"
    make(tmp_path / "other").folder.rename(precious)
    root.mkdir()
    (root / "x").symlink_to(precious)
    name = name.format(tmp=tmp_path)
    if as_link and "\0" in name:
        return
    if as_link:
        (root / "last").symlink_to(name)
    else:
        (root / "last").write_text(name)
    with pytest.raises(ValueError, match="last names .* which is not a folder beside it"):
        Run.open(root / "last", needs=None)


def test_an_absolute_last_may_name_a_folder_beside_it(tmp_path):
    run = make(tmp_path)
    (tmp_path / "last").unlink()
    (tmp_path / "last").symlink_to(run.folder.resolve())
    assert Run.open(tmp_path / "last", needs=None).folder.samefile(run.folder)
