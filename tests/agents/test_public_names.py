"""What the packages promise by name, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import agents
import meta_envs

_HEAVY = ("torch", "stable_baselines3", "matplotlib", "mujoco", "pygame", "scipy")


@pytest.mark.parametrize(
    ("package", "name"),
    [(package, name) for package in (agents, meta_envs) for name in package.__all__],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_every_public_name_exists(package, name):
    assert getattr(package, name) is not None


def test_public_names_are_what_they_say():
    assert agents.RL2.__name__ == "RL2" and agents.L2RL.__name__ == "L2RL"
    assert agents.evaluate.__name__ == "evaluate"
    assert {"RL2", "L2RL"} <= set(agents.__all__)
    assert {place.partition(":")[2] for place in agents.ALGORITHMS.values()} <= set(agents.__all__)


def test_every_baseline_exists():
    for name in agents.baselines.__all__:
        assert getattr(agents.baselines, name).__name__ == name


def test_dir_lists_every_algorithm():
    code = "import agents; print(*dir(agents))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = done.stdout.split()
    assert set(agents.__all__) <= set(listed)
    assert {place.partition(":")[2] for place in agents.ALGORITHMS.values()} <= set(listed)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'agents' has no attribute 'RL3'"):
        agents.RL3  # noqa: B018


@pytest.mark.parametrize("package", ["agents", "meta_envs", "registrations"])
def test_importing_loads_nothing_heavy(package):
    code = f"import sys, {package}; print([n for n in {_HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
