"""`metazoo evaluate` and `metazoo plot`: curves of runs, checkpoints and baselines; pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from agents import AdaptationCurve, baselines, evaluate
from agents.cli.main import main
from agents.core.saving.checkpoint import read_checkpoint, write_checkpoint

ID = "meta/BernoulliBandit-v0"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run with a curve, on two arms."""
    root = tmp_path_factory.mktemp("runs")
    words = f"train rl2 {ID} --n-envs 8 --total-timesteps 240 --n-epochs 1 --threads 1 --seed 3"
    words += f" --eval-tasks 30 --env-kwargs arms=2 --policy-kwargs hidden_size=8 --root {root}"
    assert main(words.split()) == 0
    return root / "rl2-meta-BernoulliBandit-v0-s3"


def csv_of(words, path):
    assert main([*words.split(), "--out", str(path)]) == 0
    return AdaptationCurve.from_csv(path)


def test_evaluate_is_agents_evaluate(tmp_path, capsys):
    words = f"evaluate ucb1:c=0.3 {ID} --num-tasks 40 --seed 5 --env-kwargs arms=3"
    curve = csv_of(words, tmp_path / "ucb1.csv")
    same = evaluate(baselines.UCB1(c=0.3), ID, num_tasks=40, seed=5, env_kwargs={"arms": 3})
    np.testing.assert_array_equal(curve.returns, same.returns)
    assert curve.protocol == same.protocol
    assert repr(same) in capsys.readouterr().out


def test_every_flag_of_evaluate_reaches_the_protocol(tmp_path):
    words = f"evaluate greedy {ID} --split all --num-tasks 6 --episodes 3 --rows-per-task 2"
    words += " --frozen-episodes 2 --seed 4 --deterministic --env-kwargs pulls=4"
    protocol = csv_of(words, tmp_path / "curve.csv").protocol
    given = {"split": "all", "num_tasks": 6, "episodes": 3, "rows_per_task": 2, "seed": 4}
    given |= {"frozen_episodes": 2, "deterministic": True, "env_kwargs": {"pulls": 4}}
    assert {key: protocol[key] for key in given} == given


def test_a_run_and_its_checkpoint_are_one_agent_with_its_own_id(run, tmp_path):
    whole = csv_of(f"evaluate {run} --num-tasks 30", tmp_path / "a.csv")
    file = csv_of(f"evaluate {run}/checkpoint.zip --num-tasks 30", tmp_path / "b.csv")
    trained = AdaptationCurve.from_csv(run / "curve.csv")
    assert whole.protocol["env_kwargs"] == {"arms": 2}
    for curve in (whole, file):
        np.testing.assert_array_equal(curve.returns, trained.returns)
    named = csv_of(f"evaluate {run} {ID} --env-kwargs arms=2 --num-tasks 30", tmp_path / "c.csv")
    np.testing.assert_array_equal(named.returns, trained.returns)


def test_an_agent_of_other_spaces_is_refused(run, capsys):
    assert main(["evaluate", str(run), ID]) == 2  # five arms; it was trained on two
    assert "the agent was trained on Discrete(2)" in capsys.readouterr().err


def test_a_checkpoint_of_an_unknown_class_is_refused(run, tmp_path, capsys):
    data, tensors = read_checkpoint(run / "checkpoint.zip")
    write_checkpoint(tmp_path / "other.zip", {**data, "algorithm": "RL3"}, tensors)
    assert main(["evaluate", str(tmp_path / "other.zip")]) == 2
    assert "a checkpoint of RL3, which this metazoo does not have" in capsys.readouterr().err


def test_plot_compares_runs_and_baselines(run, tmp_path, capsys):
    for name in ("ucb1", "random"):
        csv_of(f"evaluate {name} {ID} --env-kwargs arms=2 --num-tasks 30", tmp_path / f"{name}.csv")
    capsys.readouterr()
    out = tmp_path / "comparison.png"
    files = [str(tmp_path / "ucb1.csv"), str(tmp_path / "random.csv")]
    assert main(["plot", str(run), *files, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    picture = np.asarray(Image.open(out).convert("RGB")).reshape(-1, 3)
    # two agents, and chance in grey
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x6E, 0x6E, 0x6E)):
        assert (picture == colour).all(axis=1).sum() > 100
    assert main(["plot", str(run)]) == 0
    assert (run / "plot.png").is_file()


def test_plots_of_other_protocols_or_formats_are_refused(run, tmp_path, capsys):
    csv_of(f"evaluate ucb1 {ID} --num-tasks 30", tmp_path / "five_arms.csv")
    assert main(["plot", str(run), str(tmp_path / "five_arms.csv")]) == 2
    assert "env_kwargs" in capsys.readouterr().err
    assert main(["plot", str(run), "--out", str(tmp_path / "picture.xyz")]) == 2
    assert "ends in 'xyz'" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "nothing")]) == 2
    assert "there is no such run" in capsys.readouterr().err


def test_without_a_curve_training_is_drawn(run, tmp_path, capsys):
    words = f"train rl2 {ID} --n-envs 8 --total-timesteps 240 --n-epochs 1 --threads 1 --seed 4"
    words += f" --eval-tasks 0 --policy-kwargs hidden_size=8 --root {tmp_path}"
    assert main(words.split()) == 0
    assert main(["plot", str(tmp_path / "last")]) == 0
    png = tmp_path / "last" / "plot.png"
    picture = np.asarray(Image.open(png).convert("RGB")).reshape(-1, 3)
    assert (picture == (0x00, 0x72, 0xB2)).all(axis=1).sum() > 100
    csv_of(f"evaluate ucb1 {ID} --num-tasks 30", tmp_path / "ucb1.csv")
    capsys.readouterr()
    assert main(["plot", str(tmp_path / "last"), str(tmp_path / "ucb1.csv")]) == 2
    assert "has no adaptation curve yet" in capsys.readouterr().err
    (tmp_path / "last" / "progress.csv").write_text("")
    assert main(["plot", str(tmp_path / "last")]) == 2
    assert "has only begun" in capsys.readouterr().err
