"""Grouping runs by agent, tables and learning curves; on curves that are made up."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import agents
from agents import AdaptationCurve
from agents.core.saving.run import Run
from agents.runs import groups, learning, references

ID = "meta/GridNavi-v0"


def curve_of(agent="RL2", seed=0, level=0.0, tasks=20, **changes):
    rng = np.random.default_rng(seed)
    returns = level + rng.normal(size=(tasks, 4))
    protocol = {
        "agent": agent, "env": ID, "split": "test", "num_tasks": tasks, "episodes": 4,
        "rows_per_task": 1, "frozen_episodes": 0, "seed": 0, "env_kwargs": {},
        "training_seed": seed, "training_steps": 1000,
    }  # fmt: skip
    return AdaptationCurve(
        returns=returns, row_returns=returns[:, None], success=(returns > 0).astype(float),
        lengths=np.full((tasks, 1, 4), 15), protocol={**protocol, **changes},
    )  # fmt: skip


def run_of(root, seed=0, level=0.0, steps=(100, 200), agent="rl2", **settings):
    """Write a run as `train` would, with a curve and a log."""
    config = {"settings": {"gamma": 0.9, **settings, "seed": seed}, "total_timesteps": 200}
    run = Run.create(root, agent, ID, seed, config)
    curve_of(seed=seed, level=level).to_csv(run.curve_csv)
    lines = ["time/total_timesteps,rollout/trial_rew_mean"]
    lines += [f"{step},{level + seed + step / 100}" for step in steps]
    run.progress.write_text("\n".join(lines) + "\n")
    return str(run.folder)


def test_seeds_of_an_agent_are_one_curve_and_settings_tell_agents_apart(tmp_path):
    runs = [run_of(tmp_path, seed, gamma=gamma) for gamma in (0.9, 0.5) for seed in (0, 1, 2)]
    curve_of("UCB1()").to_csv(tmp_path / "ucb1.csv")
    merged = groups.merged(groups.read([*runs, tmp_path / "ucb1.csv"]))
    assert [name for name, _ in merged] == ["RL2 (gamma=0.9)", "RL2 (gamma=0.5)", "UCB1"]
    assert [curve.n_seeds for _, curve in merged] == [3, 3, 1]
    assert merged[0][1].protocol["seeds"] == [0, 1, 2]
    names = [name for name, _ in groups.merged(groups.read(runs[:3]))]
    assert names == ["RL2"]  # nothing has to be told apart
    by_run = [name for name, _ in groups.group(groups.read(runs[:3]), "run")]
    assert by_run == [f"rl2-meta-GridNavi-v0-s{seed}" for seed in range(3)]


def test_one_training_counts_once(tmp_path):
    runs = [run_of(tmp_path), run_of(tmp_path)]
    with pytest.raises(ValueError, match="s0-2 are of one seed and the same settings"):
        agents.table(runs)
    assert len(agents.table(runs, by="run").rows) == 2


def test_every_path_below_runs_means_each_run_once(tmp_path):
    runs = [run_of(tmp_path, seed) for seed in (0, 1)]
    (tmp_path / "tune-rl2").mkdir()
    (tmp_path / "tune-rl2" / "study.log").write_text("")
    everything = [str(path) for path in sorted(tmp_path.iterdir())]
    assert len(everything) == 4 and groups.meant(everything) == runs
    assert groups.meant([str(tmp_path / "last")]) == [str(tmp_path / "last")]
    assert agents.table(everything).rows[0]["seeds"] == 2


def test_labels_are_one_a_curve(tmp_path):
    runs = [run_of(tmp_path, gamma=gamma) for gamma in (0.9, 0.5)]
    figure = agents.plot(runs, label=["a long discount", "a short one"])
    assert [line.get_label() for line in figure.axes[0].get_lines()][-3:-1] == [
        "a long discount", "a short one"]  # fmt: skip
    with pytest.raises(ValueError, match=r"1 labels for 2 curves: RL2 \(gamma=0.9\), RL2 \(gamma"):
        agents.plot(runs, label=["one"])
    with pytest.raises(ValueError, match="by='seed' is unknown"):
        agents.plot(runs, by="seed")
    with pytest.raises(ValueError, match="x='epoch' is unknown"):
        agents.plot(runs, x="epoch")


def test_chance_and_the_oracle_are_lines_where_they_are_known(tmp_path):
    run = run_of(tmp_path)
    known = references.table()[ID, "test"]
    lines = {str(one.get_label()): one for one in agents.plot([run]).axes[0].get_lines()}
    for kind in ("random", "oracle"):
        assert set(lines[kind].get_ydata()) == {known[kind]["mean"]}
    assert references.references(curve_of(env_kwargs={"size": 9})) == {}
    curve_of("Random()", level=-3.0).to_csv(tmp_path / "r.csv")
    lines = {
        str(one.get_label()): one
        for one in agents.plot([run, tmp_path / "r.csv"]).axes[0].get_lines()
    }
    assert "Random" not in lines and lines["random"].get_ydata()[0] < -2  # the file's own


def test_learning_curves_of_seeds_are_brought_onto_common_steps(tmp_path):
    runs = [run_of(tmp_path, 0, steps=(100, 200, 300)), run_of(tmp_path, 2, steps=(150, 250))]
    points = [learning._read(Run(Path(run)), "progress.csv", *learning._SOURCES[1][1:3])
              for run in runs]  # fmt: skip
    common = learning.common(points)
    np.testing.assert_array_equal(common.steps, [150, 200, 250])
    np.testing.assert_allclose(common.returns, [[1.5, 2.0, 2.5], [3.5, 4.0, 4.5]])
    figure = agents.plot(runs, x="steps")
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_ydata(), [2.5, 3.0, 3.5])
    assert figure.axes[0].get_title(loc="left") == f"{ID}  ·  training  ·  2 seeds"
    (band,) = figure.axes[0].collections
    assert band.get_paths()[0].vertices[:, 1].min() == 1.5  # the interval of two seeds spans both


def test_a_table_has_what_the_curves_say(tmp_path):
    runs = [run_of(tmp_path, seed, level=1.0) for seed in (0, 1, 2)]
    curve_of("UCB1()").to_csv(tmp_path / "ucb1.csv")
    table = agents.table([*runs, tmp_path / "ucb1.csv"])
    merged = AdaptationCurve.merge(*(curve_of(seed=seed, level=1.0) for seed in (0, 1, 2)))
    row = next(iter(csv.DictReader(io.StringIO(table.to_csv()))))
    assert (row["agent"], row["id"], row["seeds"], row["tasks"]) == ("RL2", ID, "3", "20")
    assert float(row["mean"]) == merged.mean()[-1] and float(row["iqm"]) == merged.iqm()[-1]
    low, high = merged.interval()
    assert (float(row["low"]), float(row["high"])) == (low[-1], high[-1])
    text = str(table)
    assert text.splitlines()[0].split() == [
        "agent",
        "id",
        "mean",
        "IQM",
        *"95 % interval".split(),
        "seeds",
    ]
    assert text.splitlines()[-1] == (
        "return in episode 4 of 4, split test, 20 tasks, drawn actions, evaluation seed 0"
    )
    marked = table.to_markdown().splitlines()
    assert marked[0].startswith("| agent | id | mean | IQM |") and len(marked) == 4
    success = agents.table(runs, of="success").rows[0]
    assert success["mean"] == merged.mean("success")[-1]
    with pytest.raises(ValueError, match="no series 'sucess'"):
        agents.table(runs, of="sucess")


def test_damaged_and_missing_figures_are_said(tmp_path):
    run = Run(Path(run_of(tmp_path)))
    run.progress.write_text("time/total_timesteps,rollout/trial_rew_mean\n1,x\n")
    with pytest.raises(ValueError, match="progress.csv is damaged: line 2"):
        agents.plot([run.folder], x="steps")
    run.curve_csv.unlink()
    with pytest.raises(OSError, match="curve.csv"):
        agents.table([run.folder])
    config = json.loads(run.config.read_text())
    assert config["agent"] == "rl2"
