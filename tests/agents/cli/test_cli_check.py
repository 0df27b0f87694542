"""`metazoo check`: advice is no error, and a report says what, where and what to do."""

from __future__ import annotations

import sys

import gymnasium as gym
import pytest

from agents.cli.main import main
from meta_envs.core import registration
from meta_envs.laws import check

_FAMILIES = """
import numpy as np
from gymnasium import spaces
import meta_envs

class Reach(meta_envs.MetaEnv):
    def __init__(self, **core):
        super().__init__(
            task_space=spaces.Dict({"goal": spaces.Box(-1.0, 1.0, (), np.float64)}),
            observation_space=spaces.Box(-9.0, 9.0, (1,), np.float32),
            action_space=spaces.Box(-2.0, 2.0, (1,), np.float32),
            **core,
        )
    def draw_task(self, rng):
        return {"goal": rng.uniform(-1.0, 1.0)}
    def begin_episode(self):
        self.steps, self.place = 0, np.zeros(1, np.float32)
        return self.place.copy()
    def step(self, action):
        self.steps += 1
        self.place = np.clip(self.place + self.valid_action(action), -9.0, 9.0)
        return self.place.copy(), self.paid(), self.steps >= 4, False, {}
    def paid(self):
        return -abs(float(self.place[0] - self.task["goal"]))

class Raises(Reach):
    def paid(self):
        return {"near": 1.0}["far"]

class Pair(Reach):
    def begin_episode(self):
        return super().begin_episode(), {}

for family in (Reach, Raises, Pair):
    meta_envs.register(
        f"reach/{family.__name__}-v0", f"reach_package:{family.__name__}",
        episodes_per_trial=2, summary="Reach a place", source="a test",
    )
"""


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """A package in the current folder."""
    (tmp_path / "reach_package.py").write_text(_FAMILIES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for id in [id for id in gym.registry if id.startswith("reach/")]:
        del gym.registry[id], registration._CARDS[id]
    sys.modules.pop("reach_package", None)


def test_recommendations_are_shown_and_are_no_errors(monkeypatch, capsys):
    some = [law for law in check.LAWS if check.law_name(law) in ("returns", "gymnasium")]
    monkeypatch.setattr(check, "LAWS", some)
    assert main(["check", "reach_package:reach/Reach-v0"]) == 0
    *laws, advice, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in laws] == ["returns", "gymnasium"]
    assert advice.startswith("advice: Gymnasium: For Box action spaces, we recommend")
    assert last == "reach_package:reach/Reach-v0 keeps every law"


def test_a_mistake_is_reported_with_its_cure(capsys):
    assert main(["check", "reach_package:reach/Pair-v0"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1].split() == ["returns", "BROKEN"]
    first, seen, do = captured.err.splitlines()
    assert first.startswith("metazoo: reach/Pair-v0 breaks the returns law, seed ")
    assert seen == "  seen:  begin_episode returned a tuple of 2 instead of the observation"
    assert do.startswith("  do:    Return the observation alone")


def test_an_error_of_the_authors_is_shown_where_it_is(capsys):
    assert main(["check", "reach_package:reach/Raises-v0"]) == 1
    first, seen, where, _, *lines = capsys.readouterr().err.splitlines()
    assert first.startswith("metazoo: reach/Raises-v0 breaks the returns law")
    assert seen == "  seen:  KeyError was raised: 'far'"
    assert where.startswith("  where: paid (reach_package.py, line ")
    assert where.endswith(': `return {"near": 1.0}["far"]`)')
    files = [line for line in lines if line.startswith("  File ")]
    assert len(files) == 2 and all("reach_package.py" in file for file in files)
    assert lines[-1] == "KeyError: 'far'"
