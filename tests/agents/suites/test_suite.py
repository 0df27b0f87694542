"""Suites: read and refused, run once, interrupted, estimated, reported."""

import csv
import dataclasses
import types

import numpy as np
import pytest

from agents.cli.main import main
from agents.suites import cells, recorded, report, statistics
from agents.suites.suite import found, parsed, read

ID = "meta/BernoulliBandit-v0"
TINY = {"n_envs": 4, "n_epochs": 1, "preset": None, "policy_kwargs": {"hidden_size": 4}}
SUITE = {
    "name": "tiny",
    "eval_tasks": 8,
    "cells": [
        {"agent": "rl2", "id": ID, "steps": 80, "seeds": [0, 1], "arguments": TINY},
        {"agent": ["random", "thompson"], "id": ID},
    ],
}

WHO = [(0, "False"), (0, "True"), (1, "False"), (2, "True")]  # seeds, and whether modes were played


def test_agents_ids_and_seeds_are_multiplied():
    suite = parsed(SUITE, "here")
    assert [cell.name for cell in suite.cells] == [
        "rl2-meta-BernoulliBandit-v0-s0",
        "rl2-meta-BernoulliBandit-v0-s1",
        "random-meta-BernoulliBandit-v0-s0",
        "thompson-meta-BernoulliBandit-v0-s0",
    ]
    assert [cell.steps for cell in suite.cells] == [80, 80, 0, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cels": []}, "unknown 'cels'; did you mean 'cells'"),
        ({"cells": [{"agent": "rl3", "id": ID}]}, "no agent 'rl3'; did you mean 'rl2'"),
        ({"cells": [{"agent": "rl2", "id": ID}]}, "needs steps of at least 1"),
        ({"cells": [{"agent": "rl2", "id": ID, "steps": -1}]}, "steps=-1"),
        ({"cells": [{"agent": "rl2", "id": ID, "steps": "x"}]}, "steps='x' is of another kind"),
        ({"cells": [{"agent": 3, "id": ID}]}, "agent=3"),
        ({"cells": [{"agent": "random", "id": ID, "seeds": [True]}]}, "seeds="),
        ({"cells": [{"agent": "random", "id": ID, "tag": "../x"}]}, "must match"),
        ({"cells": [{"agent": "random", "id": ID}] * 2}, "come twice; give one of each pair a tag"),
        ({"cells": []}, "cells is empty"),
        ({"cells": [3]}, "must have"),
        ({"name": "../x"}, "must match"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change, said):
    with pytest.raises(ValueError, match=said) as error:
        parsed({**SUITE, **change}, "mine.yaml")
    assert str(error.value).startswith("mine.yaml")


@pytest.mark.parametrize("name", ["quick", "classics", "metaworld"])
def test_our_suites_are_read(name):
    pytest.importorskip("yaml")
    suite = read(name)
    assert suite.name == name
    if name == "classics":
        assert len({cell.name.rpartition("-s")[0] for cell in suite.cells}) >= 40
        if recorded.folder().is_dir():  # wheels have no results
            assert all(recorded.record_of(cell) for cell in suite.cells)
    with pytest.raises(FileNotFoundError, match="classics, metaworld, quick"):
        found("nothing")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    root = tmp_path_factory.mktemp("bench")
    suite = parsed(SUITE, "here")
    return suite.cells, root, cells.run_all(suite.cells, root)


def test_every_cell_is_run_once(filled):
    chosen, root, states = filled
    assert {state.what for state in states} == {cells.DONE}
    before = {path: path.stat().st_mtime_ns for path in root.rglob("curve.csv")}
    assert len(before) == 4
    cells.run_all(chosen, root)
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("curve.csv")}


def test_a_killed_cell_goes_on_and_ends_alike(filled, tmp_path, monkeypatch):
    """One is killed before its first checkpoint, and one after its training."""
    chosen, root, _ = filled
    cell = chosen[0]
    (tmp_path / cell.name / "rl2-half").mkdir(parents=True)  # what the first kill leaves
    monkeypatch.setattr("agents.runs.training._finish", _killed)
    assert cells.run_all([cell], tmp_path)[0].what == cells.FAILED  # stands for the second kill
    monkeypatch.undo()
    assert cells.run_all([cell], tmp_path)[0].what == cells.DONE
    assert not (tmp_path / cell.name / "rl2-half").exists()
    ends = [_lines(cells.curve_file(cell, place)) for place in (root, tmp_path)]
    assert ends[0] == ends[1]


def _killed(*arguments):
    raise RuntimeError("killed")


