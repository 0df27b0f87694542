from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.core.nets.kernels.activations import tanh, tanh_


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 33)])
def test_equals_torch(shape, dtype):
    x = (torch.randn(shape, dtype=torch.float64, generator=torch.manual_seed(0)) * 3).to(dtype)
    before = x.clone()
    torch.testing.assert_close(tanh(x), torch.tanh(x))
    assert torch.equal(x, before)
    given = x.clone()
    assert tanh_(given) is given
    torch.testing.assert_close(given, torch.tanh(x))


def test_first_and_second_derivatives():
    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(tanh, x)
    assert torch.autograd.gradgradcheck(tanh, x)
    assert torch.autograd.gradgradcheck(lambda x: tanh(x.t()[:, 1:]), x)  # not contiguous


def test_has_no_graph_where_none_is_wanted():
    x = torch.randn(3, requires_grad=True)
    with torch.no_grad():
        assert not tanh(x).requires_grad
    assert not tanh(x.detach()).requires_grad


def test_an_element_does_not_depend_on_its_neighbours():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(40, 37)).astype(np.float32))
    rows = torch.stack([tanh(row) for row in x])
    assert torch.equal(tanh(x), rows)
