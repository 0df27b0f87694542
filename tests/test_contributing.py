"""CONTRIBUTING.md: its two worked examples run as they stand, from somebody else's folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.fixture
def metazoo(tmp_path_factory) -> list[str]:
    """What runs commands one after the other, each a line; starting a process takes seconds."""
    script = tmp_path_factory.mktemp("bin") / "metazoo"  # as installed: not in the user's folder
    script.write_text(
        "import sys\nfrom agents.cli.main import main\n"
        "for words in sys.argv[1:]:\n    if main(words.split()):\n        sys.exit(words)\n"
    )
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("first", "steps", "flags", "agent", "id"),
    [
        (0, "1e6", ["--n-epochs", "1", "--eval-tasks", "10"], "rl2", "mypkg:mine/HiddenNumber-v0"),
        (3, "5e5", ["--eval-tasks", "10"], "my_agents:Reinforce", "meta/DependentBandit-v0"),
    ],
    ids=["tasks", "agent"],
)
def test_the_commands_shown_run(folder, metazoo, first, steps, flags, agent, id):
    shown = [command.split()[1:] for command in COMMANDS]
    assert [words[0] for words in shown] == ["check", "train", "evaluate"] * 2
    check, train, evaluate = shown[first : first + 3]
    train[train.index(steps)] = "1000"
    train += ["--seed", "0", "--n-envs", "8", *flags]
    assert "keeps every law" in run(folder, *metazoo, " ".join(check), " ".join(train))
    (config,) = [path for path in folder.glob("runs/*/config.json") if path.parent.name != "last"]
    about = json.loads(config.read_bytes())
    assert (about["agent"], about["env_id"]) == (agent, id)
    said = run(folder, *metazoo, " ".join([*evaluate, "--num-tasks", "10"]))  # a later day
    assert id.rpartition("/")[2] in said


def test_the_agent_is_short():
    code = AGENT[AGENT.index("class Reinforce") : AGENT.index("class WinStay")]
    assert len(code.strip().splitlines()) <= 35


def test_the_agents_train_are_saved_and_are_evaluated(folder):
    assert "500_000" in USE and "2000" in USE
    tiny = USE.replace("500_000", "12_800").replace("num_tasks=2000", "num_tasks=200")
    script = f"""{tiny}
from pathlib import Path
import torch
agent.save("mine.zip")
again = Reinforce.load("mine.zip")
assert again.settings["n_envs"] == 64 and again.num_timesteps == agent.num_timesteps
pairs = zip(agent.policy.parameters(), again.policy.parameters(), strict=True)
assert all(torch.equal(one, other) for one, other in pairs)
curve = evaluate(WinStayLoseShift(), "meta/DependentBandit-v0", num_tasks=200, seed=1)
mean, error = curve.total("expected_returns")
print("win-stay", mean, error)
"""
    out = run(folder, sys.executable, "-c", script)
    mean, error = map(float, out.splitlines()[-1].split()[1:])
    # Stays on the better arm a fraction max(p, 1 - p) of the time: 2/3 a pull over uniform p, but
    # for the first pulls, which start from an even chance.
    assert abs(mean - 66.0) < 1.0 + 4 * error
    assert "AdaptationCurve of Reinforce" in out
