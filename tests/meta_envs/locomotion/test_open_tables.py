"""Bodies, goals and randomisations of anybody's package, by `"module:Name"`."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import meta_envs  # noqa: F401  registers the ids
from meta_envs.core.names import guarded
from meta_envs.locomotion.bodies import BODIES
from meta_envs.locomotion.goals import Velocity
from meta_envs.locomotion.randomizations import Randomized

_ASSETS = Path(importlib.util.find_spec("gymnasium").origin).parent / "envs/mujoco/assets"
HOPPER = dataclasses.replace(BODIES["hopper"], file=str(_ASSETS / "hopper.xml"))
HEAVY = (Randomized("body_mass", "body_mass", 2.0, 3.0, first=1),)
NUMBER = 3


class Backwards(Velocity):
    """Run at a given speed, to the other side."""

    def reward(self, place, velocity, tasks):
        return super().reward(place, -velocity, tasks)


def stepped(**kwargs):
    venv = gym.make_vec("meta/RandomHopper-v0", num_envs=2, **kwargs)
    venv.reset(seed=0)
    return venv, venv.step(np.full(venv.action_space.shape, 0.3, np.float32))


def test_a_body_from_a_file_of_its_own_is_that_body():
    _, (observations, rewards, *_) = stepped(source="gymnasium")
    _, (seen, paid, *_) = stepped(body=f"{__name__}:HOPPER")
    np.testing.assert_array_equal(observations, seen)
    np.testing.assert_array_equal(rewards, paid)


def test_goals_and_randomisations_are_those_named():
    kwargs = {"goal": f"{__name__}:Backwards", "randomization": f"{__name__}:HEAVY"}
    venv, _ = stepped(**kwargs)
    assert set(venv.single_task_space) == {"body_mass", "velocity"}
    assert (venv.tasks["body_mass"] >= 2.0).all()
    assert isinstance(venv.unwrapped.goal, Backwards)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"body": f"{__name__}:HEAVY"}, "body=.*HEAVY.* not a Body"),
        ({"goal": f"{__name__}:NUMBER"}, "goal=.* is 3, not a Goal class"),
        ({"randomization": f"{__name__}:HOPPER"}, "not a tuple of Randomized"),
        ({"body": f"{__name__}:HOPER"}, "has no 'HOPER'; did you mean 'HOPPER'"),
        ({"goal": "nomodule:Goal"}, "'nomodule', which cannot be imported"),
        ({"goal": "velocty"}, "did you mean 'velocity'.*'module:Name' of a Goal class of your own"),
    ],
)
def test_what_stands_for_something_else_is_refused(kwargs, said):
    with pytest.raises(ValueError, match=said):
        gym.make_vec("meta/RandomHopper-v0", num_envs=2, **kwargs)


def test_a_guard_decides_before_the_import():
    def guard(name):
        raise PermissionError(name)

    with guarded(guard), pytest.raises(PermissionError, match="nomodule:Goal"):
        gym.make_vec("meta/RandomHopper-v0", num_envs=2, goal="nomodule:Goal")
