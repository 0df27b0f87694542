from typing import Any

import pytest

from agents import L2RL, MAML, PEARL, RL2, VariBAD
from agents.core.base.arguments import Declared, argument, bind
from agents.core.base.presets import apply_preset, check_policy_kwargs
from tests.agents import toys  # noqa: F401  registers toy/...

PRESETS = {"short": {"id": "toy/Lengths-v0", "env_kwargs": {"longest": 2}, "arguments": {"b": 20}}}


class Agent(Declared):
    policy: Any = argument("Policy.", kw_only=False)
    env: Any = argument("Environment.", kw_only=False, remembered=False)
    a: int = argument("First.", default=1, kw_only=False)
    b: int = argument("Second.", default=2, kw_only=False)
    env_kwargs: Any = argument("Of the environment.", default=None)
    preset: Any = argument("Name of a preset.", default="auto", remembered=False)

    def __init__(self, *args, **kwargs):
        given = bind(Agent, args, kwargs)
        self.settings, self.applied = apply_preset(Agent.arguments, PRESETS, given)


@pytest.mark.parametrize(
    ("kwargs", "values"),
    [
        ({"env_kwargs": {"longest": 2}}, (1, 20)),
        ({"env_kwargs": {"longest": 2}, "b": 5}, (1, 5)),
        ({"env_kwargs": {"longest": 2}, "b": 2}, (1, 2)),
        ({"env_kwargs": {"longest": 2}, "preset": None}, (1, 2)),
        ({"env_kwargs": {"longest": 3}}, (1, 2)),
        ({"env_kwargs": {"longest": 2, "threads": 1}}, (1, 20)),  # the tasks are the same
        ({}, (1, 2)),
        ({"preset": "short"}, (1, 20)),
    ],
)
def test_explicit_beats_preset_beats_default(kwargs, values):
    agent = Agent("P", "toy/Lengths-v0", **kwargs)
    assert (agent.settings["a"], agent.settings["b"]) == values
    expected = "explicit" if "b" in kwargs else "preset" if values[1] == 20 else "default"
    assert agent.applied["b"] == expected


def test_positional_arguments_are_explicit_too():
    agent = Agent("P", "toy/Lengths-v0", 1, 7, env_kwargs={"longest": 2})
    assert agent.settings["b"] == 7 and agent.applied["b"] == "explicit"
    assert "env" not in agent.applied and "preset" not in agent.applied


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="short"):
        Agent("P", "toy/Lengths-v0", preset="long")


@pytest.mark.parametrize("algorithm", [RL2, L2RL, MAML, PEARL, VariBAD])
def test_what_a_policy_does_not_take_is_refused_with_what_it_takes(algorithm):
    policy = next(iter(algorithm.policy_aliases))
    with pytest.raises(
        TypeError, match=r"has 'activatoin' \(did you mean 'activation'\?\).* takes"
    ):
        algorithm(policy, "meta/PointGoal-v0", preset=None, policy_kwargs={"activatoin": None})


def test_a_policy_that_takes_anything_is_left_to_itself():
    def open_policy(observation_space, action_space, **rest):
        return rest

    check_policy_kwargs(open_policy, {"anything": 1})
    with pytest.raises(TypeError, match="takes \\['width'\\]"):
        check_policy_kwargs(lambda observations, actions, width: None, {"depth": 1})
