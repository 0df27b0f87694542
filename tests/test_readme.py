"""README.md: its tables are those of the registry, and its quickstart runs."""

import contextlib
import glob
import pkgutil
import re
import shlex
from pathlib import Path

import gymnasium as gym
import pytest

import agents
import meta_envs
from agents import baselines
from agents.cli.main import COMMANDS, main
from docs import tables
from meta_envs.wrappers import VectorOracleObservation

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CATALOGUE = (ROOT / "docs" / "CATALOGUE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", tables.TABLES)
def test_the_tables_are_up_to_date(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert tables.updated(file, text) == text, "run `make docs-tables`"


def test_every_id_agent_and_baseline_is_in_a_table():
    names = [name for name in meta_envs.list_distributions() if name.startswith("meta/")]
    for name in [*names, *agents.ALGORITHMS, *(f"baselines.{one}" for one in baselines.__all__)]:
        assert f"| `{name}` |" in CATALOGUE, name
    for name in names:
        assert f"`{name.removeprefix('meta/').removesuffix('-v0')}`" in TEXT, name
    for name in agents.ALGORITHMS:
        assert f"`{name}`" in TEXT, name


def test_a_table_without_its_markers_is_an_error():
    with pytest.raises(ValueError, match="families:begin"):
        tables.updated("README.md", TEXT.replace("<!-- families:begin -->", ""))


def test_the_quickstart_runs():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    for word in (".unwrapped", "task_api", "SB3VecEnv"):
        assert word in code
    for budget, tiny in (("1_000_000", "1_280"), ("=1000", "=20")):
        assert budget in code
        code = code.replace(budget, tiny)
    line = re.search(r"^(PPO.*)\.learn\((10_000)\)$", code, re.MULTILINE)
    assert line is not None
    code = code.replace(line[0], f"model = {line[1]}.learn(1)")
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["env"].unwrapped.task["goal"].tolist() == names["task"]["goal"].tolist()
    model = names["model"]  # learns what the comment above its line says
    collection = model.n_steps * model.n_envs
    said = re.search(r"(\d+) collections of (\d+) rows x (\d+) steps: ([\d,]+) steps", code)
    assert said is not None
    count = -(-int(line[2]) // collection)
    wanted = [count, model.n_envs, model.n_steps, count * collection]
    assert [int(number.replace(",", "")) for number in said.groups()] == wanted
    (told,) = re.findall(r"`(PPO.*VectorOracleObservation.*)`", TEXT)
    oracle = eval(told, {**names, "VectorOracleObservation": VectorOracleObservation})
    curve = agents.evaluate(oracle, "meta/BernoulliBandit-v0", num_tasks=5)
    assert curve.returns.shape == (5, 1)


def test_files_and_links_it_names_exist():
    links = re.findall(r"\]\(((?!https?://)[^)#]+)\)", TEXT)
    assert "CONTRIBUTING.md" in links and "docs/images/adaptation.png" in links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_names_in_its_prose_are_there():
    named = set(re.findall(r"`((?:meta_envs|agents|baselines)\.[\w.]*\w)", TEXT))
    for baseline in ("TrialWrapper", "OracleObservation"):  # what memory and the task are worth
        assert f"meta_envs.wrappers.{baseline}" in named
    assert "*domain randomisation*" in TEXT and "*a contextual policy*" in TEXT
    for name in named:
        assert pkgutil.resolve_name(re.sub("^baselines", "agents.baselines", name)), name


def test_the_commands_it_names_are_there(capsys):
    shown = re.findall(r"^metazoo (.*)$", TEXT, re.MULTILINE)
    assert len(shown) >= 4
    for command in {words.split()[0] for words in shown}:
        assert command in COMMANDS
        with contextlib.suppress(SystemExit):
            main([command, "--help"])
        assert f"metazoo {command}" in capsys.readouterr().out


def test_its_commands_run_one_after_the_other_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MUJOCO_GL", "disabled")  # outlines: no window, nor a graphics card
    few = {
        "train rl2": "--n-envs 4 --n-epochs 1 --policy-kwargs hidden_size=8 --eval-tasks 5",
        "train --resume": "--eval-tasks 5",
        "evaluate": "--num-tasks 5",
        "play": "--episodes 1 --agent random --render-mode none",
        "video": "--episodes 1 --out film.gif --env-kwargs max_episode_steps=5",
    }
    (session,) = re.findall(r"```\n(metazoo train.*?)```", TEXT, re.DOTALL)
    (robots,) = re.findall(r"```\n(metazoo play.*?)```", TEXT, re.DOTALL)
    lines = [*session.splitlines(), *robots.splitlines()]
    assert len(lines) == 7
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        words = [{"1e6": "400", "2e6": "800", "1e5": "400"}.get(word, word) for word in words]
        words = [one for word in words for one in (sorted(glob.glob(word)) or [word])]  # the shell
        more = [flags for start, flags in few.items() if " ".join(words).startswith(start)]
        assert main([*words, *" ".join(more).split()]) == 0, line
    run = tmp_path / "runs" / "last"
    assert (tmp_path / "film.gif").exists() and (tmp_path / "comparison.png").exists()
    assert agents.RL2.load(run / "checkpoint.zip").num_timesteps == 800


def test_the_task_api_is_refused_where_there_is_none():
    with pytest.raises(TypeError, match="no task API"):
        meta_envs.task_api(gym.make("CartPole-v1"))
    assert meta_envs.task_api(gym.make_vec("meta/GridNavi-v0", num_envs=2)).num_envs == 2
