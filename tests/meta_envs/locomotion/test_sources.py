"""Sizes, ranges and time steps are those of the sources."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

import meta_envs
from meta_envs.laws.check import check_task_distribution
from meta_envs.locomotion.family import Locomotion

SIZES = [  # (body, goal, source, observation with contact forces, without)
    ("half_cheetah", "velocity", "pearl", 20, 20),
    ("half_cheetah", "velocity", "varibad", 20, 20),
    ("half_cheetah", "velocity", "promp", 17, 17),
    ("half_cheetah", "direction", "pearl", 20, 20),
    ("half_cheetah", "direction", "promp", 17, 17),
    ("ant", "heading", "pearl", 27, 27),
    ("ant", "direction", "varibad", 27, 27),
    ("ant", "disc", "pearl", 113, 29),
    ("ant", "square", "maml", 125, 41),
    ("ant", "velocity", "maml", 125, 41),
    ("ant", "half_circle", "maesn", 125, 41),
    ("humanoid", "heading", "pearl", 376, 292),
]


@pytest.mark.parametrize(("body", "goal", "source", "felt", "unfelt"), SIZES)
def test_observations_are_as_large_as_the_source_has_them(
    body: str, goal: str, source: str, felt: int, unfelt: int
) -> None:
    for contact_forces, size in ((True, felt), (False, unfelt)):
        env = Locomotion(body=body, goal=goal, source=source, contact_forces=contact_forces)
        assert env.single_observation_space.shape == (size,)
        assert env.reset(seed=0)[0].shape == (1, size)


@pytest.mark.parametrize(
    ("body", "source", "high"),
    [
        ("half_cheetah", "maml", 2.0),
        ("half_cheetah", "promp", 3.0),
        ("half_cheetah", "pearl", 3.0),
        ("half_cheetah", "varibad", 3.0),
        ("ant", "maml", 3.0),
        ("walker2d", "promp", 10.0),
        ("swimmer", "promp", 0.2),
    ],
)
def test_velocities_are_drawn_from_the_range_of_the_source(
    body: str, source: str, high: float
) -> None:
    env = Locomotion(body=body, goal="velocity", source=source, split="all")
    drawn = env.sample_tasks(1000, seed=0)["velocity"]
    low = 0.1 if body == "swimmer" else 0.0
    width = high - low
    assert low <= drawn.min() < low + width / 100 and high - width / 100 < drawn.max() <= high
    # the standard error of the mean of 1000 uniform draws is 0.91 % of the range
    assert abs(drawn.mean() - (low + high) / 2) < 0.05 * width


def test_steps_are_as_long_as_the_source_has_them() -> None:
    steps = {
        ("hopper", "forward", "epg", "epg"): 0.004,
        ("hopper", "forward", "epg", "gymnasium"): 0.008,
        ("hopper", "forward", "rand_params", "pearl"): 0.016,
        ("walker2d", "forward", "rand_params", "pearl"): 0.016,
        ("walker2d", "velocity", "none", "promp"): 0.016,
        ("half_cheetah", "velocity", "none", "maml"): 0.05,
        ("ant", "disc", "none", "pearl"): 0.05,
        ("humanoid", "heading", "none", "pearl"): 0.015,
    }
    for (body, goal, randomization, source), seconds in steps.items():
        env = Locomotion(body=body, goal=goal, randomization=randomization, source=source)
        assert env.dt == pytest.approx(seconds, rel=1e-12), (body, source)


def test_a_new_combination_is_one_row_of_a_table() -> None:
    meta_envs.register(
        "tests/AntVelRandParams-v0",
        "meta_envs.locomotion.family:Locomotion",
        max_episode_steps=200,
        episodes_per_trial=2,
        summary="For tests",
        source="tests",
        kwargs={"body": "ant", "goal": "velocity", "randomization": "rand_params"},
    )
    env: Any = gym.make("tests/AntVelRandParams-v0").unwrapped
    assert set(env.task_space) == {
        "body_mass",
        "body_inertia",
        "dof_damping",
        "geom_friction",
        "velocity",
    }
    check_task_distribution("tests/AntVelRandParams-v0")
