"""Estimators of policy gradients, against a problem that is small enough to be summed up."""

import itertools

import pytest
import torch

from agents.maml.losses import (
    ESTIMATORS,
    exploration_loss,
    inner_loss,
    standardised_gains,
    task_weights,
)

# Two parameters; at step t the action is 1 with the logit theta[0] + t * theta[1].
THETA = torch.tensor([0.3, -0.8], dtype=torch.float64)
STEPS = 3
PLAYS = torch.tensor(list(itertools.product((0.0, 1.0), repeat=STEPS)), dtype=torch.float64)
# The reward of a step depends on all actions so far.
REWARDS = torch.stack(
    [PLAYS[:, 0] * 2 - 1, PLAYS[:, 0] * PLAYS[:, 1] * 3, (PLAYS.sum(1) - 1.5) ** 3], dim=1
)
TO_GO = REWARDS.flip(1).cumsum(1).flip(1)


def log_probs(theta):
    logits = theta[0] + torch.arange(STEPS) * theta[1]
    return torch.nn.functional.logsigmoid(torch.where(PLAYS > 0, logits, -logits))


def chances(theta):
    return log_probs(theta).sum(1).exp()


def value(theta):
    return (chances(theta) * REWARDS.sum(1)).sum()


def expected(estimator):
    """Return the surrogate, as a function of theta, averaged over what is played at THETA."""
    old = log_probs(THETA)
    weights = chances(THETA)[:, None].expand_as(old)

    def surrogate(theta):
        parts = (log_probs(theta), old, TO_GO, weights)
        return -inner_loss(estimator, *(part[None] for part in parts))

    return surrogate


def hessian(function):
    return torch.func.hessian(function)(THETA)


def scores():
    """Return first [8, T, 2] and second [8, T, 2, 2] derivatives of the log probabilities."""
    return torch.func.jacrev(log_probs)(THETA), torch.func.hessian(log_probs)(THETA)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_expected_gradient_is_the_policy_gradient(estimator):
    found = torch.func.grad(expected(estimator))(THETA)
    torch.testing.assert_close(found, torch.func.grad(value)(THETA))


def test_dices_expected_hessian_is_exact():
    torch.testing.assert_close(hessian(expected("dice")), hessian(value))


def test_the_others_lack_just_the_terms_they_are_known_to_lack():
    """ProMP's terms: logp keeps H2, lvc H1 + H2, and the whole is H1 + H2 + H12 + H12'."""
    first, second = scores()
    weight = chances(THETA)[:, None] * TO_GO
    h2 = torch.einsum("nt,ntij->ij", weight, second)
    h1 = torch.einsum("nt,nti,ntj->ij", weight, first, first)
    earlier = first.cumsum(1) - first
    h12 = torch.einsum("nt,nti,ntj->ij", weight, earlier, first)
    torch.testing.assert_close(hessian(expected("logp")), h2)
    torch.testing.assert_close(hessian(expected("lvc")), h1 + h2)
    torch.testing.assert_close(hessian(value), h1 + h2 + h12 + h12.T)
    assert h1.abs().max() > 0.1 and (h12 + h12.T).abs().max() > 0.1


def test_first_derivatives_agree_sample_by_sample():
    old, weights = log_probs(THETA), torch.zeros(8, STEPS, dtype=torch.float64)
    for play in range(8):
        weights[play] = 0.25
        found, alone = [], weights.clone()
        for estimator in ESTIMATORS:

            def loss(theta, estimator=estimator, weights=alone):
                parts = (log_probs(theta), old, TO_GO, weights)
                return inner_loss(estimator, *(part[None] for part in parts))

            found.append(torch.func.grad(loss)(THETA))
        torch.testing.assert_close(found[0], found[1])
        torch.testing.assert_close(found[0], found[2])
        weights[play] = 0.0


def test_what_is_padded_counts_nothing():
    mask = torch.ones(1, 8, STEPS, dtype=torch.float64)
    mask[0, :4, 2] = 0
    old = log_probs(THETA)[None]
    for estimator in ESTIMATORS:
        found = []
        for junk in (0.0, 7.0):

            def loss(theta, estimator=estimator, junk=junk):
                now = log_probs(theta)[None] + junk * (1 - mask) * theta.sum()
                return inner_loss(estimator, now, old, TO_GO[None] * mask, task_weights(mask))

            found.append(torch.func.hessian(loss)(THETA))
        torch.testing.assert_close(found[0], found[1])


def test_weights_sum_to_one_in_every_task():
    mask = torch.tensor([[[1.0, 1, 0], [1, 0, 0]], [[1, 1, 1], [1, 1, 1]]])
    assert task_weights(mask).sum(dim=(1, 2)).tolist() == [1, 1]


def test_exploration_pays_the_tasks_that_did_better_than_others():
    log_prob = torch.tensor([[[-1.0, -3.0]], [[-2.0, -4.0]]])
    mask = torch.ones(2, 1, 2)
    gains = standardised_gains(torch.tensor([[[3.0, 1.0]], [[0.0, 0.0]]]), mask)
    torch.testing.assert_close(gains, torch.tensor([1.0, -1.0]) / 1.5**0.5)
    loss = exploration_loss(log_prob, task_weights(mask), gains)
    assert loss.item() == pytest.approx(-(gains[0] * -2.0 + gains[1] * -3.0) / 2)
