"""Speedruns: the clock stops at the target, and evaluations do not count."""

import csv

import pytest

from agents.cli.main import main
from agents.suites import speedrun

TINY = {"n_envs": 4, "n_epochs": 1, "preset": None, "policy_kwargs": {"hidden_size": 4}}
EASY = speedrun.Course("rl2", "meta/BernoulliBandit-v0", 1.0, "", 40, 10, 4_000)


def test_it_stops_at_the_target_and_tells_the_way(monkeypatch):
    told = []
    found = speedrun.run(EASY, 0, told.append, **TINY)
    assert found.seconds is not None and found.seconds > 0 and found.steps < EASY.most
    assert found.mean - 1.96 * found.standard_error >= EASY.target
    assert len(told) == 1


def test_what_is_not_reached_has_no_time():
    hard = speedrun.Course("rl2", "meta/BernoulliBandit-v0", 11.0, "", 80, 4, 120)
    missed = speedrun.run(hard, 0, lambda line: None, **TINY)
    assert missed.seconds is None and missed.steps >= 120
    fast, slow = (
        speedrun.Time(seed, seconds, 1.0, 1, 0.0, 0.0) for seed, seconds in ((1, 2.0), (0, 3.0))
    )
    assert speedrun.slower([fast, slow]) == 3.0
    assert speedrun.slower([fast, missed]) is None


def test_evaluations_do_not_count(monkeypatch):
    clock, processor = iter(range(0, 10_000, 7)), iter(range(0, 10_000, 5))
    monkeypatch.setattr(speedrun.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(speedrun.time, "process_time", lambda: next(processor))
    found = speedrun.run(EASY, 0, lambda line: None, **TINY)
    ticks = next(clock) // 7
    assert found.seconds == (ticks - 1) * 7 - 7  # all but the seven of the one evaluation
    assert found.cpu_seconds == 10  # two of three ticks


def test_the_command_appends_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(speedrun.COURSES, "gridnavi", EASY)
    out = tmp_path / "runs.csv"
    words = ["--seeds", "0", "1", "--arguments", "n_envs=4", "n_epochs=1", "preset=none"]
    assert main(["speedrun", "gridnavi", *words, "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert all(
        float(row["seconds"]) >= 0 <= float(row["cpu_seconds"]) for row in rows
    )  # of tenths; empty if not reached
    assert "gridnavi: " in capsys.readouterr().out


@pytest.mark.parametrize("name", speedrun.COURSES)
def test_courses_are_of_what_there_is(name):
    import agents
    import meta_envs

    course = speedrun.COURSES[name]
    assert course.agent in agents.ALGORITHMS and meta_envs.card(course.id)
