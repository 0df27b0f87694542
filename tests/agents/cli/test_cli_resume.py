"""`metazoo train`: Ctrl-C at any moment, and resuming to a bit-equal end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from running import ID, STEPS, TINY, assert_equal_ends, logged, train

from agents import RL2, AdaptationCurve
from agents.cli.main import main
from agents.core.saving.progress_bar import ProgressBar
from agents.core.saving.run import Run
from agents.runs import training


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


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
    assert said.splitlines()[0].partition(";")[0] == first[0].partition(";")[0]
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
    deadline = time.monotonic() + 100
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


def test_interrupted_evaluation_says_how_to_get_the_curve(tmp_path, monkeypatch, capsys):
    import agents.core.evaluation.held_out as evaluation

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "evaluate", interrupted)
    assert train(tmp_path, eval_tasks=10) == 130
    assert "training is complete and saved" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["train", "--resume", str(tmp_path / "last")]) == 0
    curve = AdaptationCurve.from_csv(tmp_path / "last" / "curve.csv")
    assert curve.protocol["num_tasks"] == 10  # as was asked for


def test_one_run_is_trained_by_one_process_at_a_time(tmp_path, capsys):
    assert train(tmp_path) == 0
    run = Run.open(tmp_path / "last")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    capsys.readouterr()
    with run.writing():
        more = ["--total-timesteps", str(4 * STEPS)]
        assert main(["train", "--resume", str(tmp_path / "last"), *more]) == 2
        assert f"trained by process {os.getpid()} on" in capsys.readouterr().err
    assert before == {p.name: p.read_bytes() for p in run.folder.iterdir() if p.is_file()}


# TensorBoard's own thread finds its folder gone too
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_run_removed_in_mid_training_is_an_error(tmp_path, monkeypatch, capsys):
    class Removing(ProgressBar):
        def _on_step(self):
            for folder in tmp_path.glob("rl2-*"):
                shutil.rmtree(folder)
            return super()._on_step()

    monkeypatch.setattr(training, "ProgressBar", Removing)
    assert train(tmp_path) == 2
    assert "the run's folder was removed or replaced while it trained" in capsys.readouterr().err
    assert not list(tmp_path.glob("rl2-*"))


def test_a_run_with_links_is_neither_resumed_nor_drawn_into(tmp_path, capsys):
    assert train(tmp_path) == 0
    folder = Run.open(tmp_path / "last").folder
    precious = tmp_path / "precious.csv"
    (folder / "progress.csv").rename(precious)
    mine = precious.read_bytes()
    (folder / "progress.csv").symlink_to(precious)
    more = ["--total-timesteps", str(4 * STEPS)]
    assert main(["train", "--resume", str(tmp_path / "last"), *more]) == 2
    assert "is a link to" in capsys.readouterr().err
    (folder / "plot.png").symlink_to(precious)
    assert main(["plot", str(tmp_path / "last")]) == 2
    assert "is a link to" in capsys.readouterr().err
    assert precious.read_bytes() == mine
