"""The actor-critic: heads on torsos, tables, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.core.nets.actor_critic import ActorCritic

VECTOR = spaces.Box(-1.0, 1.0, (3,), np.float32)
CELLS = spaces.Discrete(5, start=2)
MOVES = spaces.Discrete(4, start=1)
FORCES = spaces.Box(-1.0, 1.0, (2,), np.float32)


def applied(network, observations, seeds=(0, 1)):
    params = network.begin(seeds)
    inputs = network.encode(observations)
    return params, network.forward(params, inputs.expand(len(seeds), *inputs.shape))


@pytest.mark.parametrize("separate", [(), ("value",), ("value", "policy")])
@pytest.mark.parametrize("observations", [VECTOR, CELLS, spaces.MultiDiscrete([2, 3])], ids=str)
def test_outputs_have_the_shapes_that_are_said(observations, separate):
    network = ActorCritic(observations, MOVES, [8], {"value": 1, "extra": 3}, separate)
    observations.seed(0)
    _, outputs = applied(network, np.stack([observations.sample() for _ in range(6)]))
    assert {name: tuple(part.shape) for name, part in outputs.items()} == {
        "policy": (2, 6, 4),
        "value": (2, 6),
        "extra": (2, 6, 3),
    }
    torch.testing.assert_close(outputs["policy"].exp().sum(-1), torch.ones(2, 6))
    actions = network.head.sample(outputs["policy"], torch.rand(2, 6, 1))
    assert actions.shape == (2, 6)
    assert actions.min() >= 1


def test_a_gaussian_has_a_deviation_of_its_own():
    network = ActorCritic(VECTOR, FORCES, [8], log_std_init=-0.5)
    params, outputs = applied(network, np.zeros((6, 3), np.float32))
    assert outputs["policy"].shape == (2, 6, 4)
    assert outputs["policy"][..., 2:].eq(-0.5).all()
    assert network.layout.unflatten(params)["log_std"].eq(-0.5).all()
    sample = network.head.sample(outputs["policy"], torch.zeros(2, 6, 2))
    assert network.head.log_prob(outputs["policy"], sample).shape == (2, 6)


def test_separate_heads_share_nothing():
    network = ActorCritic(VECTOR, MOVES, [8], separate=["value"])
    params = network.begin([0]).requires_grad_()
    outputs = network.forward(params, torch.ones(1, 4, 3))
    (grads,) = torch.autograd.grad(outputs["value"].sum(), params)
    named = network.layout.unflatten(grads)
    assert {name for name, part in named.items() if part.any()} == {
        name for name in named if name.startswith("value.")
    }
    together = ActorCritic(VECTOR, MOVES, [8])
    assert [name for name in together.layout.shapes if "weight" in name] == [
        "torso.0.weight",
        "heads.weight",
    ]


def test_a_table_has_a_number_for_each_observation_and_output():
    network = ActorCritic(CELLS, MOVES, torso="table")
    assert network.layout.shapes == {"heads.weight": (5, 5)}
    params, outputs = applied(network, np.array([2, 6]))
    assert not params.any()
    assert outputs["value"].eq(0).all()
    params = params.requires_grad_()
    inputs = network.encode(np.array([2, 6])).expand(2, -1)
    value = network.forward(params, inputs)["value"]
    (grads,) = torch.autograd.grad(value[0, 1], params)
    assert grads.nonzero().tolist() == [[0, 4 * 5 + 4]]  # the first learner's, of the last cell


def test_time_is_taken_apart_and_put_together_again():
    network = ActorCritic(VECTOR, MOVES, [8])
    params = network.begin([0, 1])
    inputs = torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    outputs = network.over_time(params, inputs)
    for step in range(5):
        alone = network.forward(params, inputs[step])
        torch.testing.assert_close(outputs["value"][step], alone["value"])
        torch.testing.assert_close(outputs["policy"][step], alone["policy"])


def test_first_parameters_are_those_of_stable_baselines3():
    network = ActorCritic(VECTOR, MOVES, [16])
    parts = {name: part[0] for name, part in network.layout.unflatten(network.begin([3])).items()}
    policy = parts["heads.weight"][:4]
    torch.testing.assert_close(policy @ policy.T, 1e-4 * torch.eye(4), rtol=1e-4, atol=1e-9)
    assert float(parts["heads.weight"][4].norm()) == pytest.approx(1.0)
    torso = parts["torso.0.weight"]
    torch.testing.assert_close(torso.T @ torso, 2 * torch.eye(3), rtol=1e-4, atol=1e-6)
    assert not parts["heads.bias"].any()


def test_first_parameters_by_fan_in_keep_the_size_of_features():
    network = ActorCritic(VECTOR, MOVES, [400, 100], memory="lstm", memory_size=9, init="fan_in")
    parts = {name: part[0] for name, part in network.layout.unflatten(network.begin([3])).items()}
    for name in ("torso.0", "torso.1"):
        weight = parts[f"{name}.weight"]
        bound = 1 / (0.8796 * weight.shape[1] ** 0.5)
        assert float(weight.abs().max()) < 2 * bound
        assert float(weight.std()) == pytest.approx(weight.shape[1] ** -0.5, rel=0.05)
        assert not parts[f"{name}.bias"].any()
    assert parts["memory.bias"].any()  # its gate stays open
    table = ActorCritic(spaces.Discrete(3), MOVES, torso="table", init="fan_in")
    assert not table.begin([3]).any()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"torso": "tabel"},
            ValueError,
            "'mlp', 'table'; did you mean 'table'.*module:Name",
        ),
        ({"torso": 3}, TypeError, "or a Torso class"),
        ({"torso": "table"}, TypeError, "'table' takes Discrete alone"),
        ({"memory": "gru"}, ValueError, "memory='gru' is unknown"),
        ({"activation": "elu"}, ValueError, "activation='elu'"),
        ({"init": "fanin"}, ValueError, "init='fanin'.*'fan_in'"),
        ({"net_arch": [8, 0]}, ValueError, "integers of at least 1"),
        ({"separate": "value"}, TypeError, r"\['value'\]"),
        ({"separate": ["q"]}, ValueError, r"the heads are \['policy', 'value'\]"),
        ({"outputs": {"policy": 1}}, ValueError, "name it otherwise"),
        ({"outputs": {"value": 0}}, ValueError, "at least 1"),
    ],
)
def test_what_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        ActorCritic(VECTOR, MOVES, **arguments)
    with pytest.raises(TypeError, match="FlattenObservation"):
        ActorCritic(spaces.Tuple([VECTOR]), MOVES)


@torch.no_grad()
def test_acting_sees_new_parameters_and_parameters_written_over():
    network = ActorCritic(VECTOR, MOVES, [8])
    inputs = torch.ones(1, 2, 3)
    first, other = network.begin([0]), network.begin([1])
    values = [network.forward(params, inputs)["value"] for params in (first, first, other, first)]
    assert torch.equal(values[0], values[1]) and torch.equal(values[0], values[3])
    assert not torch.equal(values[0], values[2])
    first.copy_(other)
    assert torch.equal(network.forward(first, inputs)["value"], values[2])