def _lines(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_one_that_fails_does_not_stop_the_others_and_is_tried_again(tmp_path):
    document = {
        "name": "x",
        "cells": [
            {"agent": "rl2", "id": ID, "steps": 40, "arguments": {"n_steps": 3}},
            {"agent": "random", "id": ID, "eval_tasks": 2},
        ],
    }
    chosen = parsed(document, "here").cells
    states = cells.run_all(chosen, tmp_path)
    assert [state.what for state in states] == [cells.FAILED, cells.DONE]
    assert "n_steps" in states[0].words


def test_a_folder_of_another_cell_is_refused(filled):
    chosen, root, _ = filled
    other = parsed({**SUITE, "eval_tasks": 9}, "here").cells
    with pytest.raises(ValueError, match="another cell of this name"):
        cells.run_all(other, root)


def test_what_is_recorded_is_not_run_but_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "folder", lambda: tmp_path)
    head = "entry,commit,agent,id,seed,steps,deterministic,episodes\n"
    rows = [f'mine,abc,RL2,{ID},{seed},80,{modes},"[1.5, {seed}]"\n' for seed, modes in WHO]
    (tmp_path / "learning.csv").write_text(head + "".join(rows))
    trained = {**SUITE["cells"][0], "seeds": [0, 1, 2], "recorded": "learning/mine"}
    chosen = parsed({**SUITE, "cells": [trained]}, "here").cells
    assert [cells.state_of(cell, tmp_path).what for cell in chosen] == [
        cells.RECORDED, cells.RECORDED, cells.WAITING
    ]  # fmt: skip
    more = parsed({**SUITE, "cells": [{**trained, "steps": 90}]}, "here").cells
    assert recorded.record_of(more[0]) is None  # fewer steps than asked for
    root = tmp_path / "root"
    assert {one.what for one in cells.run_all(chosen[:2], root)} == {cells.RECORDED}
    assert not list(root.glob("*/log.txt"))
    report.write(root, tmp_path / "report")
    lines = list(csv.DictReader((tmp_path / "report" / "recorded.csv").read_text().splitlines()))
    assert [(row["seed"], row["score"]) for row in lines] == [("0", "0"), ("1", "1")]
    assert "learning.csv, abc" in (tmp_path / "report" / "index.html").read_text()
    (row,) = csv.DictReader((tmp_path / "report" / "settings.csv").read_text().splitlines())
    assert (row["agent"], row["mean"], row["trainings"]) == ("rl2", "0.5", "2")
    assert 0.0 <= float(row["low"]) < 0.5 < float(row["high"]) <= 1.0


def test_episodes_may_be_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "folder", lambda: tmp_path)
    row = f"rl2,abc,{ID},0,90,False,1.5,.1,2.5,\n"
    head = "agent,commit,id,seed,steps,deterministic,episode1,standard_error1,episode2,episode3\n"
    (tmp_path / "locomotion.csv").write_text(head + row)
    cell = parsed({**SUITE, "cells": [{**SUITE["cells"][0], "recorded": "locomotion/rl2"}]}, "here")
    found = recorded.Record(2.5, 90, "locomotion.csv, abc")
    assert recorded.record_of(cell.cells[0]) == found
    unnamed = dataclasses.replace(cell.cells[0], recorded="locomotion")
    assert recorded.record_of(unnamed) == found  # the row of the agent's name
    assert recorded.record_of(dataclasses.replace(unnamed, agent="maml")) is None


def test_costs_come_from_what_was_trained_before():
    (cell, *_, baseline) = parsed(SUITE, "here").cells

    def card(agent, id, rate):
        return types.SimpleNamespace(agent=agent, id=id, steps=10 * rate, seconds=10.0)

    assert cells.cost_of(cell, lambda: [card("rl2", ID, 8), card("rl2", "x", 2)]) == cells.Cost(
        10.0, "this pair"
    )
    assert cells.cost_of(cell, lambda: [card("rl2", "x", 2)]).known == "this agent elsewhere"
    assert cells.cost_of(cell, list).known == "a guess"
    assert cells.cost_of(baseline, list).seconds == 0.0


def test_the_report_has_tables_comparisons_and_a_page(filled, tmp_path):
    _, root, _ = filled
    files = report.write(root, tmp_path)
    assert {file.name for file in files} >= {
        "table.csv",
        "table.md",
        "settings.csv",
        "improvement.csv",
        "index.html",
    }
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert {row["agent"]: row["seeds"] for row in rows}["RL2"] == "2"
    better = list(csv.DictReader((tmp_path / "improvement.csv").read_text().splitlines()))
    assert {(row["agent"], row["than"]) for row in better} >= {("random", "rl2")}
    page = (tmp_path / "index.html").read_text()
    assert "Thompson" in page and "</html>" in page
    with pytest.raises(ValueError, match="has no cells"):
        report.write(tmp_path, tmp_path / "x")


def test_probability_of_improvement_counts_pairs():
    better = statistics.probability_of_improvement
    assert better(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert better(np.array([1.0, 4.0]), np.array([1.0, 2.0])) == (0.5 + 0 + 1 + 1) / 4
    mean, low, high = statistics.improvement_interval(
        [(np.array([1.0, 4.0]), np.array([2.0, 3.0]))]
    )
    assert mean == 0.5 and low == 0.0 and high == 1.0


def test_profiles_are_shares_above_a_level():
    shares = statistics.performance_profile(np.array([0.2, 0.6, 1.0]), np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(shares, [1.0, 2 / 3, 0.0])
    assert statistics.normalised(3.0, 1.0, 5.0) == 0.5
    with pytest.raises(ValueError, match="make no scale"):
        statistics.normalised(1.0, 2.0, 2.0)


def test_the_command_says_costs_runs_and_reports(tmp_path, monkeypatch, capsys):
    yaml = pytest.importorskip("yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**SUITE, "cells": SUITE["cells"][1:]}))
    assert main(["benchmark", "mine.yaml", "--dry-run"]) == 0
    assert "2 cells, 0 of them done; to do: 0 s" in capsys.readouterr().out
    assert not (tmp_path / "benchmarks-tiny").exists()
    assert main(["benchmark", "mine.yaml"]) == 0
    assert "2 of 2 cells are done" in capsys.readouterr().out
    assert main(["report", "benchmarks-tiny"]) == 0
    assert "index.html" in capsys.readouterr().out
    assert main(["report", "nowhere"]) == 2
