"""Every agent's arguments: complete in signature and help, each sentence once, known to mypy."""

import inspect
import pathlib
import pydoc
import subprocess
import sys

import pytest

import agents
from agents.cli import find
from agents.core.base.arguments import Argument

ROOT = pathlib.Path(__file__).parents[2]
CLASSES = {name: find.algorithm(name) for name in agents.ALGORITHMS}


@pytest.mark.parametrize("name", CLASSES)
def test_help_and_signature_are_complete(name):
    cls = CLASSES[name]
    assert list(inspect.signature(cls).parameters) == list(cls.arguments)
    positional = [one.name for one in cls.arguments.values() if not one.kw_only]
    of_members = ["algorithm", "env"]
    assert positional == (of_members if name == "pbt" else ["policy", "env", "learning_rate"])
    text = pydoc.render_doc(cls)
    for argument in cls.arguments.values():
        assert f"{argument.name}: {argument.help.split()[0]}" in text


def test_a_sentence_stands_once():
    declared: dict[str, Argument] = {}
    for cls in CLASSES.values():
        for base in cls.__mro__:
            for one in vars(base).get("_own_arguments", {}).values():
                assert declared.setdefault(one.help, one) is one, f"{one.name} stands twice"


def test_a_type_checker_knows_them(tmp_path):
    pytest.importorskip("mypy")  # of `make test`, not of the floor
    script = tmp_path / "user.py"
    script.write_text(
        "from agents import RL2, MAML, TrialAlgorithm, argument\n"
        "RL2('GruPolicy', 'meta/GridNavi-v0', n_env=3)\n"  # line 2
        "RL2('GruPolicy', 'meta/GridNavi-v0', n_envs='three')\n"  # line 3
        "MAML('MlpPolicy')\n"  # line 4
        "RL2('GruPolicy', 'meta/GridNavi-v0', 1e-3, n_envs=3, seed=0, clip_range=0.1)\n"
        "class Mine(TrialAlgorithm):\n"
        "    mine: float = argument('Mine.', default=1.0)\n"
        "    gamma = 0.5\n"
        "    def _make_optimizer(self):\n"
        "        raise RuntimeError\n"
        "Mine('GruPolicy', 'meta/GridNavi-v0', mine=2.0, gamma=0.1)\n"
        "Mine('GruPolicy', 'meta/GridNavi-v0', mine='a')\n"  # line 12
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    wrong = [line for line in done.stdout.splitlines() if "error:" in line]
    found = {int(line.split("user.py:")[1].split(":")[0]): line for line in wrong}
    assert set(found) == {2, 3, 4, 12}, done.stdout
    assert "'n_env'" in found[2].replace('"', "'") and "did you mean" in found[2]
