"""Rows of results: each with its command, below the columns that a table has."""

import csv
import datetime
import importlib.machinery
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
OTHERWISE = {"speedruns", "versions", "zoo_check"}  # not written by `results_table`
DAY = datetime.date.today().isoformat()


@pytest.fixture
def results_table(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import results_table

    monkeypatch.setattr(sys, "argv", ["/elsewhere/benchmarks/some.py", "one", "--seeds", "0"])
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(__spec__=None))
    monkeypatch.setattr(results_table, "_DESCRIBED", "abcdef1-dirty")
    return results_table


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_new_table_gets_its_header_and_each_row_its_day_commit_and_command(
    results_table, tmp_path
):
    path = tmp_path / "new" / "table.csv"
    results_table.add(path, {"cores": 2, "score": 1.5})
    results_table.add(
        path, {"score": "1, or 2", "commit": results_table.commit(dirty=True)}, ["cores", "score"]
    )
    assert read(path) == [
        ["date", "commit", "cores", "score", "command"],
        [DAY, "abcdef1", "2", "1.5", "python benchmarks/some.py one --seeds 0"],
        [DAY, "abcdef1-dirty", "", "1, or 2", "python benchmarks/some.py one --seeds 0"],
    ]
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_a_row_by_position_is_printed_and_needs_a_value_for_each_column(
    results_table, tmp_path, capsys
):
    path = tmp_path / "table.csv"
    results_table.append(path, "entry,score,note", ["one"], [0.12345], ["none"])
    header, row = read(path)
    assert header == ["date", "commit", "machine", "entry", "score", "note", "command"]
    assert row[3:6] == ["one", "0.123", "none"] and capsys.readouterr().out.split() == [
        word for value in row for word in value.split()
    ]
    with pytest.raises(ValueError, match="zip"):
        results_table.append(path, "entry,score,note", ["one"], [0.12345])
    assert read(path) == [header, row]


def test_older_rows_get_an_empty_command_and_keep_the_rest(results_table, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b'date,commit,score\r\n2026-01-01,1234567,"1, or 2"\r\n2026-01-02,1234568,3\n')
    results_table.add(path, {"score": 4})
    assert read(path) == [
        ["date", "commit", "score", "command"],
        ["2026-01-01", "1234567", "1, or 2", ""],
        ["2026-01-02", "1234568", "3", ""],
        [DAY, "abcdef1", "4", "python benchmarks/some.py one --seeds 0"],
    ]
    assert b"\r" not in path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("columns", ["date,commit,score", "date,commit,seed,score,command"])
def test_a_table_of_other_columns_is_left_as_it_is(results_table, tmp_path, columns):
    path = tmp_path / "table.csv"
    path.write_text(f"{columns}\n")
    with pytest.raises(ValueError, match="table of another name") as refused:
        results_table.add(path, {"score": 1, "seed": 0})
    assert columns in str(refused.value) and "date,commit,score,seed,command" in str(refused.value)
    assert path.read_text() == f"{columns}\n" and len([*tmp_path.iterdir()]) == 1


def test_commands_are_as_they_were_typed_but_for_folders_of_this_machine(
    results_table, monkeypatch
):
    spec = importlib.machinery.ModuleSpec("benchmarks.some", None)
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(__spec__=spec))
    words = ["/tmp/peer/bin/python", "peer/bin/python", f"--keep={ROOT}/runs", "/tmp/bank.zip"]
    monkeypatch.setattr(sys, "argv", [f"{ROOT}/benchmarks/some.py", *words, "two words"])
    assert results_table.command() == (
        "python -m benchmarks.some peer/bin/python peer/bin/python --keep=runs bank.zip 'two words'"
    )


def test_every_table_of_dated_rows_tells_commands():
    tables = {path.stem: read(path) for path in RESULTS.glob("*.csv") if "." not in path.stem}
    dated = {name for name, rows in tables.items() if rows[0][:2] == ["date", "commit"]}
    assert {name for name in dated if "command" not in tables[name][0]} == OTHERWISE
    uneven = [name for name in dated if len({len(row) for row in tables[name]}) > 1]
    assert not uneven
