"""Torsos over frames and the memory of actor-critics: shapes, resets, learners on their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from agents.core.nets.actor_critic import ActorCritic
from agents.core.nets.memory import Lstm

STACKED = spaces.Box(0, 255, (4, 84, 84), np.uint8)
COLOURED = spaces.Box(0, 255, (64, 64, 3), np.uint8)
SMALL = spaces.Box(0, 255, (10, 5), np.uint8)
VECTOR = spaces.Box(-1.0, 1.0, (3,), np.float32)
MOVES = spaces.Discrete(3)


def shown(space, count, seed=0):
    space.seed(seed)
    return np.stack([space.sample() for _ in range(count)])


@pytest.mark.parametrize(
    ("torso", "space", "convolved"),
    [
        ("cnn", STACKED, 32 * 9 * 9),
        ("cnn", COLOURED, 32 * 6 * 6),
        ("cnn", SMALL, 32 * 3 * 2),
        ("deep_cnn", STACKED, 32 * 11 * 11),
        ("deep_cnn", SMALL, 32 * 2 * 1),
    ],
)
def test_torsos_over_frames_have_the_layers_of_the_paper(torso, space, convolved):
    network = ActorCritic(space, MOVES, torso=torso)
    shapes = network.layout.shapes
    assert shapes["torso.full.0.weight"] == (256, convolved)
    if torso == "cnn" and space is not SMALL:
        assert shapes["torso.conv.0.weight"][0::2] == (16, 8)
        assert shapes["torso.conv.1.weight"] == (32, 16, 4, 4)
    if torso == "deep_cnn":
        convolutions = [name for name, shape in shapes.items() if len(shape) == 4]
        assert len(convolutions) == 15
    inputs = network.encode(shown(space, 2))
    assert inputs.dtype == torch.uint8  # until the torso
    outputs = network.forward(network.begin([0]), inputs[None])
    assert outputs["policy"].shape == (1, 2, 3)
    assert outputs["value"].shape == (1, 2)


def test_the_shallow_torso_is_the_plain_convolution():
    network = ActorCritic(COLOURED, MOVES, [8], torso="cnn")
    params = network.begin([0])
    parts = {name: part[0] for name, part in network.layout.unflatten(params).items()}
    frames = shown(COLOURED, 3)
    seen = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    for layer, stride in ((0, 4), (1, 2)):
        weight, bias = parts[f"torso.conv.{layer}.weight"], parts[f"torso.conv.{layer}.bias"]
        seen = nn.functional.conv2d(seen, weight, bias, stride).relu()
    features = nn.functional.linear(
        seen.flatten(1), parts["torso.full.0.weight"], parts["torso.full.0.bias"]
    ).relu()
    value = features @ parts["heads.weight"][3]
    found = network.forward(params, network.encode(frames)[None])["value"][0]
    torch.testing.assert_close(found, value)


@pytest.mark.parametrize("torso", ["cnn", "deep_cnn"])
def test_learners_on_frames_do_not_depend_on_each_other(torso):
    network = ActorCritic(SMALL, MOVES, [8], torso=torso, memory="lstm", memory_size=4)
    inputs = network.encode(shown(SMALL, 6)).reshape(3, 2, 10, 5)
    params = network.begin([0, 1, 2])
    together = network.forward(params, inputs)
    alone = network.forward(params[1:2].clone(), inputs[1:2])
    for name, part in alone.items():
        assert torch.equal(together[name][1:2], part), name


def test_the_memory_is_an_lstm():
    core, reference = Lstm(3, 5), nn.LSTMCell(3, 5)
    parts = core.begin(torch.Generator().manual_seed(0))
    assert parts["bias"][5:10].eq(1).all()
    with torch.no_grad():
        reference.weight_ih.copy_(parts["input.weight"])
        reference.weight_hh.copy_(parts["hidden.weight"])
        reference.bias_ih.copy_(parts["bias"])
        reference.bias_hh.zero_()
        inputs, state = torch.randn(2, 3), torch.randn(2, 10)
        output, cell = reference(inputs, tuple(state.chunk(2, dim=1)))
    stacked = {name: part[None] for name, part in parts.items()}
    found, after = core.step(stacked, inputs[None], state[None])
    torch.testing.assert_close(found[0], output)
    torch.testing.assert_close(after[0], torch.cat([output, cell], dim=1))


@pytest.mark.parametrize("separate", [(), ("value",)], ids=["shared", "separate"])
def test_a_memory_over_time_is_its_steps_and_is_cleared_where_episodes_start(separate):
    network = ActorCritic(
        VECTOR, MOVES, [8], separate=separate, memory="lstm", memory_size=4, activation="relu"
    )
    assert network.memory_size == (16 if separate else 8)
    params = network.begin([0, 1])
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(5, 2, 3, 3, generator=generator)
    memory = torch.randn(2, 3, network.memory_size, generator=generator)
    resets = torch.zeros(5, 2, 3, dtype=torch.bool)
    resets[2, 0, 1] = resets[4, 1, 2] = True
    outputs = network.over_time(params, inputs, memory, resets)
    now = memory
    for step in range(5):
        now = now * (~resets[step]).float().unsqueeze(-1)
        one = network.forward(params, inputs[step], now)
        now = one["memory"]
        for name, part in one.items():
            torch.testing.assert_close(outputs[name][step], part)
    fresh = network.over_time(params, inputs[2:])
    torch.testing.assert_close(fresh["value"][0, 0, 1], outputs["value"][2, 0, 1])
    before = torch.cat([memory[None], outputs["memory"][:-1]])
    apart = network.apart(params, inputs[:2], before[:2])
    torch.testing.assert_close(apart["value"], outputs["value"][:2])


def test_a_deeper_head_has_layers_of_its_own():
    network = ActorCritic(
        VECTOR, MOVES, [8], {"value": 1, "further": 4}, deeper={"further": [6, 5]}
    )
    shapes = network.layout.shapes
    assert shapes["heads.weight"] == (4, 8)
    assert [shapes[f"further.{name}weight"] for name in ("0.", "1.", "")] == [
        (6, 8),
        (5, 6),
        (4, 5),
    ]
    params = network.begin([0]).requires_grad_()
    outputs = network.forward(params, torch.ones(1, 2, 3))
    assert outputs["further"].shape == (1, 2, 4)
    (grads,) = torch.autograd.grad(outputs["further"].square().sum(), params)
    reached = {name for name, part in network.layout.unflatten(grads).items() if part.any()}
    assert reached >= {"torso.0.weight", "further.0.weight", "further.weight"}
    assert not any(name.startswith("heads.") for name in reached)


def seen_both():
    space = spaces.Dict({"camera": SMALL, "choice": spaces.Discrete(3, start=1), "speed": VECTOR})
    space.seed(0)
    each = [space.sample() for _ in range(4)]
    return space, {key: np.stack([one[key] for one in each]) for key in space.spaces}


@pytest.mark.parametrize("torso", ["mlp", "cnn", "deep_cnn"])
def test_dicts_are_seen_key_by_key(torso):
    space, rows = seen_both()
    network = ActorCritic(space, MOVES, [8], torso=torso)
    inputs = network.encode(rows)
    assert inputs.dtype == torch.uint8
    assert inputs.shape == (4, 10 * 5 + 4 * (3 + 3))
    params = network.begin([0, 1])
    outputs = network.forward(params, inputs.expand(2, -1, -1))
    branch = network._branches[0]
    parts = branch._of(network.layout.unflatten(params), "torso.")
    camera = branch.torso.torsos["camera"]
    own = {name[11:]: part for name, part in parts.items() if name.startswith("key.camera.")}
    frames = torch.from_numpy(rows["camera"]).expand(2, -1, -1, -1)
    features = torch.cat(
        [
            torch.eye(3)[torch.from_numpy(rows["choice"]) - 1].expand(2, -1, -1),
            torch.from_numpy(rows["speed"]).expand(2, -1, -1),
            camera.forward(own, frames),
        ],
        dim=-1,
    )
    weight, bias = parts["full.0.weight"], parts["full.0.bias"]
    hidden = (features @ weight.transpose(1, 2) + bias[:, None]).relu()
    value = hidden @ network.layout.unflatten(params)["heads.weight"][:, 3:4].transpose(1, 2)
    torch.testing.assert_close(outputs["value"], value.squeeze(-1))


def test_a_key_that_cannot_be_seen_is_named():
    space = spaces.Dict({"words": spaces.Text(3)})
    with pytest.raises(TypeError, match="the key 'words' of the observations"):
        ActorCritic(space, MOVES)


def test_frames_are_asked_for():
    with pytest.raises(TypeError, match="'cnn' and 'deep_cnn' take frames"):
        ActorCritic(VECTOR, MOVES, torso="cnn")
