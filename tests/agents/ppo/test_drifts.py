"""Drifts keep the laws of mirror learning; PPO's is clipping, to the last digit."""

from __future__ import annotations

import pytest
import torch

from agents.core.losses import losses
from agents.core.losses.drifts import dpo_drift, dpo_surrogate, drift_loss, ppo_drift

DRIFTS = {"ppo": ppo_drift, "dpo": dpo_drift}
LOG_RATIO, ADVANTAGE = (
    part.flatten()
    for part in torch.meshgrid(
        torch.linspace(-3.0, 3.0, 61, dtype=torch.float64),
        torch.linspace(-4.0, 4.0, 41, dtype=torch.float64),
        indexing="ij",
    )
)


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_is_nowhere_negative_and_somewhere_positive(name):
    drift = DRIFTS[name](LOG_RATIO, ADVANTAGE)
    assert (drift >= 0).all() and (drift > 0.1).any()


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_and_its_slope_are_0_where_the_policy_has_not_moved(name):
    log_ratio = torch.zeros(41, dtype=torch.float64, requires_grad=True)
    drift = DRIFTS[name](log_ratio, torch.linspace(-4.0, 4.0, 41, dtype=torch.float64))
    (slope,) = torch.autograd.grad(drift.sum(), log_ratio)
    assert (drift == 0).all() and (slope == 0).all()


def test_mirror_learning_with_ppos_drift_is_clipping():
    ones, nothing = torch.ones_like(LOG_RATIO), torch.zeros_like(LOG_RATIO)
    clipped = losses.clipped_surrogate(LOG_RATIO, nothing, ADVANTAGE, 0.2, ones)
    mirrored = drift_loss(LOG_RATIO, nothing, ADVANTAGE, ones, ppo_drift)
    torch.testing.assert_close(clipped, mirrored, rtol=1e-12, atol=0)
    for one, advantage in zip(LOG_RATIO[::97], ADVANTAGE[::97], strict=True):
        given = (one[None], torch.zeros(1), advantage[None])
        left = losses.clipped_surrogate(*given, 0.2, torch.ones(1))
        torch.testing.assert_close(left, drift_loss(*given, torch.ones(1), ppo_drift))


def test_dpo_is_that_worked_out_by_hand():
    log_ratio = torch.tensor([1.5, 0.5], dtype=torch.float64).log()
    advantage = torch.tensor([2.0, -3.0], dtype=torch.float64)
    up, down = 1.0, 3.0 * torch.tensor(2.0, dtype=torch.float64).log()
    expected = torch.stack(
        [
            torch.as_tensor(up - 2.0 * torch.tanh(torch.tensor(0.5, dtype=torch.float64))),
            down - 0.6 * torch.tanh(down / 0.6),
        ]
    )
    torch.testing.assert_close(dpo_drift(log_ratio, advantage), expected)
    loss = dpo_surrogate(log_ratio, 0 * log_ratio, advantage, 0.2, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(loss, -(3.0 - expected[0]))


def test_ratios_beyond_all_bounds_stay_finite():
    far = torch.tensor([200.0, -200.0], requires_grad=True)
    loss = dpo_surrogate(far, torch.zeros(2), torch.tensor([1.0, -1.0]), 0.2, torch.ones(2))
    assert torch.isfinite(torch.autograd.grad(loss, far)[0]).all() and torch.isfinite(loss)
