"""Running statistics against NumPy on everything at once."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from agents.core.losses.normalise import RewardNormaliser, RunningMoments


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_of_chunks_equal_numpy(offset):
    rng = np.random.default_rng(0)
    chunks = [offset + rng.standard_normal(shape) for shape in ((3,), (4, 5), (1,), (0,), (2, 2))]
    moments = RunningMoments()
    assert moments.std == 0.0
    for chunk in chunks:
        moments.update(chunk)
    whole = np.concatenate([chunk.ravel() for chunk in chunks])
    assert moments.count == whole.size == 28
    assert moments.mean == pytest.approx(whole.mean(), rel=1e-12, abs=1e-12)
    assert moments.std == pytest.approx(whole.std(), rel=1e-8)


def test_moments_of_small_types_are_exact():
    moments = RunningMoments()
    moments.update(np.full(1000, 200, dtype=np.uint8))
    moments.update(np.full(1000, 100, dtype=np.uint8))
    assert (moments.mean, moments.std) == (150.0, 50.0)


def test_moments_survive_a_checkpoint():
    rng = np.random.default_rng(1)
    one, other = RunningMoments(), RunningMoments()
    one.update(rng.standard_normal(10))
    other.load_state(json.loads(json.dumps(one.state())))
    later = rng.standard_normal(7)
    one.update(later)
    other.update(later)
    assert one.state() == other.state() and one.count == 17


def test_scale_is_one_before_data():
    normaliser = RewardNormaliser()
    assert normaliser.scale == 1.0
    rewards = torch.tensor([[2.0, -3.0]])
    assert torch.equal(normaliser.normalise(rewards), rewards)


def test_scale_is_the_deviation_of_the_discounted_sums():
    rewards = torch.tensor([[1.0, 0.0], [2.0, 4.0], [3.0, 0.0]])
    normaliser = RewardNormaliser()
    normaliser.update(rewards, torch.ones(3, 2), 0.5)
    sums = [1.0, 2.5, 4.25, 0.0, 4.0, 2.0]
    assert normaliser.scale == pytest.approx(np.std(sums))
    torch.testing.assert_close(normaliser.normalise(rewards), rewards / float(np.std(sums)))


def test_the_discounted_sum_restarts_at_every_trial():
    """Columns are trials: calls and columns share the moments, never a sum."""
    one, other = RewardNormaliser(), RewardNormaliser()
    rewards = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    one.update(rewards, torch.ones(5, 4), 0.9)
    for column in range(4):
        other.update(rewards[:, column : column + 1], torch.ones(5, 1), 0.9)
    assert other.returns.count == 20
    assert one.scale == pytest.approx(other.scale, rel=1e-12)


def test_padding_does_not_count():
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    rewards = torch.tensor([[1.0, 2.0], [3.0, 1e6]])
    normaliser = RewardNormaliser()
    normaliser.update(rewards, mask, 1.0)
    assert normaliser.returns.count == 3
    assert normaliser.scale == pytest.approx(np.std([1.0, 2.0, 4.0]))


@pytest.mark.parametrize("reward", [0.0, 1.0, -0.3])
def test_rewards_without_spread_are_not_blown_up(reward):
    normaliser = RewardNormaliser()
    normaliser.update(torch.full((4, 3), reward), torch.ones(4, 3), 0.0)
    normalised = normaliser.normalise(torch.full((4, 3), reward))
    assert torch.isfinite(normalised).all()
    assert normaliser.scale >= 1e-4


def test_the_state_round_trips():
    one, other = RewardNormaliser(), RewardNormaliser()
    one.update(torch.randn(5, 4), torch.ones(5, 4), 0.9)
    other.load_state(json.loads(json.dumps(one.state())))
    assert one.scale == other.scale != 1.0
