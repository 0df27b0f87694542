"""What `evaluate` refuses, and what it says."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.wrappers import TransformReward
from gymnasium.wrappers.vector import ClipReward

from agents import SB3VecEnv, baselines
from meta_envs.wrappers import TrialWrapper, VectorTrialWrapper
from tests.agents import toys
from tests.agents.core.inner_loops import Agent
from tests.agents.core.test_evaluation import BANDIT, LENGTHS, evaluate, small_rl2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_tasks": 0}, "num_tasks=0"),
        ({"episodes": 0}, "episodes=0"),
        ({"rows_per_task": 0}, "rows_per_task=0"),
        ({"num_envs": 0}, "num_envs=0"),
        ({"frozen_episodes": -1}, "frozen_episodes=-1"),
        ({"steps": 10, "bins": 3}, "bins=3 does not divide steps=10"),
        ({"steps": 10, "bins": 0}, "bins=0"),
        ({"steps": 0, "bins": 1}, "steps=0"),
        ({"steps": 10, "bins": 2, "frozen_episodes": 1}, "frozen_episodes=1"),
        ({"exploration_episodes": -1}, "exploration_episodes=-1"),
        ({"exploration_episodes": 2, "episodes": 2}, "leaves none of episodes=2 that counts"),
        ({"steps": 10, "bins": 2, "exploration_episodes": 1}, "exploration_episodes=1 or steps=10"),
        ({"bins": 10}, "bins=10 are parts of a lifetime"),
        ({"steps": 10, "bins": 2, "episodes": 3}, "episodes=3 or steps=10, not both"),
        ({"num_tasks": 5.0}, "num_tasks=5.0 must be an integer"),
        ({"num_tasks": True}, "num_tasks=True must be an integer"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": None}, "seed=None"),
        ({"seed": -1}, "seed=-1"),
        ({"deterministic": 1}, "deterministic=1"),
        ({"env_kwargs": {"num_envs": 3}}, "num_envs"),
        ({"split": "tset"}, "split='tset' is unknown.*did you mean 'test'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate(baselines.Random(), BANDIT, **arguments)


class Unplayable(Agent):
    """An agent that must not be asked to play."""

    seed = object()

    def __init__(self):
        super().__init__(None)

    def inner_loop(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("played")


def test_what_a_curve_cannot_keep_is_refused_before_anything_is_played():
    with pytest.raises(ValueError, match="training_seed=.* cannot be written as JSON"):
        evaluate(Unplayable(), LENGTHS, num_tasks=2)


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda: TransformReward(gym.make(LENGTHS), lambda reward: 2 * reward), "TransformReward"),
        (lambda: TrialWrapper(gym.make(LENGTHS)), "TrialWrapper"),
        (lambda: ClipReward(gym.make_vec(LENGTHS, num_envs=2), max_reward=1), "ClipReward"),
        (lambda: SB3VecEnv(VectorTrialWrapper(gym.make_vec(LENGTHS, num_envs=2))), "VectorTrial"),
    ],
)
def test_a_wrapper_that_would_be_lost_is_refused_by_name(wrap, name):
    with pytest.raises(ValueError, match=f"{name}.*would be lost; give the environment inside"):
        evaluate(baselines.Random(), wrap(), num_tasks=2)


def test_an_agent_without_an_inner_loop_is_refused():
    with pytest.raises(TypeError, match="no inner_loop; give an agent, a baseline"):
        evaluate(object(), LENGTHS)


@pytest.mark.parametrize("env", [toys.Lengths(num_envs=2), SB3VecEnv(toys.Lengths(num_envs=2))])
def test_an_env_made_by_hand_is_refused(env):
    with pytest.raises(ValueError, match="no spec to make more rows from; give its id"):
        evaluate(baselines.Random(), env)


def test_kwargs_belong_to_an_id():
    with pytest.raises(ValueError, match="belong to an id"):
        evaluate(baselines.Random(), gym.make(LENGTHS), env_kwargs={"longest": 3})


def test_an_agent_of_other_spaces_is_refused():
    with pytest.raises(ValueError, match="space"):
        evaluate(small_rl2(LENGTHS), BANDIT, num_tasks=2)
