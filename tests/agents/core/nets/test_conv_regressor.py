"""Convolutions with parameters of each task: as PyTorch's, exact second derivatives."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from agents import SupervisedMAML
from agents.core.nets.conv_regressor import ConvRegressor
from agents.maml.supervised import cross_entropy


def test_it_is_convolutions_normalised_picture_by_picture():
    torch.manual_seed(0)
    network = ConvRegressor(49, 3, filters=4, n_layers=2)
    x = torch.rand(2, 5, 49)
    wanted = x.reshape(10, 1, 7, 7)
    for index in range(2):
        layer = getattr(network, f"filters{index}")
        kernel = layer.weight.reshape(4, -1, 3, 3)
        found = functional.conv2d(wanted, kernel, layer.bias, stride=2, padding=1)
        wanted = torch.relu(functional.layer_norm(found, found.shape[1:]))
    wanted = network.last(wanted.flatten(1)).reshape(2, 5, 3)
    torch.testing.assert_close(network(x), wanted)
    shared = dict(network.named_parameters())
    each = {name: torch.stack([part, 2.0 * part]) for name, part in shared.items()}
    both = network.apply_parameters(each, x)
    torch.testing.assert_close(both[0], network(x[0]))
    doubled = {name: 2.0 * part for name, part in shared.items()}
    torch.testing.assert_close(both[1], network.apply_parameters(doubled, x[1:])[0])


@pytest.mark.parametrize("first_order", [False, True])
def test_the_meta_gradient_of_labels_equals_finite_differences_unless_of_first_order(first_order):
    agent = SupervisedMAML(
        *("ConvRegressor", "meta/FewShotImages-v0"),
        **{"env_kwargs": {"ways": 2, "size": 4}, "shots": 2, "seed": 0, "preset": None},
        **{"inner_lr": 0.5, "first_order": first_order},
        policy_kwargs={"filters": 2, "n_layers": 1},
    )
    network = agent.policy.double()
    agent.rates.double()
    random = torch.Generator().manual_seed(1)
    x, u = torch.rand(2, 3, 4, 16, generator=random, dtype=torch.float64)
    y = torch.eye(2, dtype=torch.float64)[torch.randint(2, (3, 4), generator=random)]

    def loss():
        return cross_entropy(network, u, y, agent.adapt(x, y))

    trained = list(network.parameters())
    exact = torch.cat([part.flatten() for part in torch.autograd.grad(loss(), trained)])
    start = nn.utils.parameters_to_vector(trained).detach().clone()
    found = torch.zeros_like(start)
    for index in range(len(start)):
        ends = []
        for sign in (1, -1):
            moved = start.clone()
            moved[index] += sign * 1e-6
            nn.utils.vector_to_parameters(moved, trained)
            ends.append(loss().item())
        found[index] = (ends[0] - ends[1]) / 2e-6
    assert torch.allclose(exact, found, rtol=1e-4, atol=1e-7) != first_order


def test_a_picture_must_be_square():
    with pytest.raises(ValueError, match="inputs=50 pixels are no square"):
        ConvRegressor(50, 2)
