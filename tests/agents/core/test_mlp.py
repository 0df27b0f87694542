import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch.func import functional_call, vmap

from agents.core.nets.heads import make_head
from agents.core.nets.mlp import PerTaskPolicy

SHOWN = spaces.Box(-1, 1, (3,), np.float32)
ACTIONS = [spaces.Discrete(4, start=2), spaces.Box(-1, 1, (2,), np.float32)]


def own_parameters(policy, tasks, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: part.detach() + torch.randn(tasks, *part.shape, generator=generator)
        for name, part in policy.named_parameters()
    }


@pytest.mark.parametrize("action_space", ACTIONS)
@pytest.mark.parametrize("net_arch", [(), (5, 6)])
def test_parameters_of_each_task_act_as_that_tasks_own_network(action_space, net_arch):
    policy = PerTaskPolicy(SHOWN, action_space, net_arch=net_arch)
    own = own_parameters(policy, 4)
    inputs = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(1))
    found = policy.apply_parameters(own, inputs)
    reference = vmap(lambda parts, shown: functional_call(policy, parts, (shown,)))(own, inputs)
    torch.testing.assert_close(found, reference)
    assert not torch.allclose(found[0], policy(inputs[0]))


@pytest.mark.parametrize("action_space", ACTIONS)
def test_shared_parameters_are_a_special_case(action_space):
    policy = PerTaskPolicy(SHOWN, action_space)
    shared = {name: part.expand(2, *part.shape) for name, part in policy.named_parameters()}
    inputs = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(policy.apply_parameters(shared, inputs), policy(inputs))


def test_discrete_observations_are_shown_one_hot():
    policy = PerTaskPolicy(spaces.Discrete(3, start=1), ACTIONS[0])
    assert policy.inputs(np.array([1, 3])).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_the_deviation_has_a_floor():
    policy = PerTaskPolicy(SHOWN, ACTIONS[1], log_std_init=-50.0)
    assert policy(torch.zeros(1, 3))[0, 2:].exp().tolist() == pytest.approx([1e-6, 1e-6])


@pytest.mark.parametrize("action_space", ACTIONS)
def test_the_heads_kl_is_the_expected_log_ratio(action_space):
    head = make_head(action_space, 3)
    generator = torch.Generator().manual_seed(0)
    params, other = head(torch.zeros(3)), head(torch.zeros(3))
    params = params + torch.randn(params.shape, generator=generator) * 0.5
    other = other + torch.randn(other.shape, generator=generator) * 0.5
    if head.noise_kind == "uniform":
        params, other = torch.log_softmax(params, -1), torch.log_softmax(other, -1)
        reference = torch.distributions.Categorical(logits=params)
        target = torch.distributions.Categorical(logits=other)
        exact = torch.distributions.kl_divergence(reference, target)
    else:
        (m, s), (n, t) = params.chunk(2), other.chunk(2)
        pair = [torch.distributions.Normal(a, b.exp()) for a, b in ((m, s), (n, t))]
        exact = torch.distributions.kl_divergence(*pair).sum()
    torch.testing.assert_close(head.kl(params, other), exact)
    assert head.kl(params, params) == 0 and exact > 0
