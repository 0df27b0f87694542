"""Losses against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from agents.core.losses import losses
from agents.core.losses.policy_losses import a2c_loss, ppo_loss

# Two trials of two steps; the second is padded after its first, with numbers that must not matter.
MASK = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
PADDING = 1e6


def steps(first, second, third):
    return torch.tensor([[first, second], [third, PADDING]])


def logs(first, second, third):
    """Log ratios of the played steps; finite padding, as a network gives it."""
    return torch.tensor([[math.log(first), math.log(second)], [math.log(third), 3.0]])


def test_masked_mean():
    assert losses.masked_mean(steps(1.0, 2.0, 6.0), MASK).item() == 3.0


@pytest.mark.parametrize(
    ("ratio", "advantage", "wanted", "moves"),
    [
        (1.0, 2.0, -2.0, True),
        (1.5, 2.0, -2.4, False),  # clipped at 1.2: no more to gain
        (0.5, 2.0, -1.0, True),  # below the range, but worse than before
        (1.5, -2.0, 3.0, True),  # above the range, and worse than before
        (0.5, -2.0, 1.6, False),  # clipped at .8
        (1.1, -2.0, 2.2, True),
    ],
)
def test_clipped_surrogate_by_sign_and_side(ratio, advantage, wanted, moves):
    log_prob = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    zeros, ones = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    loss = losses.clipped_surrogate(log_prob, zeros, advantage * ones, 0.2, ones)
    assert loss.item() == pytest.approx(wanted)
    (gradient,) = torch.autograd.grad(loss, log_prob)
    assert gradient.item() == pytest.approx(-ratio * advantage if moves else 0.0)


def test_clipped_surrogate_over_played_steps():
    old = torch.full((2, 2), -1.0)
    # 1.5 at advantage 1 is clipped: 1.2; .5 at 2: 1; 1 at -3: -3. Sum -.8 over three steps.
    loss = losses.clipped_surrogate(
        logs(1.5, 0.5, 1.0) - 1.0, old, steps(1.0, 2.0, -3.0), 0.2, MASK
    )
    assert loss.item() == pytest.approx(0.8 / 3)


def test_padding_gets_no_gradient():
    log_prob = logs(1.0, 1.0, 1.0).requires_grad_()
    losses.clipped_surrogate(
        log_prob, torch.zeros(2, 2), steps(1.0, 1.0, 1.0), 0.2, MASK
    ).backward()
    assert log_prob.grad is not None
    assert torch.allclose(log_prob.grad, -MASK / 3)


def test_policy_gradient():
    log_prob = steps(-1.0, -2.0, -0.5).requires_grad_()
    loss = losses.policy_gradient(log_prob, steps(3.0, -1.0, 2.0), MASK)
    assert loss.item() == pytest.approx((3.0 - 2.0 + 1.0) / 3)
    (gradient,) = torch.autograd.grad(loss, log_prob)
    assert torch.allclose(gradient, torch.tensor([[-3.0, 1.0], [-2.0, 0.0]]) / 3)


def test_value_loss():
    assert losses.value_loss(steps(1.0, 2.0, 3.0), steps(3.0, 2.0, 0.0), MASK).item() == (
        pytest.approx(13 / 3)
    )


def test_clipped_value_loss_takes_the_worse_of_both():
    value = torch.tensor([[2.0, 2.0, 0.1]], requires_grad=True)
    target = torch.tensor([[2.0, 5.0, 1.0]])
    loss = losses.clipped_value_loss(value, torch.zeros(1, 3), target, 0.5, torch.ones(1, 3))
    # clipped values .5, .5, .1: errors max(0, 1.5)^2, max(3, 4.5)^2, .9^2
    assert loss.item() == pytest.approx((2.25 + 20.25 + 0.81) / 3)
    loss.backward()
    assert value.grad is not None  # only the third moved by less than the clip
    assert torch.allclose(value.grad, torch.tensor([[0.0, 0.0, -0.6]]))


def test_approx_kl():
    assert losses.approx_kl(logs(2.0, 1.0, 0.5), torch.zeros(2, 2), MASK).item() == pytest.approx(
        (1 - math.log(2) + 0 - 0.5 + math.log(2)) / 3
    )


def test_clip_fraction():
    assert losses.clip_fraction(
        logs(1.3, 1.1, 0.7), torch.zeros(2, 2), 0.2, MASK
    ).item() == pytest.approx(2 / 3)


def test_explained_variance():
    target = steps(1.0, 2.0, 3.0)
    assert losses.explained_variance(target, target, MASK).item() == 1.0
    mean = torch.full((2, 2), 2.0)
    assert losses.explained_variance(mean, target, MASK).item() == pytest.approx(0.0)
    # errors -1, 1, 0: variance 2/3, as much as the target's; an offset does not matter
    assert losses.explained_variance(steps(7.0, 6.0, 8.0), target, MASK).item() == pytest.approx(
        0.0, abs=1e-6
    )
    # errors .5, 0, -.5 about their mean: variance 1/6 of 2/3
    assert losses.explained_variance(steps(0.5, 2.0, 3.5), target, MASK).item() == pytest.approx(
        0.75
    )


@pytest.mark.parametrize("constant", [2.0, 0.1, 77.7])  # the mean of equal floats may differ
@pytest.mark.parametrize("played", [3, 7, 1000])
def test_explained_variance_of_a_constant_target_is_nan(constant, played):
    mask = torch.ones(played + 1, 1)
    mask[0] = 0.0
    target = torch.full((played + 1, 1), constant)
    target[0] = PADDING
    value = torch.arange(played + 1.0)[:, None]
    assert losses.explained_variance(value, target, mask).isnan()


def test_standardise():
    result = losses.standardise(steps(1.0, 2.0, 6.0), MASK)
    spread = math.sqrt((4 + 1 + 9) / 3)
    wanted = torch.tensor([[-2.0, -1.0], [3.0, 0.0]]) / spread
    torch.testing.assert_close(result, wanted)
    assert torch.equal(losses.standardise(steps(4.0, 4.0, 4.0), MASK), torch.zeros(2, 2))


def figures_of(parts):
    return {name: pytest.approx(value) for name, value in parts.items()}


def test_ppo_loss_and_its_figures():
    log_prob, entropy = logs(1.5, 0.5, 1.0), steps(0.6, 0.3, 0.3)
    value, target = steps(1.0, 2.0, 3.0), steps(3.0, 2.0, 0.0)
    total, figures = ppo_loss(
        log_prob,
        entropy,
        value,
        torch.zeros(2, 2),
        steps(1.0, 2.0, -3.0),
        target,
        MASK,
        clip=0.2,
        ent_coef=0.1,
        vf_coef=0.5,
    )
    assert total.item() == pytest.approx(0.8 / 3 + 0.5 * 13 / 3 - 0.1 * 0.4)
    log_ratios = (math.log(1.5), math.log(0.5), 0.0)
    assert {name: figure.item() for name, figure in figures.items()} == figures_of(
        {
            "policy_gradient_loss": 0.8 / 3,
            "value_loss": 13 / 3,
            "entropy": 0.4,
            "approx_kl": sum(math.exp(x) - 1 - x for x in log_ratios) / 3,
            "clip_fraction": 2 / 3,
        }
    )


def test_ppo_loss_takes_another_surrogate():
    seen: list[Any] = []

    def surrogate(*arguments):
        seen.extend(arguments)
        return torch.tensor(7.0)

    ones = torch.ones(2, 2)
    total, figures = ppo_loss(
        ones,
        2 * ones,
        3 * ones,
        4 * ones,
        5 * ones,
        3 * ones,
        MASK,
        clip=0.3,
        ent_coef=0.0,
        vf_coef=1.0,
        policy_loss=surrogate,
    )
    assert total.item() == figures["policy_gradient_loss"].item() == 7.0
    assert [float(part.mean()) for part in seen[:3]] == [1.0, 4.0, 5.0]  # new, old, advantage
    assert seen[3] == 0.3 and seen[4] is MASK


def test_a2c_loss_and_its_figures():
    total, figures = a2c_loss(
        steps(-1.0, -2.0, -0.5),
        steps(0.6, 0.3, 0.3),
        steps(1.0, 2.0, 3.0),
        steps(3.0, -1.0, 2.0),
        steps(3.0, 2.0, 0.0),
        MASK,
        ent_coef=0.1,
        vf_coef=0.5,
    )
    assert total.item() == pytest.approx(2 / 3 + 0.5 * 13 / 3 - 0.1 * 0.4)
    assert {name: figure.item() for name, figure in figures.items()} == figures_of(
        {"policy_gradient_loss": 2 / 3, "value_loss": 13 / 3, "entropy": 0.4}
    )


def test_a_minibatch_of_rows_that_wait_costs_nothing():
    nothing = torch.zeros(3)
    log_prob = torch.tensor([0.1, -0.4, 0.2], requires_grad=True)
    loss = losses.clipped_surrogate(log_prob, nothing, torch.ones(3), 0.2, nothing)
    loss.backward()
    assert float(loss) == 0 and not log_prob.grad.any()
