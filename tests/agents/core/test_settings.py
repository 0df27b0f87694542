import pytest

from agents.core.settings import configured
from tests.agents import toys  # noqa: F401  registers toy/...

PRESETS = {"short": {"id": "toy/Lengths-v0", "env_kwargs": {"longest": 2}, "arguments": {"b": 20}}}


class Agent:
    @configured(PRESETS)
    def __init__(self, policy, env, a=1, b=2, env_kwargs=None, preset="auto"):
        self.values = a, b


@pytest.mark.parametrize(
    ("kwargs", "values"),
    [
        ({"env_kwargs": {"longest": 2}}, (1, 20)),
        ({"env_kwargs": {"longest": 2}, "b": 5}, (1, 5)),
        ({"env_kwargs": {"longest": 2}, "b": 2}, (1, 2)),
        ({"env_kwargs": {"longest": 2}, "preset": None}, (1, 2)),
        ({"env_kwargs": {"longest": 3}}, (1, 2)),
        ({}, (1, 2)),
        ({"preset": "short"}, (1, 20)),
    ],
)
def test_explicit_beats_preset_beats_default(kwargs, values):
    agent = Agent("P", "toy/Lengths-v0", **kwargs)
    assert agent.values == values
    assert (agent.settings["a"], agent.settings["b"]) == values
    expected = "explicit" if "b" in kwargs else "preset" if values[1] == 20 else "default"
    assert agent.applied["b"] == expected


def test_positional_arguments_are_explicit_too():
    agent = Agent("P", "toy/Lengths-v0", 1, 7, {"longest": 2})
    assert agent.values == (1, 7) and agent.applied["b"] == "explicit"


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="short"):
        Agent("P", "toy/Lengths-v0", preset="long")
