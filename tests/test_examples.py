"""Every example runs, with a tiny budget."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(example: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(example), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "METAZOO_TINY": "1"},
        stdin=subprocess.DEVNULL,
        timeout=900,  # a loaded machine
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_examples_and_their_numbers_have_no_gap():
    numbers = [int(path.name[:2]) for path in EXAMPLES]
    assert numbers == list(range(1, len(EXAMPLES) + 1))


@pytest.fixture
def run_here(tmp_path, monkeypatch, capsys):
    """Run an example in this process, which has imported torch: a new one takes seconds to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAZOO_TINY", "1")
    threads = torch.get_num_threads()

    def run_here(example: Path) -> str:
        monkeypatch.setattr(sys, "argv", [str(example)])
        runpy.run_path(str(example), run_name="__main__")
        return capsys.readouterr().out

    yield run_here
    torch.set_num_threads(threads)


@pytest.mark.parametrize("example", EXAMPLES[1:], ids=lambda path: path.stem)
def test_it_runs_and_says_something(example, run_here, tmp_path):
    assert run_here(example).strip()
    assert not list(tmp_path.iterdir())  # nothing is left behind without being asked for


def test_what_registers_the_ids_is_imported_by_each():
    for path in EXAMPLES:  # they run in a process in which something else has imported it
        assert re.search(
            r"^(import|from) (meta_envs|agents)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        ), path.name


def test_sb3_goes_without_contrib(run_here, monkeypatch):
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)  # as if it were not installed
    out = run_here(EXAMPLES[2])
    assert 'pip install -e ".[contrib]"' in out
    assert "Thompson  " in out and "RecurrentPPO  " not in out


def test_the_demo_prints_every_learner_and_the_optimum_and_draws(tmp_path, monkeypatch, capsys):
    out = run(EXAMPLES[0], tmp_path)
    for learner in ("RL2", "Gittins", "Thompson", "UCB1", "Random"):
        assert re.search(rf"^ +{learner} +\d+\.\d\d ± \d\.\d\d", out, re.MULTILINE), learner
    assert re.search(r"^ +exact optimum +73\.78$", out, re.MULTILINE)
    picture = tmp_path / "runs" / "demo.png"
    assert str(picture.relative_to(tmp_path)) in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    (command,) = re.findall(r"by `metazoo (play --agent .*)`$", out, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--render-mode", "none"]) == 0
    assert "episode 1" in capsys.readouterr().out


def test_the_demo_knows_the_exact_optimum():
    """Against dynamic programming over what has been seen: wins of the first arm, and pulls."""
    source = EXAMPLES[0].read_text(encoding="utf-8")
    names: dict = {"np": np, "PULLS": 100}
    body = source[source.index("def optimum") : source.index("torch.set_num_threads")]
    exec(compile(body, "optimum", "exec"), names)

    def value(left: int) -> float:
        worth = np.zeros(left + 1)  # [wins + 1] after all pulls
        for pulls in range(left - 1, -1, -1):
            mean = (np.arange(pulls + 1) + 1) / (pulls + 2)
            go_on = mean * worth[1:] + (1 - mean) * worth[:-1]  # whichever arm is played
            worth = np.maximum(mean, 1 - mean) + go_on
        return float(worth[0])

    assert names["optimum"]().sum() == pytest.approx(value(100), abs=1e-9)
    assert value(100) == pytest.approx(73.779, abs=5e-4)


def test_an_example_is_one_screen():
    for path in EXAMPLES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 85, path.name


def test_importing_your_own_tasks_registers_and_does_nothing_more(capsys):
    runpy.run_path(str(ROOT / "examples" / "04_your_own_tasks.py"), run_name="your_own_tasks")
    assert capsys.readouterr().out == ""
