"""`metazoo train`: run folders, presets, flags, what cannot be done, ids of other packages."""

from __future__ import annotations

import sys

import gymnasium as gym
import pytest
import torch
from running import ID, STEPS, TINY, logged, train

from agents import ALGORITHMS, RL2, AdaptationCurve
from agents.cli import find
from agents.cli import train as command
from agents.cli.main import main
from agents.core.saving.run import Run
from agents.rl2 import presets
from agents.runs import training
from meta_envs.core import registration


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_a_run_has_everything_in_its_folder(tmp_path, capsys):
    assert train(tmp_path, "--env-kwargs.arms", "3", eval_tasks=20) == 0
    captured = capsys.readouterr()
    run = Run.open(tmp_path / "last")
    assert run.folder.name == "rl2-meta-BernoulliBandit-v0-s0"
    about = run.read_config()
    assert (about["agent"], about["env_id"], about["seed"]) == ("rl2", ID, 0)
    assert about["config"]["total_timesteps"] == 2 * STEPS
    assert about["config"]["arguments"]["env_kwargs"] == {"arms": 3}
    assert about["config"]["settings"]["n_envs"] == 8
    assert [row["time/total_timesteps"] for row in logged(run.folder)] == ["80", "160"]
    assert list(run.tb.glob("events*"))
    curve = AdaptationCurve.from_csv(run.curve_csv)
    assert curve.protocol["num_tasks"] == 20 and curve.protocol["split"] == "test"
    assert curve.protocol["env_kwargs"] == {"arms": 3}
    assert run.curve_png.read_bytes().startswith(b"\x89PNG")
    # the first line says what applied
    assert captured.err.startswith("RL2: no preset sets anything; 2 iterations of 80 timesteps\n")
    for told in (run.checkpoint, run.progress, run.curve_csv, run.curve_png):
        assert str(told) in captured.out
    assert "AdaptationCurve of RL2" in captured.out
    assert "evaluating on 20 held-out tasks\n" in captured.err


@pytest.mark.parametrize(
    ("id", "env_kwargs", "said"),
    [
        (ID, {}, "held-out tasks"),
        (ID, {"split": "train"}, "tasks"),  # what it was trained on
        ("meta/TwoStep-v0", {}, "tasks"),  # which has no splits
    ],
)
def test_tasks_are_called_held_out_only_where_they_are(id, env_kwargs, said):
    agent = RL2("GruPolicy", id, n_envs=2, preset=None, batch_size=None, env_kwargs=env_kwargs)
    assert training._tasks_of(agent) == said


def test_explicit_beats_preset_beats_default(tmp_path, monkeypatch, capsys):
    preset = {"id": ID, "env_kwargs": {}, "arguments": {"gamma": 0.5, "vf_coef": 0.125}}
    monkeypatch.delitem(presets.PRESETS, "bernoulli-bandit")
    monkeypatch.setitem(presets.PRESETS, "a test's", preset)
    assert train(tmp_path, "--vf-coef", "0.25", "--preset", "auto") == 0
    settings = Run.open(tmp_path / "last").read_config()["config"]["settings"]
    assert (settings["vf_coef"], settings["gamma"], settings["gae_lambda"]) == (0.25, 0.5, 0.3)
    assert capsys.readouterr().err.startswith("RL2: a preset sets gamma=0.5; 2 iterations of 80")
    assert train(tmp_path) == 0
    settings = Run.open(tmp_path / "last").read_config()["config"]["settings"]
    assert (settings["gamma"], settings["vf_coef"]) == (0.99, 0.5)


def test_flags_reach_the_constructor_as_its_types(tmp_path):
    more = ["--learning-rate", "linear:1e-3:0", "--max-grad-norm", "none", "--batch-size", "4"]
    assert train(tmp_path, *more, "--normalize-reward", "false", "--policy", "LstmPolicy") == 0
    agent = RL2.load(tmp_path / "last" / "checkpoint.zip")
    assert agent.settings["learning_rate"] == ("linear", 1e-3, 0.0)
    assert agent.max_grad_norm is None and agent.batch_size == 4
    assert agent.reward_normaliser is None and agent.settings["policy"] == "LstmPolicy"


def test_runs_are_never_overwritten(tmp_path):
    assert train(tmp_path) == train(tmp_path) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["last", "rl2-meta-BernoulliBandit-v0-s0", "rl2-meta-BernoulliBandit-v0-s0-2"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train", "--resume", "{root}/last"], "no run is in"),
        (["train", "rl2", ID, "--resume", "{root}/no-such-run"], "there is no such run"),
        (["train", "rl2", ID, "--total-timesteps", "0"], "total_timesteps=0 must be at least 1"),
        (["train", "rl2", ID, "--threads", "0"], "threads=0 must be at least 1"),
        (
            ["train", "rl2", ID, "--n-envs", "8", "--batch-size", "3"],
            "batch_size=3 does not divide",
        ),
        (["train", "rl2", ID, "--env-kwargs", "arm=3"], "did you mean 'arms'"),
        (["train", "rl2", ID, "--env-kwargs", "episodes_per_trial=0"], "at least 1"),
        (["train", "rl2", ID, "--gamma", "2"], "gamma=2.0 is outside [0, 1]"),
        (["train", "rl2", ID, "--preset", "no-such"], "preset='no-such' is unknown"),
        (["train", "rl2", ID, "--root", "{root}/file", *TINY], "cannot write a run folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(argv, said, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    if "--root" not in argv and "--resume" not in argv:
        argv = [*argv, "--root", "{root}/runs"]
    assert main([word.format(root=tmp_path) for word in argv]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("metazoo: error: ") and shown.count("\n") == 1 and said in shown
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_checkpoint_that_could_not_be_saved_is_an_error(tmp_path, monkeypatch, capsys):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device", "checkpoint.zip")

    monkeypatch.setattr(RL2, "save", full)
    assert train(tmp_path) == 2
    shown = capsys.readouterr().err
    assert "metazoo: warning: not saved at" in shown
    assert shown.splitlines()[-1] == "metazoo: error: checkpoint.zip: No space left on device"


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A package in the current folder that registers an id."""
    (tmp_path / "foreign_package.py").write_text(
        "import meta_envs\n"
        "meta_envs.register('mine/Arms-v0', 'meta_envs.bandits.bernoulli:BernoulliBandit',\n"
        "    episodes_per_trial=1, summary='Arms', source='a test', kwargs={'pulls': 10})\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def forget():
        gym.registry.pop("mine/Arms-v0", None)
        registration._CARDS.pop("mine/Arms-v0", None)
        sys.modules.pop("foreign_package", None)

    yield forget
    forget()


def test_ids_of_other_packages_train_and_resume(foreign):
    words = [*TINY, "--seed", "0", "--eval-tasks", "0", "--total-timesteps"]
    assert main(["train", "rl2", "foreign_package:mine/Arms-v0", *words, "80"]) == 0
    foreign()  # a new process has not imported it
    assert main(["train", "--resume", "runs/last", "--total-timesteps", "160"]) == 0
    assert RL2.load("runs/last/checkpoint.zip").num_timesteps == 160


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_flags_of_every_algorithm_are_read(name):
    options, given = command._parse(name, find.algorithm(name), ["meta/X-v0", "--device", "cuda"])
    assert options.id == "meta/X-v0" and given == {"device": "cuda"}
