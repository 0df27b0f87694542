"""The hand-written network: equal to autograd in float32, close in bfloat16, exact about zeros."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from agents.core.nets.kernels.fast_mlp import (
    FastMlp,
    check_precision,
    keep_freed_memory,
    rounded_up,
)
from agents.core.nets.mlp import MlpRegressor


def pair(arch=(24, 17, 20), inputs=5, outputs=3, activation=nn.ReLU):
    torch.manual_seed(1)
    fast = FastMlp(inputs, outputs, arch, activation)
    plain = MlpRegressor(inputs, outputs, arch, activation)
    plain.load_state_dict(fast.state_dict())
    return fast, plain


def gradients(net, shown, weight, *precision):
    """Return outputs, the gradients of the parameters and that of the inputs."""
    shown = shown.clone().requires_grad_()
    outputs = net(shown, *precision)
    wanted = [*(part for part in net.parameters() if part.requires_grad), shown]
    return outputs.detach(), torch.autograd.grad((outputs * weight).sum(), wanted)


@pytest.mark.parametrize("arch", [(24, 17, 20), (9,), ()])
def test_float32_is_what_autograd_computes(arch):
    fast, plain = pair(arch)
    shown, weight = torch.randn(4, 11, 5), torch.randn(4, 11, 3)
    ours, theirs = gradients(fast, shown, weight), gradients(plain, shown, weight)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-5, atol=1e-6)
    for one, other in zip(ours[1], theirs[1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_bfloat16_is_close_and_leaves_parameters_and_outputs_float32(activation):
    fast, plain = pair((64, 64, 64), activation=activation)
    shown, weight = torch.randn(500, 5), torch.randn(500, 3)
    ours = gradients(fast, shown, weight, "bfloat16")
    theirs = gradients(plain, shown, weight)
    spread = (theirs[0] - theirs[0].mean(dim=0)).norm()
    off = float((ours[0] - theirs[0]).norm() / spread)
    assert 1e-5 < off < 0.03, "rounded, and no more than that"
    for one, other in zip(ours[1], theirs[1], strict=True):
        assert one.dtype == torch.float32
        assert float((one - other).norm() / other.norm()) < 0.1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_rows_without_a_gradient_are_left_out(precision):
    """The inputs' gradient alone, with most rows' zero, is that of the whole backward pass."""
    fast, _ = pair()
    shown, weight = torch.randn(40, 5), torch.randn(40, 3)
    weight[torch.arange(40) % 3 > 0] = 0.0
    whole = gradients(fast, shown, weight, precision)[1][-1]
    fast.requires_grad_(False)
    (alone,) = gradients(fast, shown, weight, precision)[1]
    torch.testing.assert_close(alone, whole, rtol=1e-5, atol=1e-6)
    assert alone[0].any() and not alone[1].any()
    (none,) = gradients(fast, shown, torch.zeros(40, 3), precision)[1]
    assert not none.any()
    (dense,) = gradients(fast, shown, torch.ones(40, 3), precision)[1]
    assert dense.any(dim=1).all()


def test_it_is_differentiable_once():
    fast, _ = pair()
    shown = torch.randn(4, 5, requires_grad=True)
    (slope,) = torch.autograd.grad(fast(shown).square().sum(), shown, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns(precision):
    """A sum of squares, from -1 to 2: the standard deviation of the target is .6."""
    keep_freed_memory()
    torch.manual_seed(0)
    net = FastMlp(2, 1, (32, 32))
    optimizer = torch.optim.Adam(net.parameters(), 1e-2, fused=True)
    for _ in range(300):
        shown = 2 * torch.rand(128, 2) - 1
        loss = (net(shown, precision)[:, 0] - (3 * shown.square().sum(1) / 2 - 1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01


def test_few_numbers_of_rows_are_met():
    met = {count: rounded_up(count) for count in range(1, 5000)}
    assert all(count <= up < 1.125 * count + 1 for count, up in met.items())
    assert met[15] == 15 and met[17] == 18 and met[1030] == 1152
    assert len(set(met.values())) < 90 and all(rounded_up(up) == up for up in met.values())


def test_unknown_precision():
    with pytest.raises(ValueError, match="precision='half' must be one of"):
        check_precision("half")
