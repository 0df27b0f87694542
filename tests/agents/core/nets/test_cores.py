"""Sequence cores by name, from anyone's module, with arguments of their own."""

from __future__ import annotations

import pytest
import torch
from gymnasium import spaces

from agents import RL2
from agents.core.nets.cores import make_core
from agents.core.nets.recurrent_policy import GruPolicy, RecurrentPolicy
from agents.core.nets.sequence import SequenceCore

from ...small import make

SPACES = spaces.Discrete(3), spaces.Discrete(2)


class Averages(SequenceCore):
    """Running means of projections: a core with no hidden size, and another state than outputs.

    Args:
        input_size: I.
        rates: Weights of the newest input; one average a rate.
        outputs: H.
    """

    def __init__(self, input_size: int, rates=(0.5,), outputs: int = 4):
        super().__init__()
        self.input_size, self.output_size = input_size, outputs
        self.rates = list(rates)
        self.read = torch.nn.Linear(input_size * len(self.rates), outputs)

    def initial_state(self, batch_size):
        size = self.input_size * len(self.rates)
        return self.read.weight.new_zeros(batch_size, size)

    def step(self, inputs, state):
        rates = torch.tensor(self.rates).repeat_interleave(self.input_size)
        state = state + rates * (inputs.repeat(1, len(self.rates)) - state)
        return torch.tanh(self.read(state)), state

    def run(self, inputs, state):
        outputs = []
        for shown in inputs:
            out, state = self.step(shown, state)
            outputs.append(out)
        return torch.stack(outputs), state


NAME = f"{__name__}:Averages"


def test_a_policy_takes_a_core_of_another_shape():
    torch.manual_seed(0)
    kwargs = {"rates": (0.5, 0.1), "outputs": 6}
    policy = RecurrentPolicy(*SPACES, core=NAME, core_kwargs=kwargs, head_sizes=(4,))
    inputs = torch.randn(5, 3, policy.builder.size)
    params, values = policy(inputs)
    state = policy.initial_state(3)
    assert state.shape == (3, 2 * 64)
    for step in range(5):
        now, value, state = policy.step(inputs[step], state)
        torch.testing.assert_close(now, params[step])
        torch.testing.assert_close(value, values[step])


def test_an_agent_keeps_its_core_in_checkpoints(tmp_path):
    kwargs = {"core": NAME, "core_kwargs": {"outputs": 3}}
    agent = make("RL2", policy="RecurrentPolicy", policy_kwargs=kwargs).learn(24)
    agent.save(tmp_path / "one")
    again = RL2.load(tmp_path / "one.zip")
    core = again.policy.trunk.core
    assert type(core).__name__ == "Averages" and core.output_size == 3
    assert torch.equal(core.read.weight, agent.policy.trunk.core.read.weight)


def test_hidden_size_and_memory_go_to_cores_that_have_them():
    by_name = RecurrentPolicy(*SPACES, core="lstm", hidden_size=5, memory=9)
    assert by_name.trunk.core.output_size == 5 and by_name.initial_state(1).shape == (1, 10)
    own = RecurrentPolicy(*SPACES, core="gru", hidden_size=5, core_kwargs={"hidden_size": 7})
    assert own.trunk.core.output_size == 7
    assert GruPolicy(*SPACES, core_kwargs={"fused": False}).trunk.core.fused is False


def test_wrong_cores_are_errors_that_say_what_there_is():
    with pytest.raises(ValueError, match="core=None; give one of .*'gru', 'lstm'"):
        RecurrentPolicy(*SPACES)
    with pytest.raises(ValueError, match="core='grue'.*'gru'"):
        make_core("grue", 3, {}, {})
    with pytest.raises(TypeError, match=r"core_kwargs has 'rate' \(did you mean 'rates'\?\)"):
        make_core(Averages, 3, {}, {"rate": 1})
    with pytest.raises(TypeError, match="made a Linear; subclass"):
        make_core(torch.nn.Linear, 3, {}, {"out_features": 2})
    with pytest.raises(ValueError, match="has no 'Nothing'"):
        make_core(f"{__name__}:Nothing", 3, {}, {})
