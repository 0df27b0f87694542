"""Encoders of sets: the product of Gaussians, its invariance, the prior."""

from __future__ import annotations

import torch

from agents.core.nets.encoders import ProductEncoder, kl_to_prior, product_of_gaussians


def made():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ProductEncoder(4, 3, net_arch=(8,)), torch.randn(2, 6, 4)


def test_the_order_of_transitions_does_not_matter():
    encoder, context = made()
    whole = encoder(context)
    shuffled = encoder(context[:, torch.tensor([3, 0, 5, 1, 4, 2])])
    for one, other in zip(whole, shuffled, strict=True):
        torch.testing.assert_close(one, other)
    assert not torch.allclose(encoder(context[:, :5])[0], whole[0])


def test_the_product_by_hand():
    means, variances = torch.tensor([[1.0], [4.0]]), torch.tensor([[0.5], [0.25]])
    precision = variances.reciprocal()  # 2 and 4
    mean, log_variance = product_of_gaussians(precision.sum(0), (means * precision).sum(0))
    torch.testing.assert_close(mean, torch.tensor([3.0]))  # (2 * 1 + 4 * 4) / 6
    torch.testing.assert_close(log_variance.exp(), torch.tensor([1 / 6]))


def test_the_product_of_densities_has_this_shape():
    encoder, context = made()
    mean, log_variance = encoder(context)
    raw_mean, raw = encoder.layers(context).chunk(2, dim=-1)
    factors = torch.distributions.Normal(raw_mean, torch.nn.functional.softplus(raw).sqrt())
    product = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    points = torch.tensor([-1.0, 0.0, 2.0])[:, None, None]
    ratio = factors.log_prob(points[:, :, None]).sum(2) - product.log_prob(points)
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-4, atol=1e-4)


def test_an_empty_context_is_the_prior():
    encoder, context = made()
    nothing = torch.zeros(2, 6)
    for mean, log_variance in (encoder(context[:, :0]), encoder(context, nothing)):
        assert mean.tolist() == log_variance.tolist() == [[0.0] * 3] * 2
        assert kl_to_prior(mean, log_variance).tolist() == [0.0, 0.0]


def test_masked_transitions_do_not_count():
    encoder, context = made()
    mask = torch.tensor([[1.0, 1, 0, 0, 0, 0], [1.0, 1, 0, 0, 0, 0]])
    for one, other in zip(encoder(context, mask), encoder(context[:, :2]), strict=True):
        torch.testing.assert_close(one, other)


def test_the_divergence_by_hand():
    mean, log_variance = torch.tensor([[1.0, 0.0]]), torch.log(torch.tensor([[1.0, 4.0]]))
    wanted = 0.5 + 0.5 * (4.0 - 1.0 - torch.log(torch.tensor(4.0)))
    torch.testing.assert_close(kl_to_prior(mean, log_variance), wanted[None])


def test_a_transition_that_was_drawn_twice_counts_twice():
    encoder, context = made()
    drawn = torch.tensor([[0, 2, 2, 5], [1, 1, 1, 4]])
    together = encoder(context[0], drawn=drawn)
    apart = encoder(context[0][drawn])
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other)
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    masked = encoder(context[0], mask, drawn=drawn)
    torch.testing.assert_close(masked[0][0], encoder(context[0][drawn[:1, :3]])[0][0])
