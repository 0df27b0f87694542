"""The network that reads unrolls backwards: what an output depends on, and its derivatives."""

from __future__ import annotations

import torch

from agents.core.nets import stacked
from agents.core.nets.backward_rnn import BackwardRnn

STEPS, LEARNERS, ROWS, INPUTS = 5, 2, 2, 3


def make(dtype=torch.float64, size=4):
    network = BackwardRnn(INPUTS, 2, size)
    layout = stacked.Layout(network.shapes)
    flat = stacked.begin(layout, [0, 1], network.begin).to(dtype)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(STEPS, LEARNERS, ROWS, INPUTS, generator=generator, dtype=dtype)
    continues = torch.ones(STEPS, LEARNERS, ROWS, dtype=dtype)
    continues[-1] = continues[2, 0, 1] = 0.0  # row 1 of learner 0 ends an episode with step 2
    return network, layout, flat, inputs, continues


def test_a_step_sees_what_came_up_to_the_end_of_its_episode():
    network, layout, flat, inputs, continues = make()
    parts = layout.unflatten(flat)
    whole = network.forward(parts, inputs, continues)
    assert whole.shape == (STEPS, LEARNERS, ROWS, 2)
    changed = inputs.clone()
    changed[3] += 1.0
    moved = (network.forward(parts, changed, continues) != whole).all(dim=-1)
    assert moved[:, 0, 0].tolist() == [True, True, True, True, False]
    assert moved[:, 0, 1].tolist() == [False, False, False, True, False]
    alone = network.forward(parts, inputs[:3], continues[:3])
    torch.testing.assert_close(alone[:, 0, 1], whole[:3, 0, 1])  # the state was 0 before step 2


def test_learners_have_their_own_weights():
    network, layout, flat, inputs, continues = make(torch.float32)
    both = network.forward(layout.unflatten(flat), inputs, continues)
    for one in range(LEARNERS):
        own = layout.unflatten(flat[one : one + 1])
        single = network.forward(own, inputs[:, one : one + 1], continues[:, one : one + 1])
        assert torch.equal(single[:, 0], both[:, one])
    assert not torch.equal(both[:, 0], both[:, 1])


def test_it_can_be_differentiated_twice():
    network, layout, flat, inputs, continues = make(size=2)
    flat = flat[:1].requires_grad_()
    inputs, continues = inputs[:3, :1], continues[:3, :1]

    def through(flat):
        return network.forward(layout.unflatten(flat), inputs, continues).square().sum()

    (slope,) = torch.autograd.grad(through(flat), flat, create_graph=True)
    direction = torch.sin(torch.arange(flat.numel(), dtype=flat.dtype)).reshape(flat.shape)
    (second,) = torch.autograd.grad((slope * direction).sum(), flat)
    width = 1e-5
    ends = [
        torch.autograd.grad(through(moved := flat + sign * width * direction), moved)[0]
        for sign in (1, -1)
    ]
    torch.testing.assert_close(second, (ends[0] - ends[1]) / (2 * width), rtol=1e-5, atol=1e-8)
