"""CONTRIBUTING.md: its two worked examples run as they stand, from somebody else's folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from agents import evaluate

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"^metazoo .*$", TEXT, re.MULTILINE)


def block(start: str) -> str:
    (found,) = [code for code in PYTHON if code.startswith(start)]
    return found


TASKS, AGENT, USE = block('"""mypkg'), block('"""my_agents'), block("from agents import evaluate")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mypkg.py").write_text(TASKS, encoding="utf-8")
    (tmp_path / "my_agents.py").write_text(AGENT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("code", "example"),
    [(TASKS, "04_your_own_tasks.py"), (AGENT, "07_your_own_agent.py")],
    ids=["tasks", "agent"],
)
def test_it_is_the_example_word_for_word(code, example):
    shown = (ROOT / "examples" / example).read_text(encoding="utf-8")
    first = code.index("\nclass ")
    assert code[first:].strip() in shown
    for line in code[:first].splitlines()[1:]:  # the example needs further imports
        assert all(part in shown for part in line.split(", "))


def test_the_tasks_keep_the_laws(folder):
    check = "import meta_envs; meta_envs.check_task_distribution('mypkg:mine/HiddenNumber-v0')"
    run(folder, sys.executable, "-c", check)


# What runs commands one after the other, each a line that may begin with a folder to go to;
# starting a process takes seconds. As installed: not in the user's folder.
SESSION = """
import os, sys
from agents.cli.main import main
for line in sys.argv[1:]:
    folder, *words = line.split()
    os.chdir(folder)
    if main(words):
        sys.exit(line)
"""


def test_the_commands_shown_run(tmp_path):
    """In a folder each, and on a later day."""
    script = tmp_path / "metazoo"
    script.write_text(SESSION, encoding="utf-8")
    shown = [command.split()[1:] for command in COMMANDS]
    assert [words[0] for words in shown] == ["check", "train", "evaluate"] * 2
    days: tuple[list[str], list[str]] = ([], [])
    for name, text, first, steps, flags in (
        ("mypkg", TASKS, 0, "1e6", ["--n-epochs", "1"]),
        ("my_agents", AGENT, 3, "5e5", []),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        check, train, evaluate = shown[first : first + 3]
        train[train.index(steps)] = "1000"
        train += ["--seed", "0", "--n-envs", "8", "--eval-tasks", "10", *flags]
        days[0].extend(" ".join([str(folder), *words]) for words in (check, train))
        days[1].append(" ".join([str(folder), *evaluate, "--num-tasks", "10"]))
    said = run(tmp_path, sys.executable, str(script), *days[0])
    assert said.count("keeps every law") == 2
    made = {}
    for config in tmp_path.glob("*/runs/*/config.json"):
        if config.parent.name != "last":
            about = json.loads(config.read_bytes())
            made[config.relative_to(tmp_path).parts[0]] = (about["agent"], about["env_id"])
    bandit = "meta/DependentBandit-v0"
    assert made == {
        "mypkg": ("rl2", "mypkg:mine/HiddenNumber-v0"),
        "my_agents": ("my_agents:Reinforce", bandit),
    }
    later = run(tmp_path, sys.executable, str(script), *days[1])
    assert "HiddenNumber-v0" in later and bandit.rpartition("/")[2] in later


def test_the_agent_is_short():
    code = AGENT[AGENT.index("class Reinforce") : AGENT.index("class WinStay")]
    assert len(code.strip().splitlines()) <= 35


def test_the_agents_train_are_saved_and_are_evaluated(tmp_path, monkeypatch, capsys):
    """In this process, which has imported torch; the commands above start some of their own."""
    assert "500_000" in USE and "2000" in USE
    (tmp_path / "my_agents.py").write_text(AGENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_agents", raising=False)
    tiny = USE.replace("500_000", "12_800").replace("num_tasks=2000", "num_tasks=200")
    names: dict[str, Any] = {}
    exec(compile(tiny, "CONTRIBUTING.md", "exec"), names)
    agent, mine = names["agent"], sys.modules.pop("my_agents")
    assert "AdaptationCurve of Reinforce" in capsys.readouterr().out
    agent.save("mine.zip")
    again = mine.Reinforce.load("mine.zip")
    assert again.settings["n_envs"] == 64 and again.num_timesteps == agent.num_timesteps
    pairs = zip(agent.policy.parameters(), again.policy.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    stay = mine.WinStayLoseShift()
    curve = evaluate(stay, "meta/DependentBandit-v0", num_tasks=200, seed=1)
    mean, error = curve.total("expected_returns")
    # Stays on the better arm a fraction max(p, 1 - p) of the time: 2/3 a pull over uniform p, but
    # for the first pulls, which start from an even chance.
    assert abs(mean - 66.0) < 1.0 + 4 * error
