"""Heads against torch.distributions, and the inverse distribution function at its edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence

from agents.core.nets.heads import (
    CategoricalHead,
    GaussianHead,
    StateGaussianHead,
    ValueHead,
    make_head,
)

_LARGEST = 0.99999994  # the float32 next to 1


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def categorical(n=5, start=0, size=3):
    head = make_head(spaces.Discrete(n, start=start), size)
    assert isinstance(head, CategoricalHead)
    return head


def normal(shape=(2,), size=3, log_std_init=-0.4):
    head = make_head(spaces.Box(-1.0, 1.0, shape, np.float32), size, log_std_init)
    assert isinstance(head, GaussianHead)
    return head


def test_categorical_parameters_are_log_probabilities():
    params = categorical()(torch.randn(7, 4, 3))
    assert params.shape == (7, 4, 5)
    torch.testing.assert_close(params.exp().sum(-1), torch.ones(7, 4))


def test_categorical_equals_torch():
    params = torch.log_softmax(3 * torch.randn(7, 4, 5), -1)
    actions = torch.randint(5, (7, 4))
    theirs, head = Categorical(logits=params), categorical()
    torch.testing.assert_close(head.log_prob(params, actions), theirs.log_prob(actions))
    torch.testing.assert_close(head.entropy(params), theirs.entropy())
    assert torch.equal(head.mode(params), theirs.probs.argmax(-1))


def test_categorical_samples_with_its_probabilities():
    wanted = torch.tensor([0.5, 0.0, 0.2, 0.3])
    count = 10_000  # evenly spaced noise: the shares are exact to one sample a boundary
    noise = ((torch.arange(count, dtype=torch.float64) + 0.5) / count).float()[:, None]
    params = wanted.log().clamp(min=-1e30).expand(count, 4)
    shares = torch.bincount(categorical(4).sample(params, noise), minlength=4) / count
    assert (shares - wanted).abs().max() <= 1 / count
    assert shares[1] == 0


@pytest.mark.parametrize("start", [-2, 0, 3])
@pytest.mark.parametrize("n", [1, 2, 5, 257])
def test_categorical_samples_stay_in_the_space(n, start):
    space = spaces.Discrete(n, start=start)
    head = categorical(n, start)
    extreme = torch.zeros(6, n)
    extreme[0, 0], extreme[1, -1], extreme[2, 0], extreme[3, -1] = 1e4, 1e4, -1e4, -1e4
    extreme[4] = torch.linspace(-100, 100, n)
    params = torch.log_softmax(torch.cat([extreme, 10 * torch.randn(200, n)]), -1)
    for number in (0.0, 1e-30, 0.5, _LARGEST):
        sampled = head.sample(params, torch.full((len(params), 1), number))
        assert all(space.contains(action) for action in sampled.numpy())
    assert all(space.contains(action) for action in head.mode(params).numpy())


def test_categorical_extreme_logits_are_certain_for_any_noise():
    params = torch.log_softmax(
        torch.tensor([[1e4, 0.0, 0.0], [0.0, 1e4, 0.0], [0.0, 0.0, 1e4]]), -1
    )
    for number in (0.0, 0.5, _LARGEST):
        assert categorical(3).sample(params, torch.full((3, 1), number)).tolist() == [0, 1, 2]


def test_start_is_added_to_samples_and_taken_from_actions():
    params = torch.log_softmax(torch.randn(50, 4), -1)
    noise = torch.rand(50, 1)
    plain, moved = categorical(4), categorical(4, start=7)
    sampled = plain.sample(params, noise)
    assert len(set(sampled.tolist())) == 4
    assert torch.equal(moved.sample(params, noise), sampled + 7)
    assert torch.equal(moved.mode(params), plain.mode(params) + 7)
    assert torch.equal(moved.log_prob(params, sampled + 7), plain.log_prob(params, sampled))


def _even_noise(count, size):
    """Return `size` columns of evenly spaced noise, each in an order of its own."""
    even = (torch.arange(count) + 0.5) / count
    return torch.stack([even[torch.randperm(count)] for _ in range(size)], dim=-1)


@pytest.mark.parametrize("nvec", [[3], [2, 4, 1], [[2, 3], [5, 2]]])
def test_several_choices_equal_torch(nvec):
    space = spaces.MultiDiscrete(np.array(nvec), start=np.array(nvec) - 2)
    head = make_head(space, 3)
    sizes = space.nvec.ravel().tolist()
    assert head.noise_kind == "uniform" and head.noise_size == len(sizes)
    params, other = (
        torch.cat([torch.log_softmax(2 * torch.randn(7, 4, n), -1) for n in sizes], -1)
        for _ in range(2)
    )
    one, two = (
        [Categorical(logits=part) for part in given.split(sizes, -1)] for given in (params, other)
    )
    noise = torch.rand(7, 4, len(sizes))
    actions = head.sample(params, noise)
    assert actions.shape == (7, 4, *space.shape)
    assert all(action in space for action in actions.reshape(-1, *space.shape).numpy())
    flat = (actions - torch.from_numpy(space.start)).reshape(7, 4, -1)
    wanted = sum(part.log_prob(flat[..., i]) for i, part in enumerate(one))
    torch.testing.assert_close(head.log_prob(params, actions), wanted)
    torch.testing.assert_close(head.entropy(params), sum(part.entropy() for part in one))
    apart = sum(kl_divergence(*pair) for pair in zip(one, two, strict=True))
    torch.testing.assert_close(head.kl(params, other), apart)
    best = torch.stack([part.probs.argmax(-1) for part in one], -1).reshape(actions.shape)
    assert torch.equal(head.mode(params), best + torch.from_numpy(space.start))
    torch.testing.assert_close(
        head(torch.randn(5, 3)).exp().sum(-1), torch.full((5,), float(len(sizes)))
    )


@pytest.mark.parametrize("shape", [3, (2, 2)])
def test_bits_equal_torch(shape):
    space = spaces.MultiBinary(shape)
    head = make_head(space, 3)
    bits = int(np.prod(shape))
    assert head.noise_kind == "uniform" and head.noise_size == bits
    params, other = (3 * torch.randn(7, 4, bits) for _ in range(2))
    one, two = (Independent(Bernoulli(logits=given), 1) for given in (params, other))
    actions = head.sample(params, torch.rand(7, 4, bits))
    assert all(action in space for action in actions.reshape(-1, *space.shape).numpy())
    flat = actions.reshape(7, 4, bits).float()
    torch.testing.assert_close(head.log_prob(params, actions), one.log_prob(flat))
    torch.testing.assert_close(head.entropy(params), one.entropy())
    torch.testing.assert_close(head.kl(params, other), kl_divergence(one, two))
    assert torch.equal(head.mode(params).reshape(7, 4, bits) == 1, params > 0)
    extreme = torch.full((2, bits), 1e4).requires_grad_()
    head.entropy(extreme).sum().backward()
    assert torch.isfinite(extreme.grad).all()


def test_several_choices_and_bits_are_sampled_with_their_probabilities():
    count = 2000
    chances = torch.tensor([0.2, 0.8, 0.5, 0.1, 0.4])
    choices = make_head(spaces.MultiDiscrete([2, 3]), 3)
    drawn = choices.sample(chances.log().expand(count, 5), _even_noise(count, 2))
    for column, wanted in enumerate(chances.split([2, 3])):
        shares = torch.bincount(drawn[:, column], minlength=len(wanted)) / count
        assert (shares - wanted).abs().max() <= 1.5 / count
    bits = make_head(spaces.MultiBinary(5), 3)
    drawn = bits.sample(chances.logit().expand(count, 5), _even_noise(count, 5))
    assert (drawn.float().mean(0) - chances).abs().max() <= 1.5 / count


@pytest.mark.parametrize("shape", [(2,), (), (2, 3)])
def test_gaussian_equals_torch(shape):
    head = normal(shape)
    with torch.no_grad():
        head.log_std.copy_(torch.randn_like(head.log_std))
    params = head(torch.randn(7, 4, 3))
    means, log_std = params.chunk(2, -1)
    theirs = Normal(means, log_std.exp())
    actions = 2 * torch.randn(7, 4, *shape)
    wanted = theirs.log_prob(actions.reshape(means.shape)).sum(-1)
    torch.testing.assert_close(head.log_prob(params, actions), wanted)
    torch.testing.assert_close(head.entropy(params), theirs.entropy().sum(-1))
    assert torch.equal(head.mode(params), means.reshape(7, 4, *shape))
    noise = torch.randn(7, 4, head.noise_size)
    sampled = head.sample(params, noise)
    assert sampled.shape == (7, 4, *shape)
    torch.testing.assert_close(sampled.reshape(means.shape), means + noise * theirs.stddev)


def test_gaussian_deviation_is_a_parameter():
    head = normal(log_std_init=-0.4)
    params = head(torch.randn(5, 3))
    assert torch.equal(params[:, 2:], torch.full((5, 2), -0.4))
    head.entropy(params).sum().backward()
    assert head.log_std.grad is not None and head.log_std.grad.tolist() == [5.0, 5.0]


@pytest.mark.parametrize("head", [categorical, normal])
def test_a_head_says_what_noise_it_takes(head):
    made = head()
    assert made.noise_kind == ("uniform" if head is categorical else "normal")
    assert made.noise_size == (1 if head is categorical else 2)


def test_first_policies_are_nearly_uniform():
    probabilities = categorical()(torch.randn(100, 3)).exp()
    assert (probabilities - 0.2).abs().max() < 0.02


def test_value_head():
    head = ValueHead(3)
    features = torch.randn(7, 4, 3)
    values = head(features)
    assert values.shape == (7, 4)
    torch.testing.assert_close(values, (features * head.linear.weight[0]).sum(-1))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Dict({"a": spaces.Discrete(2)}),
        spaces.Box(0, 9, (2,), np.int64),
    ],
)
def test_other_spaces_are_refused_by_name(space):
    with pytest.raises(TypeError, match="no policy head; allowed are Discrete.* Boxes of"):
        make_head(space, 3)


def test_deviations_of_the_state_begin_alike_and_may_then_differ_within_bounds():
    space, features = spaces.Box(-1.0, 1.0, (2,), np.float32), torch.randn(50, 3)
    head = make_head(space, 3, -0.4, state_std=True)
    assert isinstance(head, StateGaussianHead)
    means, log_stds = head(features).chunk(2, dim=-1)
    torch.testing.assert_close(means, head.means(features))
    assert ((log_stds + 0.4).abs() < 0.1).all()
    with torch.no_grad():
        head.log_stds.weight.normal_(std=10.0)
    params = head(features).requires_grad_()
    log_stds = params.chunk(2, dim=-1)[1]
    assert log_stds.min() == -4.0
    assert log_stds.max() == 1.0
    assert log_stds.unique().numel() > 10
    actions = head.sample(params, torch.randn(50, 2))
    means, log_stds = params.chunk(2, dim=-1)
    theirs = Normal(means, log_stds.exp()).log_prob(actions).sum(-1)
    torch.testing.assert_close(head.log_prob(params, actions), theirs)
