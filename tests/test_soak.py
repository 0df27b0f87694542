"""The benchmarks that soak: what they call equal and flat."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")


@pytest.mark.parametrize("name", ["a2c", "bmg"])  # bmg learns from several iterations at once
def test_a_training_that_goes_on_equals_one_never_stopped_and_a_changed_end_does_not(
    scripts, tmp_path, name
):
    import resume

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    resume.train(name, whole, 36)
    resume.train(name, parts, 24)  # as far as a kill let it come
    assert (parts / "checkpoint.zip").exists() and resume.digest(parts) != resume.digest(whole)
    killed = tmp_path / "killed"
    shutil.copytree(parts, killed, ignore=lambda *_: ["end.zip"])
    resume.train(name, killed, 36)
    assert resume.digest(killed) == resume.digest(whole)
    end = bytearray((killed / "end.zip").read_bytes())
    end[len(end) // 2] ^= 1
    (killed / "end.zip").write_bytes(end)
    assert resume.digest(killed)[0] != resume.digest(whole)[0]
    log = (whole / "progress.csv").read_text()
    (whole / "progress.csv").write_text(log + log.splitlines(keepends=True)[-1])
    assert resume.digest(killed)[1] != resume.digest(whole)[1]


def test_a_soak_goes_on_where_it_was_interrupted(scripts, tmp_path, monkeypatch):
    import resume

    table = tmp_path / "resume.csv"
    monkeypatch.setattr(resume, "RESULTS", table)
    assert resume.kills_done(0) == {}
    head = ",".join(resume.COLUMNS)
    rows = ["d,c,2,0,rl2,id,9,1.0,3,0,3,3", "d,c,2,1,pearl,id,9,1.0,3,0,3,3"]
    table.write_text("\n".join([head, rows[0], rows[0], rows[1], ""]))
    assert resume.kills_done(0) == {"rl2": 6} and resume.kills_done(1) == {"pearl": 3}


def test_growing_memory_is_told_from_flat(scripts):
    import resident

    steps = [one * 100_000 for one in range(101)]
    flat = resident.judged([(step, 300.0 + (step > 2e6)) for step in steps])
    assert flat[0] == [300.0] * 2 + [301.0] * 8 and flat[1] == 0.0
    assert flat[2] == pytest.approx(0.0, abs=1e-6)
    leaking = resident.judged([(step, 300.0 + step / 1e6) for step in steps])
    assert leaking[1] == pytest.approx(4.1) and leaking[2] == pytest.approx(1024.0)
