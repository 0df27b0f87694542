"""Agents of somebody's own in the command: `module:Name` wherever an algorithm is named."""

from __future__ import annotations

import json
import sys

import pytest

from agents.cli.main import main
from agents.core.saving.checkpoint import read_checkpoint
from agents.laws import check

ID = "meta/BernoulliBandit-v0"
CODE = '''
import pathlib
import torch
from agents import InnerLoop, TrialAlgorithm, argument, losses
pathlib.Path(__file__).with_suffix(".ran").touch()

class Mine(TrialAlgorithm):
    """Reinforcement, by hand."""
    weight: float = argument("Weight of the gain.", default=1.0)
    def _make_optimizer(self):
        return torch.optim.Adam(self.policy.parameters())
    def loss(self, batch, progress):
        params, value = self.policy(batch.inputs)
        log_prob = self.policy.head.log_prob(params, batch.actions)
        return self.weight * losses.policy_gradient(log_prob, batch.advantages, batch.mask), {}

class Opaque(Mine):
    """Takes what no file holds."""
    shape: object = argument("A function.", default=abs)

class Quiet:
    pass
'''


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a module of agents, in a new process of a new user."""
    (tmp_path / "mineagents.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("mineagents", None)


def forget(folder):
    sys.modules.pop("mineagents", None)
    sys.path[:] = [entry for entry in sys.path if entry != str(folder)]
    (folder / "mineagents.ran").unlink(missing_ok=True)


def test_it_trains_is_measured_and_goes_on(folder, monkeypatch, capsys):
    few = ["--n-envs", "4", "--policy-kwargs", "hidden_size=4", "--threads", "1", "--seed", "0"]
    words = ["train", "mineagents:Mine", ID, *few, "--weight", "0.5", "--total-timesteps", "40"]
    assert main([*words, "--eval-tasks", "0"]) == 0
    (config,) = (one for one in folder.glob("runs/*/config.json") if one.parent.name != "last")
    assert config.parent.name == "mineagents-Mine-meta-BernoulliBandit-v0-s0"
    assert json.loads(config.read_bytes())["agent"] == "mineagents:Mine"
    data = read_checkpoint(config.with_name("checkpoint.zip"))[0]
    assert (data["algorithm"], data["settings"]["weight"]) == ("mineagents:Mine", 0.5)
    for command in (
        ["evaluate", "runs/last", "--num-tasks", "4"],
        ["train", "--resume", "runs/last", "--total-timesteps", "80", "--eval-tasks", "0"],
    ):
        forget(folder)  # it was typed before, from this file
        assert main(command) == 0, capsys.readouterr().err
        forget(folder)
        with monkeypatch.context() as other:
            other.setenv("XDG_STATE_HOME", str(folder / "elsewhere"))  # nobody typed it here
            assert main(command) == 2
            assert "--allow-module mineagents" in capsys.readouterr().err
            assert not (folder / "mineagents.ran").exists()
            assert main([*command, "--allow-module", "mineagents"]) == 0
        if command[0] == "evaluate":
            assert "AdaptationCurve of Mine" in capsys.readouterr().out
    assert read_checkpoint(config.with_name("checkpoint.zip"))[0]["progress"]["num_timesteps"] == 80


def test_checks_say_what_broke_and_what_to_do(monkeypatch, capsys):
    some = tuple(law for law in check.LEARNING if check.law_name(law) in ("arguments", "settings"))
    monkeypatch.setattr(check, "LEARNING", some)
    assert main(["check", "mineagents:Mine", ID, "--arguments", "weight=2", "n_envs=3"]) == 0
    first, *laws, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"on {ID}") and "'n_envs': 3" in first and "'weight': 2" in first
    assert [line.split()[0] for line in laws] == ["arguments", "settings"]
    assert last == "mineagents:Mine keeps every law"
    assert main(["check", "mineagents:Opaque"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1].split() == ["settings", "BROKEN"]
    broken, seen, do, *_ = captured.err.splitlines()
    assert broken.startswith("metazoo: mineagents:Opaque breaks the settings law on meta/")
    assert seen == "  seen:  ['shape'] cannot be saved"
    assert do.startswith("  do:    Take numbers, words, schedules and known classes")
    assert main(["check", "rl2"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "mineagents:Mind", ID], "no agent 'Mind'.*did you mean 'Mine'.*'Opaque'"),
        (["train", "mineagents:Quiet", ID], "no agent 'Quiet' .a class with inner_loop."),
        (["train", "nomodule:Mine", ID], "'nomodule', which cannot be imported from here"),
        (["train", "mine", ID], "no algorithm 'mine'.*my_agents:Mine names a class of your own"),
        (["evaluate", "mineagents:Mine", ID], "is trained first: metazoo train mineagents:Mine"),
        (["check", "mineagents:Mind"], "did you mean 'Mine'"),
        (["check", ID, ID], "is an id, not an agent: leave out ID"),
        (["check", "mineagents:Mine", "--env-kwargs", "pulls=3"], "name one behind the agent"),
    ],
)
def test_what_cannot_be_is_said(words, said, capsys):
    import re

    assert main(words) == 2
    assert re.search(said, capsys.readouterr().err)
