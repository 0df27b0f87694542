"""The command as a whole: help, lists, names that are wrong, errors in one line, the checker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import gymnasium as gym
import pytest

import meta_envs
from agents import ALGORITHMS
from agents.cli import find, listing
from agents.cli.main import COMMANDS, main
from meta_envs.core import registration

_QUICK = 4.0  # seconds of a processor that shares its core; torch alone takes as long


def error_of(capsys, *argv):
    """Run a command that cannot be carried out; return its one line."""
    code = main(list(argv))
    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.startswith("metazoo: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_help_shows_every_command_with_an_example(capsys):
    assert main([]) == main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f"metazoo {name}" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_list_of_algorithms_is_a_table(capsys):
    assert main(["train", "--help"]) == 0
    shown = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert set(ALGORITHMS) <= shown  # no name runs into what is said of it


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"  metazoo {name} " in capsys.readouterr().out


def test_help_and_list_are_quick_and_load_no_torch():
    program = (
        "import sys; from agents.cli.main import main\n"
        "codes = [main(words.split()) for words in ('-h', 'train -h', 'list', 'play -h')]\n"
        "main(['zoo'])\n"  # 2 where there are no entries
        "heavy = {'torch', 'stable_baselines3', 'matplotlib', 'pygame'} & set(sys.modules)\n"
        "sys.exit(repr((codes, heavy)) if any(codes) or heavy else 0)"
    )
    before = os.times()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    after = os.times()
    assert done.returncode == 0, done.stderr
    # Of the processor, not of the clock: other processes may be busy.
    spent = after.children_user + after.children_system
    assert spent - before.children_user - before.children_system < _QUICK


def test_list_shows_all_and_json_says_the_same(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")  # workers of pytest-xdist may inherit narrow ones
    # What other tests registered may be too wide for a line, and would break every row's.
    assert main(["list", "meta/*"]) == 0
    families = capsys.readouterr().out
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in tables["distributions"]] == list(meta_envs.list_distributions())
    assert [row["name"] for row in tables["algorithms"]] == list(ALGORITHMS)
    for row in tables["distributions"]:
        card = meta_envs.card(row["id"])
        assert row == {**vars(card), "kwargs": dict(card.kwargs)}
        if row["id"].startswith("meta/"):
            assert row["id"] in families and row["summary"] in families
            assert row["source"] in families
    for row in tables["baselines"]:
        assert row["name"] in shown and row["summary"]
    assert all(re.search(r"\(.+ (19|20)\d\d", row["paper"]) for row in tables["algorithms"])
    bernoulli = next(line for line in families.splitlines() if "meta/BernoulliBandit-v0" in line)
    assert "10 pulls" in bernoulli


@pytest.mark.parametrize(("pattern", "found"), [("BANDIT", "Bandit"), ("meta/*Maze*", "Maze")])
def test_list_takes_a_part_of_a_name_or_a_glob(pattern, found, capsys):
    assert main(["list", pattern, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["distributions"]
    expected = [id for id in meta_envs.list_distributions() if found in id]
    assert [row["id"] for row in rows] == expected and expected


def test_papers_are_read_from_the_docstrings_without_importing():
    import importlib

    for row in listing.algorithms():
        module, _, name = row["class"].partition(":")
        cls = getattr(importlib.import_module(module), name)
        assert row["paper"] == cls.__doc__.strip().split("\n")[0]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["evalute"], "did you mean 'evaluate'"),
        (["list", "bernouli-bandit"], "did you mean 'meta/BernoulliBandit-v0'"),
        (["train", "rl3", "meta/X-v0"], "did you mean 'rl2'"),
        (["train", "--seed=0"], "name an algorithm first"),
        (["train", "rl2", "meta/BernouliBandit-v0"], "did you mean 'meta/BernoulliBandit-v0'"),
        (["train", "rl2", "CartPole-v1"], "CartPole-v1 has no task API"),
        (["train", "rl2", "no_such_package:x/Y-v0"], "'no_such_package', which cannot be imported"),
        (["train", "rl2", "--seed", "0"], "name a task distribution: metazoo train rl2 ID"),
        (["evaluate", "ucb", "meta/BernoulliBandit-v0"], "did you mean 'ucb1'"),
        (["evaluate", "ucb1:d=3", "meta/BernoulliBandit-v0"], "no parameter 'd'"),
        (["evaluate", "ucb1:c=-1", "meta/BernoulliBandit-v0"], "c=-1 must not be negative"),
        (["evaluate", "ucb1"], "say where ucb1 is to play"),
        (["evaluate", "nothing.zip", "meta/BernoulliBandit-v0"], "no such checkpoint"),
        (["check", "meta/BernouliBandit-v0"], "did you mean 'meta/BernoulliBandit-v0'"),
        (["play", "meta/BernoulliBandit-v0", "--split", "tets"], "split='tets' is unknown"),
        (["plot"], "name one run or more"),
    ],
)
def test_wrong_names_are_answered_in_one_line(argv, said, capsys):
    assert said in error_of(capsys, *argv)


def test_flags_that_do_not_exist_are_named(capsys):
    assert main(["train", "rl2", "meta/BernoulliBandit-v0", "--learning-rat", "1"]) == 2
    assert "--learning-rate" in capsys.readouterr().err


def test_traceback_is_shown_on_demand(capsys, monkeypatch):
    with pytest.raises(find.UsageError):
        main(["evaluate", "ucb", "meta/BernoulliBandit-v0", "--traceback"])
    monkeypatch.setenv("METAZOO_TRACEBACK", "1")
    with pytest.raises(find.UsageError):
        main(["evaluate", "ucb", "meta/BernoulliBandit-v0"])


def test_defects_keep_their_traceback(monkeypatch):
    def broken(**_):
        raise KeyError("a defect")

    monkeypatch.setattr(listing, "distributions", broken)
    with pytest.raises(KeyError):
        main(["list"])


def test_ctrl_c_anywhere_is_exit_code_130(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "distributions", interrupted)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "metazoo: interrupted\n"


def test_check_prints_a_line_a_law(capsys):
    assert main(["check", "meta/BernoulliBandit-v0", "--env-kwargs", "arms=2"]) == 0
    shown = capsys.readouterr().out
    assert "replay" in shown and shown.endswith("keeps every law\n")


@pytest.fixture
def unseeded(tmp_path, monkeypatch):
    """A package in the current folder, whose tasks do not come from the seed."""
    (tmp_path / "unseeded_package.py").write_text(
        "import meta_envs\n"
        "from meta_envs.bandits.bernoulli import BernoulliBandit\n"
        "class Unseeded(BernoulliBandit):\n"
        "    def draw_task(self, rng):\n"
        "        Unseeded.draws = getattr(Unseeded, 'draws', 0) + 1\n"
        "        task = super().draw_task(rng)\n"
        "        return {**task, 'means': 0 * task['means'] + Unseeded.draws % 97 / 100}\n"
        "meta_envs.register('mine/Unseeded-v0', 'unseeded_package:Unseeded',\n"
        "    episodes_per_trial=1, summary='Tasks that no seed decides', source='a test')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "unseeded_package:mine/Unseeded-v0"
    gym.registry.pop("mine/Unseeded-v0", None)
    registration._CARDS.pop("mine/Unseeded-v0", None)
    sys.modules.pop("unseeded_package", None)


def test_check_of_a_broken_law_is_exit_code_1(unseeded, capsys):
    assert main(["check", unseeded]) == 1
    captured = capsys.readouterr()
    assert "BROKEN" in captured.out
    assert "mine/Unseeded-v0" in captured.err and "Traceback" not in captured.err
