"""Many learners as one array: layout, and that no learner's bits depend on the others."""

from __future__ import annotations

import pytest
import torch

from agents.core.learning.functional import Adam, clip_norm
from agents.core.nets import stacked

SIZES = [(4, 64, 3), (5, 16, 1), (33, 7, 5)]  # inputs, hidden, outputs
M, N = 7, 40


def layout(sizes):
    before, hidden, outputs = sizes
    return stacked.Layout(
        {"a.weight": (hidden, before), "a.bias": (hidden,), "b.weight": (outputs, hidden)}
    )


def begin(sizes, seeds):
    def make(generator):
        shapes = layout(sizes).shapes.items()
        return {name: torch.randn(*shape, generator=generator) for name, shape in shapes}

    return stacked.begin(layout(sizes), seeds, make)


def update(sizes, params, inputs):
    """A clipped Adam step of every learner on its own inputs: what learning is made of."""
    params = params.detach().requires_grad_()
    parts = layout(sizes).unflatten(params)
    hidden = stacked.mlp(inputs, [(parts["a.weight"], parts["a.bias"])], torch.tanh)
    outputs = stacked.linear(hidden, parts["b.weight"])
    (grads,) = torch.autograd.grad(outputs.square().mean(dim=(1, 2)).sum(), params)
    optimizer = Adam()
    step = optimizer.step(params, clip_norm(grads, 0.1), optimizer.begin(params), 1e-3)
    return outputs.detach(), grads, step[0].detach()


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("rows", [1, N])
def test_bits_of_a_learner_do_not_depend_on_the_others(sizes, rows):
    params = begin(sizes, range(M))
    inputs = torch.randn(M, rows, sizes[0], generator=torch.Generator().manual_seed(0))
    whole = update(sizes, params, inputs)
    for part in (slice(0, 1), slice(3, 4), slice(2, 6), [6, 0, 3]):
        for all_, some in zip(whole, update(sizes, params[part], inputs[part]), strict=True):
            assert torch.equal(all_[part], some)


@pytest.mark.parametrize("sizes", SIZES)
def test_each_learner_computes_what_a_plain_network_does(sizes):
    params = begin(sizes, range(M))
    inputs = torch.randn(M, N, sizes[0], generator=torch.Generator().manual_seed(1))
    outputs, grads, _ = update(sizes, params, inputs)
    for learner in range(M):
        parts = layout(sizes).unflatten(params[learner : learner + 1])
        plain = {name: part[0].clone().requires_grad_() for name, part in parts.items()}
        hidden = torch.tanh(
            torch.nn.functional.linear(inputs[learner], plain["a.weight"], plain["a.bias"])
        )
        alone = torch.nn.functional.linear(hidden, plain["b.weight"])
        torch.testing.assert_close(outputs[learner], alone.detach(), rtol=1e-4, atol=1e-5)
        alone.square().mean().backward()
        wanted = layout(sizes).flatten({name: part.grad[None] for name, part in plain.items()})
        torch.testing.assert_close(grads[learner], wanted[0], rtol=1e-4, atol=1e-5)


def test_first_parameters_come_from_the_learners_own_seed():
    together, alone = begin(SIZES[0], [5, 6, 7]), begin(SIZES[0], [6])
    assert torch.equal(together[1], alone[0])
    assert not torch.equal(together[0], together[1])
    before = torch.random.get_rng_state()
    begin(SIZES[0], [1])
    assert torch.equal(before, torch.random.get_rng_state())


def test_flatten_undoes_unflatten_and_refuses_others():
    where = layout(SIZES[0])
    flat = torch.randn(3, where.size)
    parts = where.unflatten(flat)
    assert parts["a.weight"].shape == (3, 64, 4)
    assert torch.equal(where.flatten(parts), flat)
    with pytest.raises(ValueError, match=rf"must be \[M, {where.size}\]"):
        where.unflatten(flat[:, 1:])
    with pytest.raises(ValueError, match=r"'a.bias' must be"):
        where.flatten({**parts, "a.bias": flat})
    with pytest.raises(ValueError, match=r"\['c'\] are unknown"):
        where.flatten({**parts, "c": flat})


def test_orthogonal_weights():
    weight = stacked.orthogonal((3, 8), 2.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(weight @ weight.T, 4 * torch.eye(3), rtol=1e-5, atol=1e-5)


def test_settled_weights_are_prepared_once_and_give_the_same_bits():
    generator = torch.Generator().manual_seed(0)
    parts = {
        "weight": torch.randn(2, 5, 3, generator=generator),
        "bias": torch.randn(2, 5, generator=generator),
    }
    inputs = torch.randn(2, 4, 3, generator=generator)
    plain = stacked.linear(inputs, parts["weight"], parts["bias"])
    settled = stacked.settle({name: part.clone() for name, part in parts.items()})
    for _ in range(2):
        assert torch.equal(stacked.linear(inputs, settled["weight"], settled["bias"]), plain)
