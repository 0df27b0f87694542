"""Returns against brute force, numbers worked out by hand, and finite differences."""

from __future__ import annotations

import pytest
import torch

from agents.core.losses.returns import gae, lambda_returns

T, B = 6, 4


def trials(seed=0):
    """Rewards, values, next values and continues [T, B]; trials end inside and at the end."""
    generator = torch.Generator().manual_seed(seed)
    rewards, values = torch.randn(2, T, B, dtype=torch.float64, generator=generator)
    last = torch.randn(B, dtype=torch.float64, generator=generator)
    continues = (torch.rand(T, B, generator=generator) > 0.3).double()
    return rewards, values, torch.cat([values[1:], last[None]]), continues


def discounted_sum(terms, continues, weight, step, row):
    """Sum `weight ** k * terms[step + k]`, as long as the trial continues."""
    total, factor = 0.0, 1.0
    for later in range(step, T):
        total += factor * float(terms[later, row])
        factor *= weight * float(continues[later, row])
    return total


def n_step_return(rewards, next_values, continues, gamma, step, row, n):
    """The definition: n rewards, then the value of the state that is reached, if any."""
    total, factor = 0.0, 1.0
    for later in range(step, step + n):
        total += factor * float(rewards[later, row])
        factor *= gamma * float(continues[later, row])
    return total + factor * float(next_values[step + n - 1, row])


@pytest.mark.parametrize(("gamma", "lambda_"), [(0.9, 0.7), (1.0, 0.3), (0.5, 0.0), (0.99, 1.0)])
def test_gae_is_the_discounted_sum_of_its_deltas(gamma, lambda_):
    rewards, values, next_values, continues = trials()
    advantages, returns = gae(rewards, values, continues, gamma, lambda_, next_values[-1])
    deltas = rewards + gamma * continues * next_values - values
    for step in range(T):
        for row in range(B):
            wanted = discounted_sum(deltas, continues, gamma * lambda_, step, row)
            assert float(advantages[step, row]) == pytest.approx(wanted, abs=1e-12)
    torch.testing.assert_close(returns, advantages + values)


@pytest.mark.parametrize(("gamma", "lambda_"), [(0.9, 0.7), (1.0, 0.3), (0.5, 0.0), (0.99, 1.0)])
def test_lambda_returns_are_the_mixture_of_n_step_returns(gamma, lambda_):
    rewards, _, next_values, continues = trials(1)
    returns = lambda_returns(rewards, next_values, continues, gamma, lambda_)
    for step in range(T):
        left = T - step
        weights = [(1 - lambda_) * lambda_ ** (n - 1) for n in range(1, left)]
        weights.append(lambda_ ** (left - 1))
        for row in range(B):
            arguments = (rewards, next_values, continues, gamma, step, row)
            wanted = sum(w * n_step_return(*arguments, n + 1) for n, w in enumerate(weights))
            assert float(returns[step, row]) == pytest.approx(wanted, abs=1e-12)


def test_gae_by_hand():
    column = torch.tensor([[1.0], [2.0], [3.0]])
    values = torch.tensor([[0.5], [1.0], [-1.0]])
    going_on = torch.tensor([[1.0], [1.0], [0.0]])
    # deltas: 1 + .5*1 - .5 = 1; 2 + .5*-1 - 1 = .5; 3 - -1 = 4. weights: .5 * .5 = .25
    # advantages backwards: 4; .5 + .25*4 = 1.5; 1 + .25*1.5 = 1.375
    advantages, returns = gae(column, values, going_on, 0.5, 0.5)
    assert advantages.flatten().tolist() == [1.375, 1.5, 4.0]
    assert returns.flatten().tolist() == [1.875, 2.5, 3.0]


def test_lambda_returns_by_hand():
    rewards = torch.tensor([[1.0], [2.0]])
    next_values = torch.tensor([[4.0], [8.0]])
    # last: 2 + .5 * 8 = 6; first: 1 + .5 * (.75 * 4 + .25 * 6) = 3.25
    assert lambda_returns(rewards, next_values, torch.ones(2, 1), 0.5, 0.25).tolist() == [
        [3.25],
        [6.0],
    ]


def test_the_two_agree():
    rewards, values, next_values, continues = trials(2)
    _, returns = gae(rewards, values, continues, 0.9, 0.6, next_values[-1])
    torch.testing.assert_close(returns, lambda_returns(rewards, next_values, continues, 0.9, 0.6))


def test_nothing_crosses_a_cut():
    rewards, values, next_values, _ = trials()
    continues = torch.ones(T, B, dtype=torch.float64)
    continues[2] = 0.0
    changed = [part.clone() for part in (rewards, values, next_values)]
    for part in changed[:2]:
        part[3:] += 100.0
    changed[2][2:] += 100.0
    before = gae(rewards, values, continues, 0.9, 0.8, next_values[-1])[0]
    after = gae(changed[0], changed[1], continues, 0.9, 0.8, changed[2][-1])[0]
    assert torch.equal(before[:3], after[:3])
    assert not torch.equal(before[3:], after[3:])
    before = lambda_returns(rewards, next_values, continues, 0.9, 0.8)
    after = lambda_returns(changed[0], changed[2], continues, 0.9, 0.8)
    assert torch.equal(before[:3], after[:3])
    assert not torch.equal(before[3:], after[3:])


def test_last_value_counts_only_where_the_trial_goes_on():
    rewards, values = torch.zeros(2, 2), torch.zeros(2, 2)
    continues = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    last = torch.tensor([10.0, 10.0])
    assert gae(rewards, values, continues, 0.5, 1.0, last)[0].tolist() == [[2.5, 0.0], [5.0, 0.0]]
    without = gae(rewards, values, continues, 0.5, 1.0)[0]
    assert torch.equal(without, torch.zeros(2, 2))


def test_differentiable_in_gamma_and_lambda():
    rewards, values, next_values, continues = trials(3)
    weights = tuple(
        torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (0.9, 0.7)
    )

    def advantages(gamma, lambda_):
        return gae(rewards, values, continues, gamma, lambda_, next_values[-1])[0]

    def returns(gamma, lambda_):
        return lambda_returns(rewards, next_values, continues, gamma, lambda_)

    assert torch.autograd.gradcheck(advantages, weights)
    assert torch.autograd.gradcheck(returns, weights)
    assert torch.autograd.gradgradcheck(advantages, weights)


def test_differentiable_in_values():
    rewards, values, next_values, continues = trials(4)
    inputs = tuple(
        part.clone().requires_grad_() for part in (rewards[:3], values[:3], next_values[3])
    )

    def both(rewards, values, last):
        return gae(rewards, values, continues[:3], 0.9, 0.7, last)

    assert torch.autograd.gradcheck(both, inputs)
