"""Pure optimisers against torch.optim, finite differences, and each learner by itself."""

from __future__ import annotations

import pytest
import torch

from agents.core.learning.functional import SGD, Adam, RMSProp, clip_norm, norms

PAIRS = {
    "sgd": (SGD(), torch.optim.SGD, {}),
    "momentum": (SGD(momentum=0.9), torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (
        SGD(momentum=0.9, nesterov=True),
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
    ),
    "rmsprop": (RMSProp(decay=0.9, eps=1e-3), torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-3}),
    "rmsprop momentum": (
        RMSProp(momentum=0.5),
        torch.optim.RMSprop,
        {"alpha": 0.99, "momentum": 0.5},
    ),
    "adam": (Adam(eps=1e-5), torch.optim.Adam, {"eps": 1e-5}),
}
DIFFERENTIABLE = {
    "sgd": SGD(),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "rmsprop": RMSProp(decay=0.9, eps_root=1e-2),
    "rmsprop momentum": RMSProp(eps_root=1e-2, momentum=0.5),
    "adam": Adam(eps_root=1e-2),
}


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", PAIRS)
def test_steps_equal_those_of_torch(name, dtype):
    ours, theirs, arguments = PAIRS[name]
    params = normal(1, 7, dtype=dtype)
    parameter = torch.nn.Parameter(params[0].clone())
    optimizer = theirs([parameter], lr=0.05, **arguments)
    state = ours.begin(params)
    for step in range(6):
        grads = normal(1, 7, seed=step + 1, dtype=dtype)
        parameter.grad = grads[0].clone()
        optimizer.step()
        before = {key: part.clone() for key, part in state.items()}
        kept = state
        params, state = ours.step(params, grads, state, 0.05)
        assert all(torch.equal(kept[key], before[key]) for key in kept)  # nothing in place
        torch.testing.assert_close(params[0], parameter.detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_two_steps_are_differentiable_twice(name):
    optimizer = DIFFERENTIABLE[name]

    def two_steps(params, first, second, rate):
        state = optimizer.begin(params)
        params, state = optimizer.step(params, first, state, rate)
        return optimizer.step(params, second * params, state, rate)[0]

    rate = torch.tensor([0.1, 0.2], dtype=torch.float64)
    inputs = [normal(2, 3, seed=1), normal(2, 3, seed=2), normal(2, 3, seed=3), rate]
    inputs = [part.requires_grad_() for part in inputs]
    assert torch.autograd.gradcheck(two_steps, inputs)
    assert torch.autograd.gradgradcheck(two_steps, inputs)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_learners_do_not_meet(name):
    optimizer = DIFFERENTIABLE[name]
    params, grads = normal(3, 4, seed=4), normal(3, 4, seed=5)
    rates = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    state = optimizer.begin(params)
    _, state = optimizer.step(params, grads, state, rates)
    state = {  # the second is begun anew: learners have ages of their own
        key: torch.cat([part[:1], optimizer.begin(params)[key][1:2], part[2:]])
        for key, part in state.items()
    }
    together, _ = optimizer.step(params, grads, state, rates)
    for learner in range(3):
        part = slice(learner, learner + 1)
        own = {key: value[part] for key, value in state.items()}
        alone, _ = optimizer.step(params[part], grads[part], own, rates[part])
        assert torch.equal(together[part], alone)


@pytest.mark.parametrize("kind", [RMSProp, Adam])
def test_a_gradient_of_zero_gives_no_nan_with_eps_inside_the_root(kind):
    def meta_gradient(optimizer):
        grads = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
        params = normal(1, 3)
        after, _ = optimizer.step(params, grads, optimizer.begin(params), 0.1)
        return torch.autograd.grad(after.sum(), grads)[0]

    assert meta_gradient(kind()).isnan().all()  # what eps_root is for
    assert meta_gradient(kind(eps_root=1e-8)).isfinite().all()
    assert meta_gradient(kind(detach_second_moment=True)).isfinite().all()


@pytest.mark.parametrize("kind", [RMSProp, Adam])
def test_a_detached_second_moment_is_a_constant_of_the_derivative(kind):
    params, grads = normal(1, 4, seed=6), normal(1, 4, seed=7).requires_grad_()
    optimizer = kind(eps_root=1e-3, detach_second_moment=True)
    after, _ = optimizer.step(params, grads, optimizer.begin(params), 0.1)
    (derivative,) = torch.autograd.grad(after.sum(), grads)
    torch.testing.assert_close(derivative, ((after - params) / grads).detach())
    whole, _ = kind(eps_root=1e-3).step(params, grads, optimizer.begin(params), 0.1)
    assert torch.equal(whole, after)


def test_norms_are_clipped_learner_by_learner():
    grads = normal(3, 5, seed=8)
    grads[1] *= 0.01
    bound = 0.5
    clipped = clip_norm(grads, bound)
    for learner in range(3):
        parameter = torch.nn.Parameter(torch.zeros(5, dtype=torch.float64))
        parameter.grad = grads[learner].clone()
        torch.nn.utils.clip_grad_norm_([parameter], bound)
        torch.testing.assert_close(clipped[learner], parameter.grad, rtol=1e-5, atol=1e-9)
    assert torch.equal(clipped[1], grads[1])  # short ones are left alone
    assert clip_norm(grads, None) is grads
    assert clip_norm(grads, torch.tensor([9.0, 9.0, 0.1])).norm(dim=1)[2] == pytest.approx(0.1)


def test_clipping_is_differentiable_twice_and_at_zero():
    grads = normal(2, 3, seed=9).requires_grad_()
    assert torch.autograd.gradcheck(lambda g: clip_norm(g, 0.5), grads)
    assert torch.autograd.gradgradcheck(lambda g: clip_norm(g, 0.5), grads)
    nothing = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    total = clip_norm(nothing, 0.5).sum() + norms(nothing).sum()
    assert torch.autograd.grad(total, nothing)[0].eq(1).all()
