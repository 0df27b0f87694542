"""The hand-written derivatives of MLPs: those of autograd, and of finite differences."""

import pytest
import torch
from torch import nn

from agents.core.nets.kernels import mlp_gradients
from agents.core.nets.mlp import MlpRegressor


def _network(activation, net_arch, dtype, tasks=3):
    torch.manual_seed(0)
    network = MlpRegressor(3, 2, net_arch, activation).to(dtype)
    own = {
        name: (part + 0.1 * torch.randn(tasks, *part.shape, dtype=dtype)).detach().requires_grad_()
        for name, part in network.named_parameters()
    }
    return network, own


def _loss_through_a_step(network, parameters, x, y):
    inner = (network.apply_parameters(parameters, x) - y).square().mean(dim=(1, 2)).sum()
    gradients = torch.autograd.grad(inner, list(parameters.values()), create_graph=True)
    adapted = {
        name: part - 0.3 * gradient
        for (name, part), gradient in zip(parameters.items(), gradients, strict=True)
    }
    outer = (network.apply_parameters(adapted, x) - y).abs().mean()
    return [inner, *gradients, outer, *torch.autograd.grad(outer, list(parameters.values()))]


@pytest.mark.parametrize("net_arch", [(), (6,), (5, 7), (8, 8, 4)])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_both_derivatives_are_autograds(activation, net_arch, dtype, close, monkeypatch):
    network, parameters = _network(activation, net_arch, dtype)
    x, y = torch.randn(3, 40, 3, dtype=dtype), torch.randn(3, 40, 2, dtype=dtype)
    monkeypatch.setattr(mlp_gradients, "MIN_ROWS", 41)
    expected = _loss_through_a_step(network, parameters, x, y)
    monkeypatch.setattr(mlp_gradients, "MIN_ROWS", 40)
    called = []
    monkeypatch.setattr(
        mlp_gradients, "mlp", lambda *given, by=mlp_gradients.mlp: called.append(1) or by(*given)
    )
    got = _loss_through_a_step(network, parameters, x, y)
    assert len(called) == 2
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=close, atol=close)


def test_finite_differences_agree():
    torch.manual_seed(1)
    sizes = [2, 3, 4, 2]
    pairs = list(zip(sizes, sizes[1:], strict=False))
    weights = [torch.randn(2, o, i, dtype=torch.float64, requires_grad=True) for i, o in pairs]
    biases = [torch.randn(2, o, dtype=torch.float64, requires_grad=True) for _, o in pairs]
    x = torch.randn(2, 5, 2, dtype=torch.float64)

    def outputs(*parameters):
        return mlp_gradients.mlp(nn.Tanh(), x, parameters[:3], parameters[3:])

    assert torch.autograd.gradcheck(outputs, (*weights, *biases))
    assert torch.autograd.gradgradcheck(outputs, (*weights, *biases))


def test_other_networks_are_left_to_autograd():
    x = torch.zeros(1, mlp_gradients.MIN_ROWS, 2)
    weights = [torch.zeros(1, 3, 2), torch.zeros(1, 1, 3)]
    assert mlp_gradients.serves(nn.Tanh(), weights, x)
    assert not mlp_gradients.serves(nn.ELU(), weights, x)
    assert not mlp_gradients.serves(nn.Tanh(), [part[0] for part in weights], x)
    assert not mlp_gradients.serves(nn.Tanh(), weights, x[:, 1:])
    with torch.no_grad():
        assert not mlp_gradients.serves(nn.Tanh(), weights, x)
