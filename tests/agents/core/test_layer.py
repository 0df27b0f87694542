from __future__ import annotations

import pytest
import torch

from agents.core.nets import stacked
from agents.core.nets.kernels import layer as kernels

M, N, FEATURES, OUTPUTS = 2, 40, 300, 260


def drawn(*shape, **more):
    return torch.randn(*shape, generator=torch.manual_seed(len(shape)), **more)


def test_derivatives_of_any_order():
    inputs, weight, bias = (drawn(*shape, dtype=torch.float64) for shape in ((3, 4), (5, 4), (5,)))
    given = [part.requires_grad_() for part in (inputs, weight, bias)]
    assert torch.autograd.gradcheck(kernels.layer, given)
    assert torch.autograd.gradgradcheck(kernels.layer, given)
    assert torch.autograd.gradgradcheck(lambda x, w: kernels.layer(x[:, ::2], w[:, 1:3]), given[:2])


@pytest.mark.parametrize("with_bias", [True, False])
def test_large_products_equal_torchs(with_bias):
    inputs, weight = (
        drawn(M, N, FEATURES).requires_grad_(),
        drawn(M, OUTPUTS, FEATURES).requires_grad_(),
    )
    bias = drawn(M, OUTPUTS).requires_grad_() if with_bias else None
    assert kernels.serves(inputs, weight)
    outputs = stacked.linear(inputs, weight, bias)
    expected = inputs @ weight.transpose(1, 2) + (0 if bias is None else bias.unsqueeze(1))
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-4)
    wrt = [part for part in (inputs, weight, bias) if part is not None]
    got = torch.autograd.grad(outputs.square().sum(), wrt)
    want = torch.autograd.grad(expected.square().sum(), wrt)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-2)


def test_numbers_do_not_depend_on_other_learners_or_rows():
    inputs, weight, bias = drawn(M, N, FEATURES), drawn(M, OUTPUTS, FEATURES), drawn(M, OUTPUTS)
    with torch.no_grad():
        assert kernels.serves(inputs[:, :1], weight)
        together = stacked.linear(inputs, weight, bias)
        for row in (1, 7, N):
            some = stacked.linear(inputs[:, :row], weight, bias)
            assert torch.equal(some, together[:, :row])
    together = stacked.linear(inputs, weight, bias)
    for m in range(M):
        alone = stacked.linear(*(part[m : m + 1] for part in (inputs, weight, bias)))
        assert torch.equal(alone[0], together[m])


def test_small_products_and_other_types_are_left_alone():
    weight = drawn(M, OUTPUTS, FEATURES)
    with torch.no_grad():
        assert not kernels.serves(drawn(M, N, 8), weight[..., :8])
        assert not kernels.serves(drawn(M, N, FEATURES).double(), weight.double())


def test_the_module_equals_torchs():
    ours, theirs = kernels.Linear(FEATURES, OUTPUTS), torch.nn.Linear(FEATURES, OUTPUTS)
    theirs.load_state_dict(ours.state_dict())
    inputs = drawn(5, N, FEATURES)
    with torch.no_grad():
        assert torch.equal(ours(inputs), theirs(inputs))
    torch.testing.assert_close(ours(inputs), theirs(inputs), rtol=1e-4, atol=1e-4)
    for module in (ours, theirs):
        module(inputs).square().mean().backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad, rtol=1e-4, atol=1e-5)
