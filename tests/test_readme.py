"""README.md: its tables are those of the registry, and its quickstart runs."""

import contextlib
import re
import runpy
from pathlib import Path

import pytest

import agents
import meta_envs
from agents import baselines
from agents.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TABLES = runpy.run_path(str(ROOT / "docs" / "tables.py"))


def test_the_tables_are_up_to_date():
    assert TABLES["updated"](TEXT) == TEXT, "run `make docs-tables`"


def test_every_id_agent_and_baseline_is_in_a_table():
    names = [name for name in meta_envs.list_distributions() if name.startswith("meta/")]
    for name in [*names, *agents.ALGORITHMS, *(f"baselines.{one}" for one in baselines.__all__)]:
        assert f"| `{name}` |" in TEXT, name


def test_a_table_without_its_markers_is_an_error():
    with pytest.raises(ValueError, match="ids:begin"):
        TABLES["updated"](TEXT.replace("<!-- ids:begin -->", ""))


def test_the_quickstart_runs():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    for word in (".unwrapped", "meta_envs:meta/", "SB3VecEnv"):
        assert word in code
    for budget, tiny in (("(10_000", "(64"), ("1_000_000", "1_280"), ("=1000", "=20")):
        assert budget in code
        code = code.replace(budget, tiny)
    code = code.replace("SB3VecEnv(venv)", "SB3VecEnv(venv), n_steps=2")
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["env"].unwrapped.task["goal"].tolist() == names["task"]["goal"].tolist()


def test_files_and_links_it_names_exist():
    links = re.findall(r"\]\(((?!https?://)[^)#]+)\)", TEXT)
    assert "CONTRIBUTING.md" in links and "docs/images/adaptation.png" in links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_commands_it_names_are_there(capsys):
    shown = re.findall(r"^metazoo (.*)$", TEXT, re.MULTILINE)
    assert len(shown) >= 4
    for command in {words.split()[0] for words in shown}:
        assert command in COMMANDS
        with contextlib.suppress(SystemExit):
            main([command, "--help"])
        assert f"metazoo {command}" in capsys.readouterr().out
