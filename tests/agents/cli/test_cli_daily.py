"""The daily commands as one types them, on two tiny trainings that the module shares."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from running import ID, STEPS, TINY, assert_equal_ends, logged, train

import agents
from agents import RL2, AdaptationCurve
from agents.cli.main import COMMANDS, main
from agents.core.saving.run import Run

FREQ = ["--eval-freq", "100"]


@pytest.fixture(scope="module", autouse=True)
def _same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two seeds, evaluated while they train, each with a curve."""
    root = tmp_path_factory.mktemp("daily")
    words = ["train", "rl2", ID, *TINY, "--root", str(root), "--seeds", "0", "1", *FREQ]
    assert main([*words, "--total-timesteps", str(3 * STEPS), "--eval-tasks", "20"]) == 0
    return [root / f"rl2-meta-BernoulliBandit-v0-s{seed}" for seed in (0, 1)]


def evaluations(folder):
    with open(folder / "evaluations.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def test_held_out_evaluations_do_not_disturb_training_and_keep_the_best(runs, tmp_path):
    rows = evaluations(runs[0])
    # after the first iteration boundary at or beyond every 100 steps: iterations are of 80
    assert [row["timesteps"] for row in rows] == ["160", "240"]
    best = max(rows, key=lambda row: float(row["return"]))
    agent = RL2.load(runs[0] / "best.zip")
    assert agent.num_timesteps == int(best["timesteps"])
    curve = agents.evaluate(agent, ID, num_tasks=100, seed=1)
    assert float(best["return"]) == curve.total("expected_returns")[0]
    assert train(tmp_path, total=3 * STEPS) == 0
    assert_equal_ends(tmp_path / "last" / "checkpoint.zip", runs[0] / "checkpoint.zip")
    log = logged(runs[0])
    assert log[2]["eval/trial_rew_mean"] == rows[0]["return"] and not log[0]["eval/trial_rew_mean"]


def test_evaluations_of_a_resumed_run_go_on(runs, tmp_path):
    assert train(tmp_path, *FREQ, total=2 * STEPS) == 0
    assert main(["train", "--resume", str(tmp_path / "last"), "--total-timesteps", "240"]) == 0
    assert evaluations(tmp_path / "last") == evaluations(runs[0])
    assert logged(tmp_path / "last") == logged(runs[0])


def test_python_trains_as_the_command_does(runs, tmp_path):
    keep = torch.get_num_threads()
    (run,) = agents.train(
        "rl2", ID, total_timesteps=3 * STEPS, eval_tasks=0, root=tmp_path, threads=1, seeds=[1],
        preset="none", n_envs=8, n_epochs=2, policy_kwargs={"hidden_size": 8},
    )  # fmt: skip
    torch.set_num_threads(keep)
    assert_equal_ends(run.checkpoint, runs[1] / "checkpoint.zip")
    (again,) = agents.train(resume=run.folder, total_timesteps=3 * STEPS)
    assert again == run
    with pytest.raises(ValueError, match="give an algorithm and an id"):
        agents.train("rl2")
    with pytest.raises(ValueError, match=r"seeds=\[0, 0\] must be one or more different"):
        agents.train("rl2", ID, seeds=[0, 0], root=tmp_path)
    with pytest.raises(ValueError, match="seed=1 or seeds"):
        agents.train("rl2", ID, seeds=[0], seed=1, root=tmp_path)
    with pytest.raises(ValueError, match="leave out"):
        agents.train(resume=run.folder, n_envs=4)


def test_a_run_without_a_seed_has_a_short_name(tmp_path):
    words = ["train", "rl2", ID, *TINY, "--root", str(tmp_path), "--total-timesteps", "80"]
    assert main([*words, "--eval-tasks", "0"]) == 0
    run = Run.open(tmp_path / "last")
    seed = run.read_config()["seed"]
    assert seed < 100_000 and run.folder.name == f"rl2-meta-BernoulliBandit-v0-s{seed}"
    assert RL2.load(run.checkpoint).seed == seed


def test_an_iteration_longer_than_all_that_is_asked_for_is_announced(tmp_path, capsys):
    assert train(tmp_path, total=10) == 0
    said = capsys.readouterr().err.splitlines()[0]
    assert "an iteration of 80 timesteps, more than the 10 asked for, is played to its end" in said


def test_plot_and_table_take_the_seeds_together(runs, tmp_path, capsys):
    both = [str(run) for run in runs]
    for x in ("episode", "steps"):
        out = tmp_path / f"{x}.png"
        assert main(["plot", *both, "--x", x, "--out", str(out), "--label", "two seeds"]) == 0
        with Image.open(out) as picture:
            assert picture.size[1] > 500
    capsys.readouterr()
    assert main(["table", *both]) == 0
    line = capsys.readouterr().out.splitlines()[1].split()
    merged = AdaptationCurve.merge(*(AdaptationCurve.from_csv(run / "curve.csv") for run in runs))
    assert line[:3] == ["RL2", ID, f"{merged.mean('expected_returns')[0]:.4g}"]
    out = tmp_path / "table.md"
    assert main(["table", *both, "--by", "run", "--out", str(out)]) == 0
    assert out.read_text().count("\n") == 4
    assert main(["table", both[0], "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("agent,id,mean,iqm,")
    assert main(["table"]) == 2


def test_describe_says_what_is_known(tmp_path, capsys):
    out = tmp_path / "grid.png"
    assert main(["describe", "meta/GridNavi-v0", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    for part in ("hidden goal", "steps (here 15)", "train, test, all", "oracle (GridOracle",
                 "random (Random)", "rl2: n_envs=256", "MultiDiscrete([5 5])"):  # fmt: skip
        assert part in said, part
    with Image.open(out) as picture:
        assert np.asarray(picture).std() > 0
    other = agents.describe("meta/GridNavi-v0", env_kwargs={"steps": 20})
    assert "steps (here 20)" in str(other) and "not measured with these" in str(other)
    assert main(["describe", "meta/GridNav-v0"]) == 2


def test_tune_writes_a_preset_that_train_takes_and_goes_on(tmp_path, capsys):
    pytest.importorskip("optuna")
    words = ["tune", "rl2", ID, "--root", str(tmp_path), "--total-timesteps", "80", "--eval-tasks"]
    words += ["10", "--search", "learning-rate", "gamma", "batch_size", "--arguments", "n_envs=8"]
    words += ["n_epochs=1", "policy_kwargs={'hidden_size':8}", "--trials"]
    assert main([*words, "2"]) == 0
    folder = tmp_path / "tune-rl2-meta-BernoulliBandit-v0"
    preset = json.loads((folder / "preset.json").read_text())
    assert preset["id"] == ID and preset["trials"] == 2
    assert preset["score"] >= preset["score_of_defaults"]
    assert preset["arguments"]["n_envs"] == 8
    capsys.readouterr()
    assert main([*words, "3"]) == 0  # goes on: one trial more, not three
    said = capsys.readouterr()
    assert said.err.count("trial ") == 1 and "trial 2 after" in said.err
    assert f"--preset {folder}/preset.json" in said.out
    assert main([*words[:-1], "--trials", "3", "--seed", "5"]) == 2
    assert "a study with another seed" in capsys.readouterr().err
    file = str(folder / "preset.json")
    agent = RL2("GruPolicy", ID, preset=file)
    assert agent.applied["n_envs"] == "preset" and agent.n_envs == 8
    start = ["train", "rl2", ID, "--preset", file, "--total-timesteps", "80", "--eval-tasks", "0"]
    assert main([*start, "--root", str(tmp_path)]) == 0
    with pytest.raises(ValueError, match="is a preset for meta/BernoulliBandit-v0 with"):
        RL2("GruPolicy", "meta/GridNavi-v0", preset=file)


def test_the_log_goes_to_weights_and_biases_where_it_is_installed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    if importlib.util.find_spec("wandb") is None:
        assert train("runs", "--wandb", "tests") == 2
        assert 'pip install "metazoo[wandb]"' in capsys.readouterr().err
        return
    assert train("runs", "--wandb", "tests") == 0
    (folder,) = Path("wandb").glob("offline-run-*")
    (record,) = folder.glob("*.wandb")
    assert b"rollout/trial_rew_mean" in record.read_bytes()
    assert folder.name.endswith(Path("runs/last/wandb.txt").read_text().strip())


def test_agents_of_one_lifetime_take_any_id_in_every_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = "--n-envs 2 --total-timesteps 32 --eval-tasks 2 --seed 0 --threads 1"
    assert main(["train", "CartPole-v1", "a2c", *few.split()]) == 0  # and in either order
    assert AdaptationCurve.from_csv("runs/last/curve.csv").protocol["agent"] == "A2C"
    assert main(["train", "--resume", "runs/last", "--total-timesteps", "64"]) == 0
    one = "--split all --seed 1"
    assert main(["evaluate", "runs/last", "--num-tasks", "2", "--out", "a.csv"]) == 0
    assert main(["evaluate", "CartPole-v1", "random", "--num-tasks", "2"]) == 0
    assert main(["evaluate", "runs/last", *"--steps 20 --bins 2 --num-tasks 1".split()]) == 0
    assert main(["play", "--agent", "runs/last", "--render-mode", "none", *one.split()]) == 0
    assert main(["video", "--agent", "runs/last", "--out", "cart.gif"]) == 0
    with Image.open("cart.gif") as film:
        assert film.n_frames > 1
    capsys.readouterr()
    assert main(["train", "rl2", "CartPole-v1"]) == 2
    assert "CartPole-v1 has no task API" in capsys.readouterr().err


def test_help_shows_the_preset_of_an_id(capsys):
    assert main(["train", "rl2", "meta/DependentBandit-v0", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "(preset: 64; default: 128)" in said and "(preset: linear:0.004:0.0001; " in said
    assert main(["train", "rl2", "meta/DependentBandit-v0", "--preset", "none", "-h"]) == 0
    assert "preset: 64" not in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_leaves_no_default_empty_and_brackets_what_is_optional(name, capsys):
    algorithm = ["rl2"] if name == "train" else []
    assert main([name, *algorithm, "--help"]) == 0
    said = capsys.readouterr().out
    assert "(default: )" not in said and "NotGiven" not in said and "default: ''" not in said
    optional = {"evaluate": "[ID]", "list": "[PATTERN]", "play": "[ID]", "check": "[ID]"}
    assert optional.get(name, "") in said


def test_completion_knows_commands_algorithms_ids_and_flags(capsys):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    asked = {
        ("t",): "train",
        ("train", "varib"): "varibad",
        ("train", "rl2", "meta/Gr"): "meta/GridNavi-v0",
        ("train", "rl2", "--eval-f"): "--eval-freq",
        ("describe", "meta/Gr"): "meta/GridNavi-v0",
        ("evaluate", "thom"): "thompson",
        ("plot", "--la"): "--label",
    }
    lines = [script]
    for words in asked:
        spoken = " ".join(f"'{word}'" for word in ("metazoo", *words))
        lines += [f"COMPREPLY=(); COMP_WORDS=({spoken}); COMP_CWORD={len(words)}; _metazoo"]
        lines += ['echo "${COMPREPLY[@]}"']
    done = subprocess.run(
        ["bash", "--norc"], input="\n".join(lines), capture_output=True, text=True
    )
    answers = done.stdout.splitlines()
    for (words, wanted), answer in zip(asked.items(), answers, strict=True):
        assert wanted in answer.split(), (words, answer, done.stderr)


def test_scripts_of_other_shells_have_the_names_too():
    from agents.cli import completion

    for shell, form in completion._CASE.items():
        made = form.format(command="describe", names="meta/GridNavi-v0")
        assert made.count("meta/GridNavi-v0") == 1, shell
        text = completion._MORE[shell].format(cases=made)
        assert made in text and "{" not in text.replace("${", "").replace("() {", "")
