"""`metazoo train`: run folders, presets, Ctrl-C at any moment, resuming to a bit-equal end."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time

import gymnasium as gym
import pytest
import torch

from agents import RL2, AdaptationCurve
from agents.cli import training
from agents.cli.main import main
from agents.core.checkpoint import read_checkpoint
from agents.core.logging import ProgressBar
from agents.core.run import Run
from agents.rl2 import presets
from meta_envs.core import registration

ID = "meta/BernoulliBandit-v0"
TINY = ["--n-envs", "8", "--n-epochs", "2", "--policy-kwargs", "hidden_size=8", "--threads", "1"]
STEPS = 80  # an iteration: 8 rows of 10 pulls


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def train(root, *more, total=2 * STEPS, eval_tasks=0, seed=0):
    """Train two iterations in-process; return the exit code."""
    words = ["train", "rl2", ID, *TINY, "--root", str(root), "--seed", str(seed)]
    return main(
        [*words, "--total-timesteps", str(total), "--eval-tasks", str(eval_tasks), *map(str, more)]
    )


def assert_equal_ends(one, other):
    """Compare two checkpoints bit for bit, but for where their settings came from."""
    (data, tensors), (other_data, other_tensors) = read_checkpoint(one), read_checkpoint(other)
    assert data["progress"] == other_data["progress"]
    assert tensors.keys() == other_tensors.keys() >= {"policy", "policy.optimizer"}
    for group, named in tensors.items():
        for name, tensor in named.items():
            assert torch.equal(tensor, other_tensors[group][name]), (group, name)


def logged(run_folder):
    """Return the columns of a run's log that do not depend on the clock."""
    with open(run_folder / "progress.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    kept = [key for key in rows[0] if key == "time/total_timesteps" or "time/" not in key]
    return [{key: row[key] for key in kept} for row in rows]


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
    assert captured.err.startswith("explicit: ")  # the first line says what applied
    assert "n_envs=8" in captured.err and "\ndefault: policy='GruPolicy'" in captured.err
    for told in (run.checkpoint, run.progress, run.curve_csv, run.curve_png):
        assert str(told) in captured.out
    assert "AdaptationCurve of RL2" in captured.out


def test_explicit_beats_preset_beats_default(tmp_path, monkeypatch, capsys):
    preset = {"id": ID, "env_kwargs": {}, "arguments": {"gamma": 0.5, "vf_coef": 0.125}}
    monkeypatch.setitem(presets.PRESETS, "a test's", preset)
    assert train(tmp_path, "--vf-coef", "0.25") == 0
    settings = Run.open(tmp_path / "last").read_config()["config"]["settings"]
    assert (settings["vf_coef"], settings["gamma"], settings["gae_lambda"]) == (0.25, 0.5, 0.3)
    assert "\npreset: gamma=0.5\n" in capsys.readouterr().err
    assert train(tmp_path, "--preset", "none") == 0
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


class Interrupting(ProgressBar):
    """A progress bar that gets signals at given steps, counted over the whole training."""

    at: dict[int, int] = {}  # step: how many signals
    number = signal.SIGINT

    def _on_training_start(self):
        super()._on_training_start()
        self.step = 0

    def _on_step(self):
        self.step += 1
        for _ in range(self.at.get(self.step, 0)):
            signal.raise_signal(self.number)
        return super()._on_step()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Six iterations without an interruption."""
    root = tmp_path_factory.mktemp("whole")
    assert train(root, total=6 * STEPS) == 0
    return Run.open(root / "last").folder


@pytest.mark.parametrize(
    ("step", "times", "number", "saved"),
    [
        (1, 1, signal.SIGINT, 0),
        (35, 1, signal.SIGTERM, 3 * STEPS),
        (50, 2, signal.SIGINT, 4 * STEPS),  # the second stops at once
        (60, 1, signal.SIGINT, 6 * STEPS),  # the very last step: nothing is left to stop
    ],
)
def test_interrupted_and_resumed_is_as_if_never_interrupted(
    step, times, number, saved, whole, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(training, "ProgressBar", Interrupting)
    monkeypatch.setattr(Interrupting, "at", {step: times})
    monkeypatch.setattr(Interrupting, "number", number)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert train(tmp_path, total=6 * STEPS) == 130
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    run = Run.open(tmp_path / "last")
    said = capsys.readouterr().err
    assert f"stopped; {saved:,} timesteps are saved in {run.checkpoint}" in said
    assert f"go on with: metazoo train --resume {run.folder}\n" in said
    monkeypatch.undo()
    assert main(["train", "--resume", str(tmp_path / "last")]) == 0
    assert_equal_ends(run.checkpoint, whole / "checkpoint.zip")
    assert logged(run.folder) == logged(whole)


def test_a_resumed_run_says_what_applied(tmp_path, capsys):
    assert train(tmp_path) == 0
    first = capsys.readouterr().err.splitlines()[:2]
    total = str(3 * STEPS)
    assert main(["train", "--resume", str(tmp_path / "last"), "--total-timesteps", total]) == 0
    said = capsys.readouterr().err
    assert said.splitlines()[0] == first[0]
    assert "(going on from 160 timesteps)" in said


def test_killed_in_the_middle_loses_what_the_log_has_beyond_the_checkpoint(whole, tmp_path):
    assert train(tmp_path, total=2 * STEPS) == 0
    run = Run.open(tmp_path / "last")
    early = run.checkpoint.read_bytes()
    resumed = ["train", "rl2", ID, "--resume", str(run.folder)]
    assert main([*resumed, "--total-timesteps", str(4 * STEPS)]) == 0
    run.checkpoint.write_bytes(early)  # as if SIGKILL had come before a later save
    assert main([*resumed, "--total-timesteps", str(6 * STEPS)]) == 0
    assert_equal_ends(run.checkpoint, whole / "checkpoint.zip")
    assert logged(run.folder) == logged(whole)
    assert run.read_config()["config"]["total_timesteps"] == 6 * STEPS


def test_ctrl_c_in_a_real_terminal_session(tmp_path):
    words = ["train", "rl2", ID, *TINY, "--root", str(tmp_path / "a"), "--seed", "0"]
    words += ["--total-timesteps", str(400 * STEPS), "--eval-tasks", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agents.cli", *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a signal for it alone
    )
    progress = tmp_path / "a" / "rl2-meta-BernoulliBandit-v0-s0" / "progress.csv"
    deadline = time.monotonic() + 50
    while not (progress.is_file() and progress.read_bytes().count(b"\n") > 3):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=50)
    assert process.returncode == 130, said
    assert "Traceback" not in said and "metazoo train --resume" in said
    saved = RL2.load(progress.parent / "checkpoint.zip").num_timesteps
    assert 3 * STEPS <= saved < 400 * STEPS and saved % STEPS == 0
    total = str(saved + 2 * STEPS)
    assert main(["train", "--resume", str(progress.parent), "--total-timesteps", total]) == 0
    assert train(tmp_path / "b", total=saved + 2 * STEPS) == 0
    assert_equal_ends(progress.parent / "checkpoint.zip", tmp_path / "b" / "last/checkpoint.zip")


def test_a_finished_run_says_so_and_gets_its_missing_curve(tmp_path, capsys):
    assert train(tmp_path) == 0
    before = (tmp_path / "last" / "checkpoint.zip").read_bytes()
    capsys.readouterr()
    again = ["train", "--resume", str(tmp_path / "last")]
    assert main([*again, "--eval-tasks", "10"]) == 0
    captured = capsys.readouterr()
    assert "already finished: 160 of 160 timesteps" in captured.out
    assert (tmp_path / "last" / "curve.csv").is_file()
    assert main(again) == 0
    assert "AdaptationCurve" not in capsys.readouterr().out  # it has one now
    assert (tmp_path / "last" / "checkpoint.zip").read_bytes() == before


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train", "--resume", "{root}/last"], "no run is in"),
        (["train", "rl2", ID, "--resume", "{root}/no-such-run"], "there is no such run"),
        (["train", "rl2", ID, "--total-timesteps", "0"], "--total-timesteps 0 must be at least 1"),
        (["train", "rl2", ID, "--threads", "0"], "--threads 0 must be at least 1"),
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


def test_resume_keeps_the_saved_settings(tmp_path, capsys):
    assert train(tmp_path) == 0
    last = str(tmp_path / "last")
    capsys.readouterr()
    for more, said in [
        (["rl2", ID, "--gamma", "0.5"], "leave out ['gamma']"),
        (["l2rl", ID], "is a run of rl2"),
        (["rl2", "meta/DependentBandit-v0"], f"is a run of rl2 on {ID}"),
    ]:
        assert main(["train", *more, "--resume", last]) == 2
        assert said in capsys.readouterr().err
    (tmp_path / "last" / "checkpoint.zip").write_bytes(b"PK damaged")
    assert main(["train", "--resume", last]) == 2
    assert "is damaged" in capsys.readouterr().err
    os.remove(tmp_path / "last" / "checkpoint.zip")
    assert main(["train", "--resume", last]) == 2
    assert "there is no checkpoint.zip to resume from here" in capsys.readouterr().err


def test_a_checkpoint_that_could_not_be_saved_is_an_error(tmp_path, monkeypatch, capsys):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device", "checkpoint.zip")

    monkeypatch.setattr(RL2, "save", full)
    assert train(tmp_path) == 2
    shown = capsys.readouterr().err
    assert "metazoo: warning: not saved at" in shown
    assert shown.splitlines()[-1] == "metazoo: error: checkpoint.zip: No space left on device"


def test_interrupted_evaluation_says_how_to_get_the_curve(tmp_path, monkeypatch, capsys):
    import agents.core.evaluation as evaluation

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "evaluate", interrupted)
    assert train(tmp_path, eval_tasks=10) == 130
    assert "training is complete and saved" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["train", "--resume", str(tmp_path / "last")]) == 0
    curve = AdaptationCurve.from_csv(tmp_path / "last" / "curve.csv")
    assert curve.protocol["num_tasks"] == 10  # as was asked for


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
