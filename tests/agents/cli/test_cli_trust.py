"""What the command imports: what was typed, now or before on this machine, and nothing else."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from running import STEPS, TINY

from agents.cli import trust
from agents.cli.main import main

CODE = """
import pathlib
import meta_envs
from meta_envs.bandits.bernoulli import BernoulliBandit
pathlib.Path(__file__).with_suffix(".ran").touch()
meta_envs.register("{name}/B-v0", "meta_envs.bandits.bernoulli:BernoulliBandit",
                   episodes_per_trial=1, summary="s", source="s")
"""


@pytest.fixture(autouse=True)
def _as_in_a_new_process(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("minepkg", None)


def project(folder: Path, name: str = "minepkg") -> Path:
    folder.mkdir()
    (folder / f"{name}.py").write_text(CODE.format(name=name))
    return folder


def train(*more):
    words = ["train", "rl2", "minepkg:minepkg/B-v0", *TINY, "--seed", "0"]
    return main([*words, "--total-timesteps", str(STEPS), "--eval-tasks", "0", *more])


def forget(folder: Path) -> None:
    """Be a new process: nothing is imported, and this folder is not searched."""
    sys.modules.pop("minepkg", None)
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(str(folder.parent))]
    (folder / "minepkg.ran").unlink(missing_ok=True)


def test_what_was_typed_once_may_be_imported_again_from_the_same_file(
    tmp_path, monkeypatch, capsys
):
    mine = project(tmp_path / "mine")
    monkeypatch.chdir(mine)
    assert train() == 0
    few = ["--num-tasks", "4"]
    for command in (
        ["evaluate", "runs/last", *few],
        ["play", "--agent", "runs/last", "--render-mode", "none"],
        ["train", "--resume", "runs/last", "--eval-tasks", "4"],
    ):
        forget(mine)
        assert main(command) == 0, capsys.readouterr().err
    # the same names somewhere else are somebody else's
    theirs = project(tmp_path / "theirs")
    shutil.copytree(mine / "runs", theirs / "runs", symlinks=True)
    monkeypatch.chdir(theirs)
    for command in (["evaluate", "runs/last", *few], ["train", "--resume", "runs/last"]):
        forget(theirs)
        capsys.readouterr()
        assert main(command) == 2
        assert "--allow-module minepkg" in capsys.readouterr().err
        assert not (theirs / "minepkg.ran").exists()
    # unless the user says so: for this command, or for good by typing the name
    assert main(["evaluate", "runs/last", *few, "--allow-module", "minepkg"]) == 0
    forget(theirs)
    assert main(["evaluate", "runs/last", *few]) == 2
    assert main(["evaluate", "runs/last", "minepkg:minepkg/B-v0", *few]) == 0
    forget(theirs)
    assert main(["evaluate", "runs/last", *few]) == 0


def test_a_configs_id_imports_nothing(tmp_path, monkeypatch, capsys):
    theirs = project(tmp_path / "theirs")
    monkeypatch.chdir(theirs)
    words = ["train", "rl2", "meta/BernoulliBandit-v0", *TINY, "--eval-tasks", "0"]
    assert main([*words, "--seed", "0", "--total-timesteps", str(STEPS)]) == 0
    config = next(path for path in theirs.glob("runs/*/config.json"))
    about = json.loads(config.read_text())
    config.write_text(json.dumps({**about, "env_id": "minepkg:minepkg/B-v0"}))
    forget(theirs)
    assert main(["train", "--resume", "runs/last", "--total-timesteps", "320"]) == 2
    assert "config.json: env_id names the module 'minepkg'" in capsys.readouterr().err
    assert not (theirs / "minepkg.ran").exists()


def test_the_flag_needs_a_name(capsys):
    assert main(["evaluate", "runs/last", "--allow-module"]) == 2
    assert "--allow-module needs a module's name" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "state").write_text("a file")
    trust.remember("json")
    assert trust.allowed_of("json:X") == ()
